import numpy as np
import pytest
import torch

from vaekit.errors import UserError
from vaekit.report.heat import heat_maps


@pytest.mark.parametrize("panels", [1, 5])
def test_values_show_in_colours(panels: int) -> None:
    values = [
        (f"panel {i}", torch.randn(7, 30, generator=torch.Generator().manual_seed(i))) for i in range(panels)
    ]
    drawn = np.asarray(heat_maps(values, title="Title", note="note"))
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 100


def test_the_scale_is_shared() -> None:
    small, large = torch.zeros(2, 2), torch.zeros(2, 2)
    alone = np.asarray(heat_maps([("", small), ("", small)]))
    large[0, 0] = 5.0
    beside = np.asarray(heat_maps([("", small), ("", large)]))
    assert not np.array_equal(alone, beside)


def test_constant_values_can_be_shown() -> None:
    assert heat_maps([("", torch.full((3, 2), 4.0))]).mode == "RGB"


def test_single_values_may_be_missing_and_stay_blank() -> None:
    values = torch.tensor([[0.0, 1.0], [0.5, 1.0]])
    whole = np.asarray(heat_maps([("", values)]))
    values[0, 0] = torch.nan
    again = np.asarray(heat_maps([("", torch.tensor([[0.0, 1.0], [0.5, 1.0]])), ("", values)]))
    assert not np.array_equal(whole, again)
    with pytest.raises(UserError, match="not finite"):
        heat_maps([("", values / 0)])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(UserError, match="not finite"):
        heat_maps([("", torch.full((3, 2), bad))])
