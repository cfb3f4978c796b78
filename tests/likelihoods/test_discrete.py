import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from vaekit.core import Likelihood
from vaekit.distributions import level_values
from vaekit.errors import CapabilityError
from vaekit.likelihoods import BernoulliLikelihood, LogisticLikelihood, LogisticMixtureLikelihood
from vaekit.likelihoods.discrete import centre_of_logistic
from vaekit.likelihoods.gaussian import gaussian
from vaekit.spec import DataSpec

IMAGE, VECTOR = (3, 4, 2), (6,)
QUANTISED = [LogisticLikelihood, LogisticMixtureLikelihood]


def outputs(likelihood: Likelihood, shape: tuple[int, ...], lead: tuple[int, ...] = (5,)) -> Tensor:
    return torch.randn(*lead, likelihood.parameters_per_value * shape[0], *shape[1:])


def some_levels(shape: tuple[int, ...], levels: int, lead: tuple[int, ...] = (5,)) -> Tensor:
    return torch.randint(levels, (*lead, *shape)) / (levels - 1)


@pytest.mark.parametrize("shape", [IMAGE, VECTOR])
def test_bernoulli_is_the_cross_entropy_summed_over_an_example(shape: tuple[int, ...]) -> None:
    likelihood = BernoulliLikelihood(DataSpec(shape, 2))
    h, x = outputs(likelihood, shape, (3, 5)), some_levels(shape, 2)
    expected = -binary_cross_entropy_with_logits(h, x.expand_as(h), reduction="none").flatten(2).sum(-1)
    p = likelihood(h)
    torch.testing.assert_close(p.log_prob(x), expected)
    torch.testing.assert_close(likelihood.centre(p), h.sigmoid())


@pytest.mark.parametrize(
    ("levels", "words"), [(17, "these have 17"), (256, "have 256"), (None, "are floats")]
)
def test_bernoulli_needs_two_levels(levels: int | None, words: str) -> None:
    with pytest.raises(CapabilityError, match=f"{words}: use --binarise dynamic"):
        BernoulliLikelihood(DataSpec(IMAGE, levels))


@pytest.mark.parametrize("build", QUANTISED)
def test_floats_have_no_levels_to_put_mass_on(build) -> None:
    with pytest.raises(CapabilityError, match="these are floats: use --likelihood gaussian"):
        build(DataSpec(IMAGE, None))


@pytest.mark.parametrize("build", QUANTISED)
@pytest.mark.parametrize("shape", [IMAGE, VECTOR])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_the_masses_of_the_levels_of_each_value_sum_to_one(build, shape, levels) -> None:
    """With all values but one held fixed, p(x) summed over that one's levels is p(the others)."""
    likelihood = build(DataSpec(shape, levels))
    p = likelihood(outputs(likelihood, shape))
    every = (
        level_values(levels, torch.float32).reshape(levels, 1, *[1] * len(shape)).expand(levels, 5, *shape)
    )
    masses = p.base_dist.log_prob(every).exp().sum(0)
    assert masses.shape == (5, *shape)
    torch.testing.assert_close(masses, torch.ones_like(masses), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("build", QUANTISED)
@pytest.mark.parametrize("shape", [IMAGE, VECTOR])
@pytest.mark.parametrize("lead", [(5,), (2, 5), (3, 2, 5)])
def test_batch_shape_and_measure(build, shape, lead) -> None:
    likelihood = build(DataSpec(shape, 17))
    p = likelihood(outputs(likelihood, shape, lead))
    assert p.batch_shape == p.log_prob(some_levels(shape, 17)).shape == lead
    assert p.event_shape == likelihood.centre(p).shape[len(lead) :] == shape
    assert likelihood.measure == "mass"
    assert (p.log_prob(some_levels(shape, 17)) <= 0).all()


def test_logistic_outputs_are_locations_then_scales() -> None:
    likelihood = LogisticLikelihood(DataSpec(IMAGE, 17))
    h = torch.randn(5, 6, 4, 2)
    wider = torch.cat([h[:, :3], h[:, 3:] + 1], 1)
    narrow, wide = likelihood(h), likelihood(wider)
    torch.testing.assert_close(likelihood.centre(narrow), h[:, :3].sigmoid())
    torch.testing.assert_close(likelihood.centre(wide), likelihood.centre(narrow))
    assert (wide.base_dist.log_scale > narrow.base_dist.log_scale).all()


def test_mixture_outputs_are_weights_then_locations_then_scales() -> None:
    """All weight on one component of one channel: its location is the centre there."""
    likelihood = LogisticMixtureLikelihood(DataSpec(IMAGE, 17), components=4)
    h = torch.randn(5, 12, 3, 4, 2)
    h[:, :4] = 0.0
    h[:, 2] = 100.0
    centre = likelihood.centre(likelihood(h.flatten(1, 2)))
    torch.testing.assert_close(centre, (h[:, 4 + 2] + likelihood.offsets[2]).sigmoid())


def test_one_component_is_the_plain_logistic() -> None:
    spec = DataSpec(VECTOR, 17)
    mixture, plain = LogisticMixtureLikelihood(spec, components=1), LogisticLikelihood(spec)
    h, x = outputs(plain, VECTOR), some_levels(VECTOR, 17)
    shifted = torch.cat([h[:, :6] + mixture.offsets, h[:, 6:]], 1)
    with_weights = torch.cat([torch.randn(5, 6), h], 1)
    torch.testing.assert_close(mixture(with_weights).log_prob(x), plain(shifted).log_prob(x))


@pytest.mark.parametrize("build", QUANTISED)
@pytest.mark.parametrize("size", [1.0, 30.0, 1e4])
def test_extreme_outputs_give_finite_values_and_gradients(build, size) -> None:
    likelihood = build(DataSpec(VECTOR, 256))
    h = (size * outputs(likelihood, VECTOR)).requires_grad_()
    value = likelihood(h).log_prob(some_levels(VECTOR, 256))
    value.sum().backward()
    assert value.isfinite().all()
    assert h.grad is not None
    assert h.grad.isfinite().all()


def test_only_logistics_have_that_centre() -> None:
    with pytest.raises(CapabilityError, match="Normal is not a discretised logistic"):
        centre_of_logistic(gaussian(torch.zeros(5, 6), torch.ones(()), 1))
