import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from vaekit.core import Site, Trace
from vaekit.noise import Noise, cut, draw
from vaekit.objectives import KL, MMD, NLL
from vaekit.objectives.kernels import Parts, mean_over_pairs
from vaekit.objectives.mmd import KernelName
from vaekit.priors import SparsePrior, StandardNormal

D = 3
PRIORS = {"standard": StandardNormal(D)(), "sparse": SparsePrior(D)()}


def trace_of(z: Tensor, prior: Distribution) -> Trace:
    q = Independent(Normal(z, 1.0, validate_args=False), 1, validate_args=False)
    return Trace(torch.zeros(z.shape[-2], D), (Site("z", z, prior, q),), q)


def draws(p: Distribution, batch_shape: tuple[int, ...], key: int) -> Tensor:
    return draw(p, batch_shape, Noise(3, (key,), cut(batch_shape[-1], 1)), "z")


@pytest.mark.parametrize("name", PRIORS)
def test_codes_that_follow_the_prior_are_no_distance_away(name: str) -> None:
    """C18: mean 0 under H0; 400 batches of 20, limit 4 standard errors, false alarm 6·10⁻⁵; fixed seed."""
    p = PRIORS[name]
    values = torch.stack([MMD()(trace_of(draws(p, (20,), key), p)).mean() for key in range(400)]).double()
    assert (values < 0).any()
    assert values.mean().abs() < 4 * values.std() / math.sqrt(len(values))


def test_codes_of_a_normal_are_away_from_a_sparse_prior() -> None:
    p, q = PRIORS["sparse"], PRIORS["standard"]
    values = torch.stack([MMD()(trace_of(draws(q, (20,), key), p)).mean() for key in range(200)]).double()
    cross = Parts.of(p).rbf_at(draws(q, (40_000,), 999)).double()
    exact = Parts.of(p).rbf_within() + Parts.of(q).rbf_within() - 2 * cross.mean()
    error = math.hypot(values.std().item() / math.sqrt(200), 2 * cross.std().item() / 200)
    assert exact > 10 * error
    # 4 standard errors: false alarm 6·10⁻⁵, and the seed is fixed.
    assert abs(values.mean().item() - exact.item()) < 4 * error


def test_the_mean_over_examples_is_the_u_statistic_of_each_draw() -> None:
    p = PRIORS["sparse"]
    z = draws(PRIORS["standard"], (2, 3, 7), 0)
    values = MMD()(trace_of(z, p))
    assert values.shape == (7,)
    parts = Parts.of(p)
    each = mean_over_pairs(z).mean(-1) - 2 * parts.rbf_at(z).mean(-1) + parts.rbf_within()
    torch.testing.assert_close(values.mean(), each.mean())


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
@pytest.mark.parametrize("name", PRIORS)
def test_codes_that_follow_the_prior_are_no_distance_away_in_any_kernel(
    name: str, kernel: KernelName
) -> None:
    """C18: mean 0 under H0; 300 batches of 20, limit 4 standard errors, false alarm 6·10⁻⁵; fixed seed."""
    p, term = PRIORS[name], MMD(kernel=kernel)
    values = torch.stack([term(trace_of(draws(p, (20,), key), p)).mean() for key in range(300)]).double()
    assert (values < 0).any()
    assert values.mean().abs() < 4 * values.std() / math.sqrt(len(values))


def test_only_kernels_of_whole_vectors_see_that_dimensions_depend_on_each_other() -> None:
    p = PRIORS["standard"]
    z = draws(p, (400,), 0)
    z = torch.stack([z[:, 0], z[:, 0], z[:, 2]], -1)
    marginal, *joint = (
        MMD(kernel=kernel)(trace_of(z, p)).mean().item() for kernel in ("marginal_rbf", "rbf", "imq")
    )
    assert min(joint) > 0.02
    assert abs(marginal) < min(joint)


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(Exception, match=r"did you mean imq|Literal"):
        MMD(kernel="img")  # type: ignore[arg-type]


def test_its_gradient_moves_codes_towards_the_prior() -> None:
    p = PRIORS["sparse"]
    z = (draws(PRIORS["standard"], (64,), 0) + 1.5).requires_grad_()
    optimiser = torch.optim.Adam([z], lr=0.05)
    before = MMD()(trace_of(z, p)).mean().item()
    for _ in range(150):
        optimiser.zero_grad()
        MMD()(trace_of(z, p)).mean().backward()
        optimiser.step()
    after = MMD()(trace_of(z, p)).mean().item()
    assert abs(after) < 0.05 * before
    assert z.detach().abs().median() < 0.35  # most latents are off


def test_it_couples_examples() -> None:
    assert not MMD().per_example
    assert not (NLL() + KL() + 10.0 * MMD()).per_example
