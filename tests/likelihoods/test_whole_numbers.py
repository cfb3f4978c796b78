import pytest
import torch

from vaekit.distributions import level_values
from vaekit.errors import CapabilityError
from vaekit.likelihoods import CategoricalLikelihood, NegativeBinomialLikelihood, PoissonLikelihood
from vaekit.spec import DataSpec

COUNTS = DataSpec((3,), None, variance=4.0, whole=True)


@pytest.mark.parametrize("build", [PoissonLikelihood, NegativeBinomialLikelihood])
@pytest.mark.parametrize("lead", [(5,), (2, 5)])
def test_counts_have_the_mean_of_the_decoder(build, lead) -> None:
    likelihood = build(COUNTS)
    h = torch.randn(*lead, 3)
    p = likelihood(h)
    torch.testing.assert_close(likelihood.centre(p), h.exp(), rtol=1e-4, atol=1e-4)
    assert likelihood.measure == "mass"
    x = torch.poisson(torch.ones(5, 3))
    assert p.log_prob(x).shape == lead
    assert (p.log_prob(x) <= 0).all()
    assert (p.log_prob(x + 0.5) == -torch.inf).all()


@pytest.mark.parametrize("build", [PoissonLikelihood, NegativeBinomialLikelihood])
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (DataSpec((3,), 17), "these data have levels: use --likelihood categorical"),
        (DataSpec((1, 8, 8), None), "these data are images"),
        (DataSpec((3,), None, whole=False), "these data hold others: use --likelihood gaussian"),
    ],
)
def test_what_are_no_counts_is_refused(build, spec, words) -> None:
    with pytest.raises(CapabilityError, match=words):
        build(spec)


@pytest.mark.parametrize("shape", [(2, 3, 4), (6,)])
@pytest.mark.parametrize("levels", [2, 17])
def test_categorical_masses_of_each_value_sum_to_one_and_stand_in_order(shape, levels) -> None:
    likelihood = CategoricalLikelihood(DataSpec(shape, levels))
    h = torch.randn(5, levels * shape[0], *shape[1:])
    p = likelihood(h)
    x = level_values(levels, torch.float32).reshape(levels, 1, *[1] * len(shape)).expand(levels, 5, *shape)
    masses = p.base_dist.log_prob(x).exp()
    torch.testing.assert_close(masses.sum(0), torch.ones(5, *shape))
    expected = h.unflatten(1, (levels, shape[0])).softmax(1).movedim(1, 0)
    torch.testing.assert_close(masses, expected)
    torch.testing.assert_close(likelihood.centre(p), (expected * x).sum(0))


@pytest.mark.parametrize(("levels", "words"), [(None, "these are floats"), (257, "at most 256 levels")])
def test_categorical_needs_few_levels(levels, words) -> None:
    with pytest.raises(CapabilityError, match=words):
        CategoricalLikelihood(DataSpec((6,), levels))
