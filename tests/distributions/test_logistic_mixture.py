import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from vaekit.distributions import DiscretisedLogistic, DiscretisedLogisticMixture, level_values


def parameters(*batch: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    logits, mean, log_scale = torch.randn(3, *batch, 3, generator=generator, dtype=dtype).unbind()
    return 3 * logits, 0.5 + mean, 2 * log_scale - 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_masses_sum_to_one(levels: int, dtype: torch.dtype) -> None:
    """C4, in float32 too."""
    pixels = DiscretisedLogisticMixture(*parameters(40, 1, dtype=dtype), levels)
    mass = pixels.log_prob(level_values(levels, dtype)).double().exp().sum(-1)
    torch.testing.assert_close(mass, torch.ones_like(mass), rtol=0, atol=1e-6)


def test_one_component_is_the_discretised_logistic() -> None:
    mean, log_scale = torch.rand(5), torch.randn(5)
    mixture = DiscretisedLogisticMixture(torch.randn(5, 1), mean[:, None], log_scale[:, None], 17)
    single = DiscretisedLogistic(mean, log_scale, 17)
    x = level_values(17, torch.float32)[:, None]
    torch.testing.assert_close(mixture.log_prob(x), single.log_prob(x))
    torch.testing.assert_close(mixture.mean, single.mean)
    torch.testing.assert_close(mixture.location, single.location)


def test_log_prob_is_the_weighted_sum_of_masses() -> None:
    logits, mean, log_scale = parameters(4)
    x = level_values(17, torch.float64)[:, None]
    by_hand = sum(
        logits.softmax(-1)[:, m] * DiscretisedLogistic(mean[:, m], log_scale[:, m], 17).log_prob(x).exp()
        for m in range(3)
    )
    computed = DiscretisedLogisticMixture(logits, mean, log_scale, 17).log_prob(x).exp()
    torch.testing.assert_close(computed, by_hand)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_mean_is_the_expectation_over_the_levels(levels: int) -> None:
    values = level_values(levels, torch.float64)
    mean = DiscretisedLogisticMixture(*parameters(6), levels).mean
    mass = (
        DiscretisedLogisticMixture(*(p[:, None] for p in parameters(6)), levels=levels).log_prob(values).exp()
    )
    torch.testing.assert_close(mean, (values * mass).sum(-1), rtol=0, atol=1e-12)


def test_location_is_the_clamped_weighted_centre() -> None:
    mean = torch.tensor([[0.2, 0.6], [-3.0, 1.0], [1.0, 4.0]])
    pixels = DiscretisedLogisticMixture(torch.zeros(2), mean, torch.zeros(2), 256)
    torch.testing.assert_close(pixels.location, torch.tensor([0.4, 0.0, 1.0]))


def test_gradients_equal_finite_differences() -> None:
    arguments = tuple(parameter.requires_grad_() for parameter in parameters(2))
    x = torch.tensor([[0.0], [7 / 16], [1.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda *args: DiscretisedLogisticMixture(*args, levels=17).log_prob(x), arguments
    )
    assert torch.autograd.gradcheck(
        lambda *args: DiscretisedLogisticMixture(*args, levels=17).mean, arguments
    )


def test_a_component_of_no_weight_leaves_no_trace() -> None:
    logits = torch.tensor([0.0, -1e4], requires_grad=True)
    mean = torch.tensor([0.3, 1e3], requires_grad=True)
    log_scale = torch.tensor([-3.0, -7.0], requires_grad=True)
    x = level_values(256, torch.float32)
    mass = DiscretisedLogisticMixture(logits, mean, log_scale, 256).log_prob(x)
    torch.testing.assert_close(mass, DiscretisedLogistic(mean[0], log_scale[0], 256).log_prob(x))
    gradients = torch.autograd.grad(mass.sum(), (logits, mean, log_scale))
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_float32_agrees_with_float64() -> None:
    single = parameters(6, dtype=torch.float32)
    x = torch.tensor([[0.0], [7 / 16], [1.0]])
    computed = DiscretisedLogisticMixture(*single, 17).log_prob(x)
    expected = DiscretisedLogisticMixture(*(p.double() for p in single), levels=17).log_prob(x.double())
    torch.testing.assert_close(computed.double(), expected, rtol=2e-6, atol=2e-6)


def test_samples_follow_the_masses() -> None:
    """Pearson's test; false alarm 1e-3, seed fixed."""
    torch.manual_seed(0)
    levels, n = 17, 20000
    pixels = DiscretisedLogisticMixture(
        torch.tensor([0.0, 1.0]), torch.tensor([0.2, 0.8]), torch.tensor([-2.5, -2.0]), levels
    )
    counts = (pixels.sample((n,)) * (levels - 1)).round().long().bincount(minlength=levels).double()
    expected = n * pixels.log_prob(level_values(levels, torch.float32)).double().exp()
    assert expected.min() > 5
    assert chisquare(counts, expected * n / expected.sum()).pvalue > 1e-3


def test_each_pixel_of_a_batch_samples_its_own_mixture() -> None:
    """Narrow, well separated components: a draw can only be the level of its own pixel's components."""
    torch.manual_seed(0)
    mean = torch.arange(12.0).reshape(2, 3, 2) / 16
    drawn = DiscretisedLogisticMixture(torch.zeros(2), mean, torch.tensor(-9.0), 17).sample((100,))
    assert drawn.shape == (100, 2, 3)
    assert (drawn[..., None] == mean).any(-1).all()
    assert (drawn == mean[..., 0]).any(0).all()
    assert (drawn == mean[..., 1]).any(0).all()
