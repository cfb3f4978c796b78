"""Distances by blocks against those of differences, and what cannot be compared."""

import math

import pytest
import torch

from vaekit.errors import UserError
from vaekit.evaluation.sets import distances
from vaekit.evaluation.sets.distances import check_sets, nearest, squared_distances, squared_radii


@pytest.mark.parametrize("at_once", [1, 50, 2**20])
def test_blocks_add_up_to_all_distances(
    at_once: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "AT_ONCE", at_once)
    monkeypatch.setattr(distances, "FEWEST_ROWS", 1)
    a, b = torch.randn(23, 5, generator=generator), torch.randn(11, 5, generator=generator)
    expected = (a[:, None].double() - b[None].double()).square().sum(-1)
    blocks = list(squared_distances(a, b))
    torch.testing.assert_close(torch.cat([square for _, square in blocks]), expected)
    assert [at for at, _ in blocks] == list(range(0, 23, max(1, at_once // 11)))
    torch.testing.assert_close(nearest(a, b)[0], expected.min(1).values.sqrt())
    assert torch.equal(nearest(a, b)[1], expected.argmin(1))
    own = (a[:, None].double() - a[None].double()).square().sum(-1).sort(1).values
    torch.testing.assert_close(squared_radii(a, 3), own[:, 3])


def test_the_same_vectors_are_at_distance_0_however_far_out(generator: torch.Generator) -> None:
    x = 1e4 + torch.randn(50, 30, generator=generator)
    assert nearest(x, x.flip(0))[0].eq(0).all()
    assert squared_radii(x.repeat(2, 1), 1).eq(0).all()
    assert squared_radii(x, 1).gt(0).all()


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(5, 3), torch.zeros(5, 2), "the real ones have 3 numbers each, the generated ones 2"),
        (torch.zeros(5, 3), torch.zeros(1, 3), "1 generated vectors are too few, 2 are the fewest"),
        (torch.zeros(5, 3), torch.full((5, 3), math.nan), "a generated vector holds NaN"),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(a: torch.Tensor, b: torch.Tensor, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_sets(a, b, names=("real", "generated"), fewest=2)
