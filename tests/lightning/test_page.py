"""The page runs as it is printed, for both packages that are Lightning."""

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytorch_lightning", reason="the extra vaekit[lightning] is not installed")
pytest.importorskip("tensorboard", reason="the extra vaekit[lightning] is not installed")

pytestmark = pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)`:FutureWarning")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "lightning.md"


@pytest.mark.parametrize("package", ["pytorch_lightning", "lightning"])
def test_the_page_runs(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    for block in blocks:
        if package == "lightning":
            block = block.replace("pytorch_lightning", "lightning.pytorch").replace(
                "lightning.classic", "lightning"
            )
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["pictures"].shape == (4, 1, 8, 8)
    assert names["codes"].shape == (180, 8)
    assert (tmp_path / "model.safetensors").is_file()
    assert len(list(tmp_path.glob("logs/vae/version_0/checkpoints/*.ckpt"))) == 3
    assert len(list(tmp_path.glob("logs/vae/version_0/events*"))) >= 1
