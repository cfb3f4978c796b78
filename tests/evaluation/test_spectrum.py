import math

import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.evaluation.spectrum import HIGH, MIDDLE, Detail, details, energies, energy, radial_band
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec


def wave(frequency: float, side: int = 64) -> torch.Tensor:
    row = torch.cos(2 * math.pi * frequency * torch.arange(side))
    return row.expand(1, 1, side, side)


@pytest.mark.parametrize(("frequency", "middle", "high"), [(1 / 16, 0, 0), (3 / 16, 1, 0), (3 / 8, 0, 1)])
def test_a_wave_belongs_to_its_band(frequency, middle, high) -> None:
    x = wave(frequency)
    whole = x.square().sum()
    torch.testing.assert_close(energy(x, MIDDLE)[0], middle * whole, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(energy(x, HIGH)[0], high * whole, rtol=1e-4, atol=1e-3)


def test_the_bands_divide_the_plane() -> None:
    bands = [radial_band(13, 18, band) for band in ((-1.0, 0.125), MIDDLE, HIGH)]
    assert (torch.stack(bands).sum(0) == 1).all()


def test_explained_energy_of_known_errors() -> None:
    image = torch.tensor([4.0, 1.0, 3.0])
    perfect = Detail(HIGH, image, image, torch.zeros(3))
    nothing = Detail(HIGH, image, torch.zeros(3), image)
    half = Detail(HIGH, image, image / 4, image / 4)
    assert perfect.explained[0] == 1
    assert nothing.explained[0] == 0
    assert nothing.power[0] == 0
    # A ratio that is the same for every example has no error.
    assert half.explained == pytest.approx((0.75, 0))


def test_the_standard_error_of_a_ratio() -> None:
    """Against 2,000 repetitions of 200 examples: their spread is itself known to 1/√4,000 = 1.6 %, so that
    10 % is six standard errors."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2000, 200, generator=generator) + 0.5
    error = image * torch.rand(2000, 200, generator=generator)
    found = [Detail(HIGH, i, i, e).explained for i, e in zip(image, error, strict=True)]
    spread = torch.tensor([value for value, _ in found]).std().item()
    stated = sum(error for _, error in found) / len(found)
    assert stated == pytest.approx(spread, rel=0.1)


def test_the_details_of_a_model_are_those_of_its_reconstructions() -> None:
    spec = DataSpec((1, 16, 16), levels=256, variance=0.08)
    vae = build_recipe("vae", spec, size="tiny", latents=2).model.eval()
    values = torch.randint(0, 256, (70, 1, 16, 16), dtype=torch.uint8)
    examples = Examples(values, 255.0, False)
    x = examples.all()
    y = vae.reconstruct(x)
    for detail in details([energies(x[:50], y[:50]), energies(x[50:], y[50:])]):
        torch.testing.assert_close(detail.image, energy(x, detail.band))
        torch.testing.assert_close(detail.error, energy(x - y, detail.band), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(detail.reconstruction, energy(y, detail.band), rtol=1e-4, atol=1e-4)
