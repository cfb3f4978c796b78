import pytest
import torch

from vaekit.distributions import cell_edges, is_highest, is_lowest, level_index, level_values
from vaekit.errors import UserError

LEVELS = [2, 3, 17, 256, 65536]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", LEVELS)
def test_neighbours_share_their_edge_bit_for_bit(levels: int, dtype: torch.dtype) -> None:
    lower, upper = cell_edges(level_values(levels, dtype), levels)
    assert torch.equal(upper[:-1], lower[1:])


@pytest.mark.parametrize("levels", LEVELS)
def test_edges_are_half_a_cell_away(levels: int) -> None:
    x = level_values(levels, torch.float64)
    lower, upper = cell_edges(x, levels)
    half = torch.full_like(x, 0.5 / (levels - 1))
    torch.testing.assert_close(x - lower, half, rtol=0, atol=1e-15)
    torch.testing.assert_close(upper - x, half, rtol=0, atol=1e-15)


@pytest.mark.parametrize("levels", LEVELS)
def test_only_the_ends_are_outermost(levels: int) -> None:
    x = level_values(levels, torch.float32)
    assert is_lowest(x, levels).nonzero().flatten().tolist() == [0]
    assert is_highest(x, levels).nonzero().flatten().tolist() == [levels - 1]


def test_a_value_belongs_to_the_cell_it_lies_in() -> None:
    x = torch.tensor([-0.3, 0.004, 0.24, 0.26, 0.74, 0.76, 1.2])
    assert level_index(x, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert is_lowest(x, 3).tolist() == [True, True, True, False, False, False, False]
    assert is_highest(x, 3).tolist() == [False, False, False, False, False, True, True]


def test_not_a_number_stays_one() -> None:
    assert level_index(torch.tensor(float("nan")), 3).isnan()


def test_one_level_is_refused() -> None:
    with pytest.raises(UserError, match="at least 2 levels, not 1"):
        cell_edges(torch.zeros(2), 1)
