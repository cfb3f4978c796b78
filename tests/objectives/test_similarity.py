"""SSIM and MS-SSIM against torchmetrics and against values that can be written down."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.image import MultiScaleStructuralSimilarityIndexMeasure

from vaekit.errors import CapabilityError
from vaekit.objectives.similarity import SCALE_WEIGHTS, WINDOW, ms_ssim, scales_of, ssim

HALF = WINDOW // 2


def pairs(channels: int, side: int, noise: float = 0.15) -> tuple[Tensor, Tensor]:
    """Smooth pictures and what noise makes of them."""
    x = avg_pool2d(torch.rand(4, channels, 2 * side, 2 * side, dtype=torch.float64), 2)
    return x, (x + noise * torch.randn_like(x)).clamp(0, 1)


def theirs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """torchmetrics mirrors the image at its edges; of its map, the windows within the image, and its contrast."""
    options = {"data_range": 1.0, "reduction": "none"}
    _, whole = structural_similarity_index_measure(x, y, return_full_image=True, **options)
    _, contrast = structural_similarity_index_measure(x, y, return_contrast_sensitivity=True, **options)
    return whole[..., HALF:-HALF, HALF:-HALF].flatten(1).mean(-1), contrast


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 28, 28), (3, 32, 20), (1, 11, 13)])
def test_ssim_is_that_of_torchmetrics_within_the_image(channels: int, height: int, width: int) -> None:
    x, y = (values[..., :height, :width] for values in pairs(channels, max(height, width)))
    torch.testing.assert_close(ssim(x, y), theirs(x, y)[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("channels", "side", "scales"), [(1, 28, 2), (3, 64, 3), (1, 176, 5)])
def test_ms_ssim_is_made_of_those_of_torchmetrics(channels: int, side: int, scales: int) -> None:
    x, y = pairs(channels, side)
    found = ms_ssim(x, y)
    assert found.scales == scales
    weights = SCALE_WEIGHTS[:scales]
    product = torch.ones(4, dtype=torch.float64)
    for scale, weight in enumerate(weights):
        whole, contrast = theirs(x, y)
        product *= (whole if scale == scales - 1 else contrast) ** (weight / sum(weights))
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    torch.testing.assert_close(found.values, product, rtol=0, atol=1e-10)


def test_five_scales_are_those_of_torchmetrics_but_for_its_mirrored_edges() -> None:
    """Its coarsest scale counts windows that look at the mirrored edge; on large images that is little."""
    x, y = (values[:2].float() for values in pairs(1, 256, noise=0.1))
    mirrored = MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0, reduction="none")(y, x)
    torch.testing.assert_close(ms_ssim(x, y).values, mirrored, rtol=0, atol=5e-3)


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.3), (0.9, 0.1), (0.5, 0.5)])
def test_flat_images_differ_in_luminance_alone(a: float, b: float) -> None:
    """(2ab + c₁)/(a² + b² + c₁), and its power w_M of the coarsest scale."""
    x, y = torch.full((2, 3, 28, 28), a, dtype=torch.float64), torch.full((2, 3, 28, 28), b).double()
    expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    torch.testing.assert_close(ssim(x, y), torch.full((2,), expected).double(), rtol=0, atol=1e-7)
    power = SCALE_WEIGHTS[1] / (SCALE_WEIGHTS[0] + SCALE_WEIGHTS[1])
    torch.testing.assert_close(
        ms_ssim(x, y).values, torch.full((2,), expected**power).double(), rtol=0, atol=1e-7
    )


def test_scaling_about_the_mean_of_a_stripe_pattern() -> None:
    """Columns ½ ± a in turn: with weights w_i of the window, μ = ½ + a s, σ² = a²(1 − s²), s = Σ ±w_i."""
    a, b = 0.4, 0.1
    bell = [math.exp(-(i**2) / 4.5) for i in range(-HALF, HALF + 1)]
    s = sum(w * (-1) ** i for i, w in enumerate(bell)) / sum(bell)
    sign = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(10).expand(1, 1, 20, 20)
    expected = 0.0
    for side in (s, -s):
        one, two = 0.5 + a * side, 0.5 + b * side
        luminance = (2 * one * two + 1e-4) / (one**2 + two**2 + 1e-4)
        spread = 1 - s * s
        expected += luminance * (2 * a * b * spread + 9e-4) / ((a * a + b * b) * spread + 9e-4) / 2
    assert ssim(0.5 + a * sign, 0.5 + b * sign).item() == pytest.approx(expected, abs=1e-10)


def test_order_of_arguments_identity_and_negatives() -> None:
    x, y = pairs(1, 44)
    torch.testing.assert_close(ssim(x, y), ssim(y, x))
    torch.testing.assert_close(ms_ssim(x, x).values, torch.ones(4, dtype=torch.float64))
    assert (ssim(x, y) < 1).all()
    stripes = torch.tensor([0.0, 1.0]).repeat(14).expand(1, 1, 28, 28)
    assert ssim(stripes, 1 - stripes).item() < -0.9
    assert ms_ssim(stripes, 1 - stripes).values.item() == 0.0


@pytest.mark.parametrize("side", [10, 8])
def test_no_window_fits_into_small_images(side: int) -> None:
    x = torch.rand(2, 1, 28, side)
    for measure in (ssim, ms_ssim):
        with pytest.raises(CapabilityError, match=f"window of 11 × 11 .* 28 × {side}"):
            measure(x, x)


@pytest.mark.parametrize(
    ("side", "name"), [(176, "MS-SSIM"), (175, "MS-SSIM (scales: 4)"), (11, "MS-SSIM (scales: 1)")]
)
def test_the_name_says_how_many_scales(side: int, name: str) -> None:
    x = torch.rand(1, 1, side, side)
    assert ms_ssim(x, x).name == name
    assert scales_of(side, 500) == ms_ssim(x, x).scales
