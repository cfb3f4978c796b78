import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from vaekit.core import Site, Trace
from vaekit.errors import UserError
from vaekit.objectives import IWAE, KL, NLL, Renyi, iwae_bound, renyi_bound

B, D = 5, 2


def a_trace(mean: Tensor, sample_shape: tuple[int, ...]) -> Trace:
    torch.manual_seed(0)
    q = Independent(Normal(mean, 0.7, validate_args=False), 1, validate_args=False)
    p = Independent(Normal(torch.zeros(D).to(mean), 1.0, validate_args=False), 1, validate_args=False)
    z = q.rsample(sample_shape)
    x = torch.linspace(-1, 1, B * D, dtype=mean.dtype).reshape(B, D)
    likelihood = Independent(Normal(z, 0.5, validate_args=False), 1, validate_args=False)
    return Trace(x, (Site("z", z, p, q),), likelihood)


@pytest.fixture
def mean(generator: torch.Generator) -> Tensor:
    return torch.randn(B, D, generator=generator, dtype=torch.float64).requires_grad_()


def test_the_bound_is_the_log_of_the_mean_weight(generator: torch.Generator) -> None:
    log_weight = torch.randn(6, B, generator=generator)
    torch.testing.assert_close(iwae_bound(log_weight), log_weight.exp().mean(0).log())


def test_far_weights_neither_overflow_nor_vanish() -> None:
    for offset in (-1e4, 1e4):
        log_weight = torch.tensor([[offset], [offset + 1]])
        expected = offset + math.log((1 + math.e) / 2)
        assert iwae_bound(log_weight).item() == pytest.approx(expected, abs=2e-3)


def test_the_bound_lies_between_mean_and_maximum_and_ignores_the_order(generator: torch.Generator) -> None:
    log_weight = 3 * torch.randn(6, 50, generator=generator)
    bound = iwae_bound(log_weight)
    assert (bound >= log_weight.mean(0)).all()
    assert (bound <= log_weight.amax(0)).all()
    torch.testing.assert_close(bound, iwae_bound(log_weight.flip(0)))


def test_one_sample_is_the_monte_carlo_elbo(mean: Tensor) -> None:
    trace = a_trace(mean, (1,))
    torch.testing.assert_close(IWAE(1)(trace), NLL()(trace) + KL("monte_carlo")(trace))


@pytest.mark.parametrize("samples", [1, 2, 8])
def test_the_gradient_weighs_each_draw_by_its_normalised_weight(mean: Tensor, samples: int) -> None:
    """∇ log (1/K) Σ w_k = Σ_k w̃_k ∇ log w_k (Burda et al. 2016, equation 13)."""
    trace = a_trace(mean, (samples,))
    log_weight = trace.log_weight()
    normalised = log_weight.detach().softmax(0)
    (expected,) = torch.autograd.grad((normalised * log_weight).sum(), mean, retain_graph=True)
    (gradient,) = torch.autograd.grad(-IWAE(samples)(trace).sum(), mean)
    torch.testing.assert_close(gradient, expected)


def test_a_trace_with_more_draws_than_asked_for_does_not_tighten_the_bound(mean: Tensor) -> None:
    trace = a_trace(mean, (8,))
    torch.testing.assert_close(IWAE(3)(trace), -iwae_bound(trace.log_weight()[:3]))


def test_all_sample_dimensions_are_draws(mean: Tensor) -> None:
    trace = a_trace(mean, (2, 3))
    torch.testing.assert_close(IWAE(6)(trace), -iwae_bound(trace.log_weight().reshape(6, B)))


def test_it_stands_beside_terms_that_need_one_draw(mean: Tensor) -> None:
    """A trace without sample dimensions is one draw."""
    objective = NLL() + 1.0 * IWAE(1)
    value, _ = objective.value(a_trace(mean, objective.sample_shape), torch.tensor(1.0))
    assert value.shape == (B,)


@pytest.mark.parametrize("samples", [0, -3])
def test_no_samples_are_refused(samples: int) -> None:
    with pytest.raises(UserError, match=f"at least one sample, got {samples}"):
        IWAE(samples)


def test_its_facts() -> None:
    assert IWAE(5).sample_shape == (5,)
    assert IWAE(5).per_example
    assert IWAE(5).name == "iwae"


def test_groups_are_bounds_that_are_averaged(mean: Tensor) -> None:
    """Rainforth et al. 2018, equation 13, from the definition."""
    trace = a_trace(mean, (12,))
    log_weight = trace.log_weight().reshape(3, 4, B)
    expected = -torch.stack([iwae_bound(log_weight[:, m]) for m in range(4)]).mean(0)
    torch.testing.assert_close(IWAE(3, groups=4)(trace), expected)
    torch.testing.assert_close(IWAE(1, groups=12)(trace), -trace.log_weight().mean(0))


def test_a_bound_of_no_groups_is_refused() -> None:
    with pytest.raises(UserError, match="at least one group, got 0"):
        IWAE(3, groups=0)


def test_renyi_bounds_run_from_the_best_draw_to_the_elbo_and_below(generator: torch.Generator) -> None:
    """Falling in α (Li & Turner 2016, theorem 1), with the limits that have names, the ELBO's from both sides."""
    log_weight = torch.randn(6, B, generator=generator, dtype=torch.float64)
    alphas = [-math.inf, -2.0, 0.0, 0.5, 1.0, 3.0]
    values = [renyi_bound(log_weight, alpha) for alpha in alphas]
    for above, below in pairwise(values):
        assert (above > below).all()
    torch.testing.assert_close(values[0], log_weight.amax(0))
    torch.testing.assert_close(values[2], iwae_bound(log_weight))
    torch.testing.assert_close(values[3], 2 * (log_weight / 2).exp().mean(0).log())
    for near in (1 - 1e-6, 1 + 1e-6):
        torch.testing.assert_close(renyi_bound(log_weight, near), log_weight.mean(0), rtol=1e-5, atol=1e-5)


def test_the_term_is_minus_the_renyi_bound_of_the_first_draws(mean: Tensor) -> None:
    trace = a_trace(mean, (6,))
    torch.testing.assert_close(Renyi(0.3, 4)(trace), -renyi_bound(trace.log_weight()[:4], 0.3))


@pytest.mark.parametrize(("alpha", "samples"), [(math.nan, 2), (math.inf, 2), (0.5, 0)])
def test_impossible_renyi_bounds_are_refused(alpha: float, samples: int) -> None:
    with pytest.raises(UserError, match=r"a number or -inf|at least one sample"):
        Renyi(alpha, samples)
