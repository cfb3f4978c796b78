import torch
from scipy import stats

from vaekit.estimators import relax_gradient, relaxed_given, relaxed_of

LOGITS = torch.tensor([-2.0, 0.0, 0.7, 3.0], dtype=torch.float64)


def drawn(n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """l, b ~ p(b) and uniform noise."""
    logits = LOGITS.expand(n, 4).clone()
    b = (torch.rand(n, 4, generator=generator, dtype=torch.float64) < logits.sigmoid()).double()
    return logits, b, torch.rand(n, 4, generator=generator, dtype=torch.float64)


def test_relaxed_bits_are_on_the_side_of_their_bit(generator) -> None:
    logits, b, v = drawn(5000, generator)
    for relaxed in (relaxed_given(logits, b, v), relaxed_of(logits, b, v)):
        assert torch.equal((relaxed > 0).double(), b)


def test_bit_and_relaxed_bit_together_are_logistic(generator) -> None:
    """z = l + logistic noise, by Kolmogorov–Smirnov: p > 10⁻⁴ in each of 4, false alarm 4·10⁻⁴ of a fixed seed."""
    logits, b, v = drawn(20_000, generator)
    z = relaxed_given(logits, b, v) - logits
    for column in z.T:
        assert stats.kstest(column.numpy(), stats.logistic.cdf).pvalue > 1e-4


def test_it_is_the_formula_of_the_paper() -> None:
    """v′ = v(1 − θ) where b = 0 and vθ + 1 − θ where b = 1, z̃ = logit θ + logit v′."""
    v, theta = torch.tensor([0.1, 0.6, 0.9, 0.3], dtype=torch.float64), LOGITS.sigmoid()
    for b in (0.0, 1.0):
        inside = v * (1 - theta) if b == 0 else v * theta + 1 - theta
        bits = torch.full((4,), b, dtype=torch.float64)
        torch.testing.assert_close(relaxed_given(LOGITS, bits, v), LOGITS + inside.logit())


def test_extreme_logits_and_noise_stay_finite() -> None:
    logits = torch.tensor([-90.0, 90.0, -90.0, 90.0], requires_grad=True)
    for v in (0.0, 1.0):
        z = relaxed_given(logits, torch.tensor([0.0, 1.0, 1.0, 0.0]), torch.full((4,), v))
        (slope,) = torch.autograd.grad(z.sum(), logits)
        assert z.isfinite().all()
        assert slope.isfinite().all()


def test_a_control_variate_learns_to_lower_the_variance_without_moving_the_mean(generator) -> None:
    """f(b) = (b − 0.45)², the toy problem of the paper's section 4, with exact ∇ E f = θ(1 − θ)(1 − 0.9).

    The mean lies within 4.5 standard errors, false alarm 7·10⁻⁶.
    """
    logits = torch.full((20_000, 1), 0.3, dtype=torch.float64, requires_grad=True)
    theta = logits[0, 0].detach().sigmoid()
    b = (torch.rand(20_000, 1, generator=generator, dtype=torch.float64) < theta).double()
    v = [torch.rand(20_000, 1, generator=generator, dtype=torch.float64) for _ in range(2)]
    f = (b - 0.45).square().squeeze(-1)
    height = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def gradient() -> torch.Tensor:
        z, given = relaxed_of(logits, b, v[0]), relaxed_given(logits, b, v[1])
        control, control_given = (height * t.sigmoid().squeeze(-1) for t in (z, given))
        return relax_gradient(f, logits, b, control, control_given)

    before = gradient().detach().var()
    for _ in range(20):
        (slope,) = torch.autograd.grad(gradient().square().mean(), height)
        with torch.no_grad():
            height -= slope
    after = gradient().detach()
    assert after.var() < 0.9 * before
    exact = theta * (1 - theta) * (1 - 2 * 0.45)
    assert (after.mean() - exact).abs() < 4.5 * after.std() / 20_000**0.5
