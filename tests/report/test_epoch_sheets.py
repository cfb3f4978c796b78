"""The same pictures after each epoch: same examples, same noise."""

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit.data.batches import Examples
from vaekit.recipes.recipe import build_recipe
from vaekit.report.epoch_sheets import ACROSS, PANEL, EpochSheets
from vaekit.spec import DataSpec


def drawn(shape: tuple[int, int, int], seed: int = 0, count: int = 30) -> dict[str, Image.Image]:
    torch.manual_seed(0)
    net = "mlp" if shape[-1] < 16 else "conv"
    vae = build_recipe("vae", DataSpec(shape, 17, 0.1), latents=2, net=net, size="tiny").model.eval()
    return dict(EpochSheets(torch.rand(count, *shape)[:PANEL], seed).draw(vae))


@pytest.mark.parametrize(
    ("shape", "tile"),
    [((1, 8, 8), 32), ((1, 12, 10), 24), ((1, 28, 28), 56), ((3, 16, 16), 64), ((3, 80, 96), 96)],
)
def test_a_sheet_has_144_samples_of_a_moderate_size(shape: tuple[int, int, int], tile: int) -> None:
    """Tiles and the gaps of two pixels between them; margins and captions add less than 120 pixels."""
    width, height = drawn(shape)["samples"].size
    assert shape[-1] <= tile
    across = round(tile * shape[-1] / max(shape)) if max(shape) < 64 else shape[-1]
    assert 0 <= width - ACROSS * (across + 2) < 120
    down = across * shape[-2] // shape[-1]
    assert 0 <= height - ACROSS * (down + 2) < 120


def same(one: dict[str, Image.Image], other: dict[str, Image.Image]) -> dict[str, bool]:
    return {name: one[name].tobytes() == other[name].tobytes() for name in one}


def test_drawing_is_repeatable_and_the_seed_moves_the_samples_alone() -> None:
    assert same(drawn((1, 8, 8)), drawn((1, 8, 8))) == {"samples": True, "reconstructions": True}
    assert same(drawn((1, 8, 8)), drawn((1, 8, 8), seed=1)) == {"samples": False, "reconstructions": True}


def test_drawing_leaves_the_global_generator_alone() -> None:
    vae = build_recipe("vae", DataSpec((1, 8, 8), 17, 0.1), latents=2).model.eval()
    state = torch.get_rng_state()
    EpochSheets(torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))).draw(vae)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_panel_shows_the_classes_in_turn() -> None:
    examples = Examples(torch.arange(10).repeat_interleave(30).reshape(300, 1, 1, 1), 16.0, False)
    labels = np.repeat(np.arange(10), 30)
    panel = EpochSheets.of(examples, labels, 0).x
    assert (panel.flatten() * 16).round().tolist() == [i % 7 for i in range(24)]  # of the first 200 examples
    assert EpochSheets.of(examples, None, 0).x.flatten().tolist() == [0.0] * 24
    assert len(EpochSheets.of(Examples(torch.zeros(3, 1, 1, 1), 1.0, False), None, 0).x) == 3


def test_a_sample_that_overflows_is_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> torch.Tensor:
        return torch.full((144, 1, 8, 8), float("nan"))

    monkeypatch.setattr("vaekit.report.epoch_sheets.samples", broken)
    assert drawn((1, 8, 8))["samples"].size[0] > 0
