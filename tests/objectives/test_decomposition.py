import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from vaekit.core import Site, Trace
from vaekit.errors import CapabilityError, UserError
from vaekit.objectives import KL, DecomposedKL, decomposed, log_aggregate
from vaekit.objectives.decomposition import ESTIMATORS, AggregateEstimator
from vaekit.priors import SparsePrior, StandardNormal

D = 3


def site_of(
    batch: int = 6, draws: tuple[int, ...] = (), prior: Distribution | None = None, name: str = "z"
) -> Site:
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(batch, D, generator=generator, dtype=torch.float64)
    q = Independent(Normal(mean, 0.4, validate_args=False), 1, validate_args=False)
    z = mean + 0.4 * torch.randn(*draws, batch, D, generator=generator, dtype=torch.float64)
    return Site(name, z, prior or StandardNormal(D).double()(), q)


def trace_of(*sites: Site) -> Trace:
    batch = sites[0].z.shape[-2]
    return Trace(torch.zeros(batch, D, dtype=torch.float64), sites, sites[0].posterior)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("examples", [None, 100])
@pytest.mark.parametrize("prior", [StandardNormal(D).double()(), SparsePrior(D).double()()])
def test_the_parts_add_up_to_the_monte_carlo_kl(
    estimator: AggregateEstimator, examples: int | None, prior: Distribution
) -> None:
    trace = trace_of(site_of(draws=(4,), prior=prior))
    value = DecomposedKL(1.0, 1.0, 1.0, examples, estimator)(trace)
    torch.testing.assert_close(value, KL("monte_carlo")(trace))


def test_each_part_has_its_weight() -> None:
    trace = trace_of(site_of())
    parts = decomposed(trace, 50)
    value = DecomposedKL(2.0, 3.0, 5.0, 50)(trace)
    expected = 2 * parts.mutual_information + 3 * parts.total_correlation + 5 * parts.dimension_kl
    torch.testing.assert_close(value, expected)
    assert (parts.mutual_information > 0).all()


@pytest.mark.parametrize("examples", [None, 40])
def test_the_stratified_estimate_is_its_formula(examples: int | None, generator: torch.Generator) -> None:
    q = torch.rand(5, 5, generator=generator, dtype=torch.float64)
    n = examples or 5
    for i in range(5):
        others = sum(q[i, j] for j in range(5) if j != i)
        expected = q[i, i] / n + (n - 1) / (n * 4) * others
        torch.testing.assert_close(log_aggregate(q.log(), examples)[i].exp(), expected)
    if examples is None:
        torch.testing.assert_close(log_aggregate(q.log(), None).exp(), q.mean(1))


def test_the_weighted_estimate_is_equation_10(generator: torch.Generator) -> None:
    q = torch.rand(5, 5, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(log_aggregate(q.log(), 40, "weighted"), (q.sum(1) / (40 * 5)).log())


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_place_in_the_batch_is_special(estimator: AggregateEstimator) -> None:
    """Weights that stand in columns instead of on the diagonal depend on the order of the examples."""
    site = site_of()
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    base = site.posterior.base_dist  # type: ignore[attr-defined]
    moved = Independent(
        Normal(base.loc[order], base.scale[order], validate_args=False), 1, validate_args=False
    )
    other = Site("z", site.z[order], site.prior, moved)
    a, b = decomposed(trace_of(site), 100, estimator), decomposed(trace_of(other), 100, estimator)
    torch.testing.assert_close(b.mutual_information, a.mutual_information[order])
    torch.testing.assert_close(b.total_correlation, a.total_correlation[order])


def test_codes_that_say_nothing_have_no_information_and_no_correlation() -> None:
    q = Independent(Normal(torch.ones(6, D), 2.0, validate_args=False), 1, validate_args=False)
    parts = decomposed(trace_of(Site("z", q.sample(), StandardNormal(D)(), q)), 1000)
    zeros = torch.zeros(6)
    torch.testing.assert_close(parts.mutual_information, zeros, atol=1e-5, rtol=0)
    torch.testing.assert_close(parts.total_correlation, zeros, atol=1e-5, rtol=0)


def test_the_total_correlation_of_a_gaussian_aggregate(generator: torch.Generator) -> None:
    """Codes of correlation ρ: −½ ln(1 − ρ²), within 4 standard errors and the bias of a kernel estimate, .04 nats.

    q(z | x) is narrow, so that q(z) of the whole batch is a smooth picture of N(0, [[1, ρ], [ρ, 1]]).
    """
    n, rho = 1500, 0.8
    normals = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    first = normals[:, 0]
    means = torch.stack([first, rho * first + math.sqrt(1 - rho**2) * normals[:, 1]], -1)
    q = Independent(Normal(means, 0.15, validate_args=False), 1, validate_args=False)
    z: Tensor = means + 0.15 * torch.randn(n, 2, generator=generator, dtype=torch.float64)
    found = decomposed(trace_of(Site("z", z, StandardNormal(2).double()(), q))).total_correlation
    exact = -0.5 * math.log(1 - (rho / (1 + 0.15**2)) ** 2)
    error = found.std().item() / math.sqrt(n)
    assert abs(found.mean().item() - exact) < 4 * error + 0.04 < exact / 2


def test_what_does_not_factorise_is_refused() -> None:
    full = MultivariateNormal(torch.zeros(6, D), torch.eye(D), validate_args=False)
    with pytest.raises(CapabilityError, match="a posterior of type MultivariateNormal does not give"):
        decomposed(trace_of(Site("z", torch.zeros(6, D), StandardNormal(D)(), full)))
    prior = MultivariateNormal(torch.zeros(D), torch.eye(D), validate_args=False)
    with pytest.raises(CapabilityError, match="a prior of type MultivariateNormal does not give"):
        decomposed(trace_of(site_of(prior=prior)))
    with pytest.raises(CapabilityError, match="that of one latent variable"):
        decomposed(trace_of(site_of(), site_of(name="other")))


def test_one_example_is_no_batch() -> None:
    with pytest.raises(UserError, match="at least two examples in a batch"):
        decomposed(trace_of(site_of(batch=1)))


@pytest.mark.parametrize(
    "arguments", [{"total_correlation": -1.0}, {"estimator": "stratifed"}, {"examples": 0}]
)
def test_impossible_settings_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(Exception, match=r"weights|did you mean stratified|examples|Literal"):
        DecomposedKL(**arguments)  # type: ignore[arg-type]
