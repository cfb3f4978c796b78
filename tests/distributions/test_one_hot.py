import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, kl_divergence

from vaekit.distributions import OneHot, kl_per_dim
from vaekit.errors import CapabilityError
from vaekit.evaluation.latent_use import marginal_rate
from vaekit.noise import Noise, cut, draw

LOGITS = torch.tensor([[0.3, -0.5, 0.8], [1.5, 0.0, -2.0]], dtype=torch.float64)


def every_code() -> torch.Tensor:
    """The nine codes of two variables of three categories, (9, 6)."""
    a, b = torch.cartesian_prod(torch.arange(3), torch.arange(3)).T
    eye = torch.eye(3, dtype=torch.float64)
    return torch.cat([eye[a], eye[b]], -1)


def test_the_mass_is_a_product_of_categoricals_and_sums_to_one() -> None:
    q, codes = OneHot(LOGITS), every_code()
    index = codes.unflatten(-1, (2, 3)).argmax(-1)
    expected = Categorical(logits=LOGITS, validate_args=False).log_prob(index).sum(-1)
    torch.testing.assert_close(q.log_prob(codes), expected)
    torch.testing.assert_close(q.log_prob(codes).exp().sum(), torch.ones((), dtype=torch.float64))


def test_mean_variance_and_kl_are_sums_over_the_codes() -> None:
    q, p, codes = OneHot(LOGITS), OneHot(LOGITS.flip(1)), every_code()
    weight = q.log_prob(codes).exp()
    torch.testing.assert_close(q.mean, weight @ codes)
    torch.testing.assert_close(q.variance, weight @ (codes - q.mean).square())
    torch.testing.assert_close(kl_divergence(q, p), weight @ (q.log_prob(codes) - p.log_prob(codes)))


def test_draws_are_codes_with_their_frequencies() -> None:
    """χ² with 8 degrees of freedom: p > 10⁻⁴, the false-alarm rate of a fixed seed."""
    z = draw(OneHot(LOGITS), (20_000,), Noise(3, (), cut(20_000, 4)), "z")
    assert ((z == 0) | (z == 1)).all()
    codes = every_code()
    counts = torch.stack([(z == code).all(-1).sum() for code in codes])
    expected = 20_000 * OneHot(LOGITS).log_prob(codes).exp()
    assert counts.sum() == 20_000
    assert stats.chisquare(counts.numpy(), expected.numpy()).pvalue > 1e-4


@pytest.mark.parametrize("hard", [False, True])
def test_relaxed_draws_have_a_slope_and_lie_on_the_simplex(hard: bool) -> None:
    logits = LOGITS.expand(8, 2, 3).clone().requires_grad_()
    y = draw(OneHot(logits, 0.5, hard), (5, 8), Noise(0, (), cut(8, 4)), "z").unflatten(-1, (2, 3))
    torch.testing.assert_close(y.sum(-1), torch.ones(5, 8, 2, dtype=torch.float64))
    assert bool(((y == 0) | (y == 1)).all()) == hard
    (slope,) = torch.autograd.grad((y * torch.arange(3)).sum(), logits)
    assert (slope != 0).all()


@pytest.mark.parametrize("temperature", [None, 0.7])
def test_a_draw_does_not_depend_on_the_cut(temperature: float | None) -> None:
    noise = Noise(0, (), cut(8, 4))
    whole = draw(OneHot(LOGITS, temperature), (3, 8), noise, "z")
    assert torch.equal(draw(OneHot(LOGITS, temperature), (3, 3), noise.part(2, 5), "z"), whole[:, 2:5])


def test_it_broadcasts_and_expands() -> None:
    q = OneHot(torch.randn(7, 2, 3))
    assert q.log_prob(torch.rand(5, 1, 6)).shape == (5, 7)
    assert q.expand((4, 7)).sample((2,)).shape == (2, 4, 7, 6)


def test_dimensions_have_no_kl_of_their_own_but_that_of_a_bit() -> None:
    """One-hot dimensions depend on each other; a dimension alone is on with probability π."""
    q, p = OneHot(LOGITS), OneHot(torch.zeros(2, 3, dtype=torch.float64))
    with pytest.raises(CapabilityError, match="has no KL per dimension"):
        kl_per_dim(q, p)
    bit = q.mean
    expected = bit * (3 * bit).log() + (1 - bit) * (1.5 * (1 - bit)).log()
    torch.testing.assert_close(marginal_rate(q, p), expected)
    assert (marginal_rate(q, p) >= 0).all()
