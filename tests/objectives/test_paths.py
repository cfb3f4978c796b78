import pytest
import torch
from torch import Tensor
from torch.autograd import grad
from torch.distributions import Independent, MultivariateNormal, Normal

from vaekit.core import Site, Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives import IWAE, KL, DReG, path_log_q

D = 2


def standard() -> Independent:
    return Independent(Normal(torch.zeros(D, dtype=torch.float64), 1.0, validate_args=False), 1)


def a_trace(mean: Tensor, log_std: Tensor, draws: int, seed: int = 0) -> Trace:
    """x ~ N(z, ¼) with z ~ N(0, I): the posterior is N(0.8x, 0.2)."""
    torch.manual_seed(seed)
    x = torch.tensor([[0.7, -1.2]], dtype=torch.float64).expand(mean.shape[0], D)
    q = Independent(Normal(mean, log_std.exp(), validate_args=False), 1)
    z = mean + log_std.exp() * torch.randn(draws, *mean.shape, dtype=torch.float64)
    likelihood = Independent(Normal(z, 0.5, validate_args=False), 1, validate_args=False)
    return Trace(x, (Site("z", z, standard(), q),), likelihood)


def parameters(mean: tuple[float, float], std: float, examples: int = 1) -> tuple[Tensor, Tensor]:
    where = torch.tensor([mean], dtype=torch.float64).expand(examples, D).clone().requires_grad_()
    return where, torch.full((examples, D), std, dtype=torch.float64).log().requires_grad_()


def test_the_path_keeps_the_value_and_drops_the_score() -> None:
    """With q blocked by hand: log q of the same draws whose parameters are constants."""
    mean, log_std = parameters((0.3, 0.1), 0.6)
    (site,) = a_trace(mean, log_std, 5).sites
    torch.testing.assert_close(path_log_q(site), site.log_q)
    blocked = Independent(Normal(mean.detach(), log_std.detach().exp(), validate_args=False), 1)
    expected = grad(blocked.log_prob(site.z).sum(), (mean, log_std), retain_graph=True)
    found = grad(path_log_q(site).sum(), (mean, log_std))
    torch.testing.assert_close(found, expected)


def test_the_path_holds_for_full_covariances() -> None:
    mean = torch.zeros(1, D, dtype=torch.float64, requires_grad=True)
    tril = torch.tensor([[1.0, 0.0], [0.7, 0.5]], dtype=torch.float64)
    z = mean + torch.tensor([[0.3, -0.4]], dtype=torch.float64)
    q = MultivariateNormal(mean, scale_tril=tril, validate_args=False)
    (found,) = grad(path_log_q(Site("z", z, standard(), q)).sum(), mean)
    expected = -torch.linalg.solve(tril @ tril.T, torch.tensor([0.3, -0.4], dtype=torch.float64))
    torch.testing.assert_close(found[0], expected)


def test_sticking_the_landing_has_no_variance_at_the_exact_posterior() -> None:
    """Every draw's gradient of −log w is 0 there; that of the plain estimate is not."""
    x = torch.tensor([0.7, -1.2], dtype=torch.float64)
    mean = (0.8 * x).expand(4, D).clone().requires_grad_()
    log_std = torch.full((4, D), 0.2, dtype=torch.float64).sqrt().log().requires_grad_()
    trace = a_trace(mean, log_std, 1)
    distortion = -trace.log_likelihood.sum()
    for term, is_zero in ((KL("sticking_the_landing"), True), (KL("monte_carlo"), False)):
        assert term.own_gradient != is_zero
        loss = distortion + term(trace).sum()
        gradients = torch.cat(grad(loss, (mean, log_std), retain_graph=True))
        assert bool((gradients.abs() < 1e-12).all()) == is_zero


def test_doubly_reparameterised_values_are_the_bounds() -> None:
    mean, log_std = parameters((0.0, 0.0), 1.0)
    trace = a_trace(mean, log_std, 7)
    torch.testing.assert_close(DReG(5)(trace), IWAE(5)(trace))


def test_doubly_reparameterised_gradients_weigh_by_squares() -> None:
    """Tucker et al. 2019, equation 8, written out: −Σ_k w̃_k² ∂ log w_k/∂z_k for a mean that shifts every draw."""
    mean, log_std = parameters((0.2, -0.3), 0.9)
    trace = a_trace(mean, log_std, 4)
    (site,) = trace.sites
    z = site.z.detach().requires_grad_()
    log_joint = Independent(Normal(z, 0.5), 1).log_prob(trace.x) + standard().log_prob(z)
    log_weight = log_joint - Independent(Normal(mean.detach(), log_std.detach().exp()), 1).log_prob(z)
    (slopes,) = grad(log_weight.sum(), z)
    weights = log_weight.detach().softmax(0)
    expected = -(weights.square()[..., None] * slopes).sum(0)
    (found,) = grad(DReG(4)(trace).sum(), mean)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("samples", [1, 3])
def test_doubly_reparameterised_gradients_have_the_mean_of_the_bounds(samples: int) -> None:
    """The difference on the same draws has mean 0: within 4 standard errors, false alarm 6·10⁻⁵ for each of 4."""
    mean, log_std = parameters((0.2, -0.3), 0.9, examples=40_000)
    trace = a_trace(mean, log_std, samples)
    pairs = [
        grad(term(trace).sum(), (mean, log_std), retain_graph=True) for term in (DReG(samples), IWAE(samples))
    ]
    difference = torch.cat(pairs[0], -1) - torch.cat(pairs[1], -1)
    error = difference.std(0) / 200
    assert (error > 0).all()
    assert (difference.mean(0).abs() < 4 * error).all()


def test_several_sites_and_no_samples_are_refused() -> None:
    mean, log_std = parameters((0.0, 0.0), 1.0)
    trace = a_trace(mean, log_std, 3)
    with pytest.raises(CapabilityError, match="one latent variable"):
        DReG(3)(Trace(trace.x, trace.sites * 2, trace.likelihood))
    with pytest.raises(UserError, match="at least one sample, got 0"):
        DReG(0)
