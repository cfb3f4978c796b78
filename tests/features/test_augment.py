import pytest
import torch

from vaekit.features.augment import masked, recoloured, shifted, view
from vaekit.noise import Noise, Shard


def noise(batch: int, step: int = 0) -> Noise:
    return Noise(0, ("test", step), (Shard(0, batch),))


def test_pictures_move_by_whole_pixels_and_not_far() -> None:
    x = torch.zeros(300, 1, 28, 42)
    x[:, :, 14, 20] = 1
    moved = shifted(x, noise(300))
    places = moved.flatten(1).argmax(1)
    torch.testing.assert_close(moved.flatten(1).amax(1), torch.ones(300), atol=1e-4, rtol=0)
    rows, columns = places // 42 - 14, places % 42 - 20
    assert {*rows.tolist()} == {-2, -1, 0, 1, 2}
    assert {*columns.tolist()} == {-3, -2, -1, 0, 1, 2, 3}


@pytest.mark.parametrize("shape", [(5, 9), (5, 1, 8, 8)])
def test_vectors_and_small_pictures_do_not_move(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    torch.testing.assert_close(shifted(x, noise(5)), x, atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(6, 9), (6, 1, 8, 8), (6, 3, 16, 12), (6, 2, 5, 5)])
def test_views_are_of_the_same_kind_and_the_seed_decides_them(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    a = view(x, noise(6), "first", flip=True)
    assert a.shape == x.shape
    assert a.min() >= 0
    assert a.max() <= 1
    assert torch.equal(a, view(x, noise(6), "first", flip=True))
    assert not torch.equal(a, view(x, noise(6), "second", flip=True))
    assert not torch.equal(a, view(x, noise(6, 1), "first", flip=True))


def test_pictures_are_mirrored_only_where_they_may_be() -> None:
    """A ramp that rises to the right falls in a mirrored view; of 200, all unmirrored has probability 2⁻²⁰⁰."""
    x = torch.linspace(0, 1, 16).expand(200, 1, 16, 16)
    for flip in (False, True):
        rises = (
            view(x, noise(200), "a", flip).mean(2)[..., -1] > view(x, noise(200), "a", flip).mean(2)[..., 0]
        )
        assert rises.all().item() == (not flip)
        assert rises.any()


def test_a_crop_shows_at_least_its_least_area() -> None:
    """Of a ramp from 0 to 1 a window of side s shows a span of about s; √0.4 = 0.632."""
    x = torch.linspace(0, 1, 64).expand(200, 1, 64, 64)
    seen = view(x, noise(200), "a", flip=False).mean(2)[:, 0]
    span = seen[:, -1] - seen[:, 0]
    assert span.min() > 0.6
    assert span.max() > 0.9
    assert span.min() < 0.7


def test_grey_pictures_stay_grey() -> None:
    x = torch.rand(50, 1, 4, 4).expand(-1, 3, -1, -1)
    found = recoloured(x, noise(50), "a")
    torch.testing.assert_close(found[:, 0], found[:, 2])
    assert not torch.allclose(found, x, atol=0.05)


def test_masked_columns_hold_values_of_their_column() -> None:
    x = torch.arange(40.0).reshape(8, 5)
    found = masked(x, noise(8), "a")
    assert torch.equal(found % 5, x % 5)
    kept = masked(torch.arange(2000.0).reshape(2000, 1), noise(2000), "a").squeeze(1) == torch.arange(2000.0)
    # Standard error √(0.3·0.7/2000) = 0.010; 5 of them: false alarm below 10⁻⁶.
    assert abs(kept.double().mean().item() - 0.7) < 0.052
