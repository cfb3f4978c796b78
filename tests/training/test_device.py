import pytest
import torch

from vaekit.errors import UserError
from vaekit.training.device import engine


def test_the_processor_is_always_there() -> None:
    assert engine("cpu").device == torch.device("cpu")


def test_auto_finds_a_device() -> None:
    wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert engine("auto").device.type == wanted


@pytest.mark.parametrize(("device", "module"), [("cuda", "torch.cuda"), ("mps", "torch.backends.mps")])
def test_an_absent_device_is_refused(device: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{module}.is_available", lambda: False)
    with pytest.raises(UserError, match=r"is at hand: use --device auto or --device cpu"):
        engine(device)


def test_an_unknown_device_comes_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="no device is called cda; did you mean cuda"):
        engine("cda")
