from typing import Any

import mpmath
import pytest
import torch
from scipy.stats import chisquare

from vaekit.distributions import DiscretisedLogistic, level_values, logistic_log_cell_mass
from vaekit.errors import UserError

MEANS = [-3.0, 0.0, 0.2, 0.501, 1.0, 40.0]
LOG_SCALES = [-9.0, -7.0, -4.0, -1.0, 0.0, 5.0]


def parameter_grid(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(MEANS, dtype=dtype)[:, None, None], torch.tensor(LOG_SCALES, dtype=dtype)[:, None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_masses_sum_to_one(levels: int, dtype: torch.dtype) -> None:
    """C4, in float32 too."""
    mean, log_scale = parameter_grid(dtype)
    pixels = DiscretisedLogistic(mean, log_scale, levels)
    mass = pixels.log_prob(level_values(levels, dtype)).double().exp().sum(-1)
    torch.testing.assert_close(mass, torch.ones_like(mass), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("levels", "k"), [(2, 0), (2, 1), (17, 5), (256, 0), (256, 100), (256, 255)])
def test_mass_agrees_with_the_definition(levels: int, k: int) -> None:
    def sigmoid(t: Any) -> Any:
        return 1 / (1 + mpmath.exp(-t))

    def exact(mean: float, log_scale: float) -> float:
        with mpmath.workdps(400):
            s, m, twice = mpmath.exp(log_scale), mpmath.mpf(mean), 2 * levels - 2
            below = sigmoid((mpmath.mpf(2 * k - 1) / twice - m) / s) if k > 0 else mpmath.mpf(0)
            above = sigmoid((mpmath.mpf(2 * k + 1) / twice - m) / s) if k < levels - 1 else mpmath.mpf(1)
            return float(mpmath.log(above - below))

    cases = [(mean, log_scale) for mean in [0.0, 0.2, 0.501, 1.0] for log_scale in [-6.0, -4.0, -1.0, 5.0]]
    mean, log_scale = torch.tensor(cases, dtype=torch.float64).unbind(-1)
    expected = torch.tensor([exact(*case) for case in cases], dtype=torch.float64)
    x = torch.full_like(mean, k / (levels - 1))
    computed = logistic_log_cell_mass(x, mean, log_scale, levels)
    torch.testing.assert_close(computed, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_gradients_equal_finite_differences(levels: int) -> None:
    mean = torch.tensor([-0.2, 0.1, 0.5, 0.93], dtype=torch.float64)[:, None, None].requires_grad_()
    log_scale = torch.tensor([-5.0, -2.0, 1.0], dtype=torch.float64)[:, None].requires_grad_()
    x = torch.tensor([0, levels // 2, levels - 1], dtype=torch.float64) / (levels - 1)
    assert torch.autograd.gradcheck(
        lambda m, s: DiscretisedLogistic(m, s, levels).log_prob(x), (mean, log_scale)
    )
    assert torch.autograd.gradcheck(lambda m, s: DiscretisedLogistic(m, s, levels).mean, (mean, log_scale))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_parameters_give_finite_values_and_gradients(dtype: torch.dtype) -> None:
    mean = torch.tensor([-1e3, 0.0, 0.5, 1e3], dtype=dtype)[:, None, None].requires_grad_()
    log_scale = torch.tensor([-30.0, -7.0, 0.0, 30.0], dtype=dtype)[:, None].requires_grad_()
    mass = DiscretisedLogistic(mean, log_scale, 256).log_prob(torch.tensor([0, 100, 255], dtype=dtype) / 255)
    gradients = torch.autograd.grad(mass.sum(), (mean, log_scale))
    assert mass.isfinite().all()
    assert (mass <= 0).all()
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_float32_agrees_with_float64() -> None:
    x, mean, log_scale = level_values(256, torch.float32), torch.tensor(0.3), torch.tensor(-3.0)
    single = DiscretisedLogistic(mean, log_scale, 256)
    double = DiscretisedLogistic(mean.double(), log_scale.double(), 256)
    torch.testing.assert_close(single.log_prob(x).double(), double.log_prob(x.double()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_mean_is_the_expectation_over_the_levels(levels: int) -> None:
    mean, log_scale = (parameter.squeeze(-1) for parameter in parameter_grid(torch.float64))
    pixels = DiscretisedLogistic(mean, log_scale, levels)
    values = level_values(levels, torch.float64)
    mass = DiscretisedLogistic(mean[..., None], log_scale[..., None], levels).log_prob(values).exp()
    torch.testing.assert_close(pixels.mean, (values * mass).sum(-1), rtol=0, atol=1e-12)


def test_location_is_the_clamped_centre_and_not_the_mean() -> None:
    pixels = DiscretisedLogistic(torch.tensor([-1.0, 0.1, 2.0]), torch.tensor(0.0), 256)
    torch.testing.assert_close(pixels.location, torch.tensor([0.0, 0.1, 1.0]))
    assert ((pixels.mean - pixels.location).abs() > 0.1).all()


@pytest.mark.parametrize(("mean", "log_scale"), [(0.3, -2.0), (-0.1, -1.0), (0.95, -3.0)])
def test_samples_follow_the_masses(mean: float, log_scale: float) -> None:
    """Pearson's test on the levels that expect 5 draws or more; false alarm 1e-3 per case, seed fixed."""
    torch.manual_seed(0)
    levels, n = 17, 20000
    pixels = DiscretisedLogistic(torch.tensor(mean), torch.tensor(log_scale), levels)
    counts = (pixels.sample((n,)) * (levels - 1)).round().long().bincount(minlength=levels).double()
    expected = n * pixels.log_prob(level_values(levels, torch.float32)).double().exp()
    common = expected >= 5
    observed = torch.cat([counts[common], counts[~common].sum()[None]])
    predicted = torch.cat([expected[common], expected[~common].sum()[None]]).clamp(min=1e-9)
    keep = predicted > 1e-3
    assert chisquare(observed[keep], predicted[keep] * n / predicted[keep].sum()).pvalue > 1e-3


def test_samples_lie_on_the_grid() -> None:
    torch.manual_seed(0)
    drawn = DiscretisedLogistic(torch.linspace(-1, 2, 100), torch.tensor(1.0), 17).sample((50,)) * 16
    assert torch.equal(drawn, drawn.round())
    assert drawn.min() == 0
    assert drawn.max() == 16


def test_arguments_are_checked_on_request() -> None:
    with pytest.raises(ValueError, match="log_scale"):
        DiscretisedLogistic(torch.zeros(2), torch.tensor(float("nan")), 256, validate_args=True)
    pixels = DiscretisedLogistic(torch.zeros(2), torch.tensor(0.0), 256, validate_args=True)
    with pytest.raises(ValueError, match="support"):
        pixels.log_prob(torch.tensor([0.0, 2.0]))


def test_one_level_is_refused() -> None:
    with pytest.raises(UserError, match="at least 2 levels"):
        DiscretisedLogistic(torch.zeros(2), torch.zeros(2), 1).log_prob(torch.zeros(2))
