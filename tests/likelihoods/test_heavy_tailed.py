import pytest
import torch

from vaekit.distributions import HyperbolicSecant, Laplace, StudentT
from vaekit.errors import UserError
from vaekit.likelihoods import FixedScale, LearnedScale, LogCoshLikelihood, SolvedLaplace, StudentTLikelihood
from vaekit.recipes.compose import build_likelihood
from vaekit.recipes.options import Architecture, LikelihoodName
from vaekit.spec import DataSpec

SPEC = DataSpec((2, 3, 4), levels=17, variance=0.08)
TABLE = DataSpec((6,), levels=None, variance=4.0)
FAMILIES: dict[LikelihoodName, type] = {
    "laplace": Laplace,
    "student_t": StudentT,
    "log_cosh": HyperbolicSecant,
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("sigma", ["solved", "learned", "per_dimension", 0.3])
@pytest.mark.parametrize("lead", [(5,), (2, 5)])
def test_a_likelihood_is_the_sum_over_values_of_its_family(name, sigma, lead) -> None:
    likelihood = build_likelihood(SPEC, Architecture(likelihood=name, sigma=sigma))
    h, x = torch.randn(*lead, *SPEC.shape), torch.rand(5, *SPEC.shape)
    p = likelihood(h)
    assert isinstance(p.base_dist, FAMILIES[name])
    assert p.batch_shape == p.log_prob(x).shape == lead
    torch.testing.assert_close(likelihood.centre(p), h.sigmoid())
    torch.testing.assert_close(p.log_prob(x), p.base_dist.log_prob(x).flatten(len(lead)).sum(-1))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_likelihood_starts_with_the_variance_of_the_data(name: LikelihoodName) -> None:
    """Of log-cosh, whose variance is no plain multiple of its scale, within a third."""
    for spec in (SPEC, TABLE):
        p = build_likelihood(spec, Architecture(likelihood=name, sigma="learned"))(
            torch.zeros(1, *spec.shape)
        )
        torch.testing.assert_close(
            p.base_dist.variance.mean().item(),
            spec.variance,
            rtol=0.35 if name == "log_cosh" else 0.08,
            atol=0,
        )


def test_the_solved_scale_of_laplace_maximises_the_likelihood() -> None:
    """b = E|x − x̂| is the only b without a slope."""
    likelihood = SolvedLaplace(TABLE)
    h, x = torch.zeros(500, 6), 3 * torch.randn(500, 6)
    likelihood.solve(likelihood.errors(likelihood(h), x).mean())
    b = likelihood.scale
    torch.testing.assert_close(b, x.abs().mean())

    def nll(scale: torch.Tensor) -> torch.Tensor:
        return -Laplace(h, scale).log_prob(x).mean()

    assert nll(b) < nll(1.02 * b)
    assert nll(b) < nll(0.98 * b)
    before = likelihood(h).base_dist.scale
    likelihood.observe(torch.tensor(0.0))
    torch.testing.assert_close(likelihood.scale, 0.99 * before)
    likelihood.solve(torch.tensor(0.0))
    assert likelihood.scale > 0
    assert likelihood.solved() == {"laplace_scale": likelihood.scale.item()}


def test_degrees_of_freedom_are_learned_or_given() -> None:
    learned = StudentTLikelihood((6,), LearnedScale(1.0))
    assert 3.9 < learned.freedom().item() < 4.0
    loss = -learned(torch.zeros(400, 6)).log_prob(torch.randn(400, 6)).mean()
    loss.backward()
    slopes = {name: p.grad for name, p in learned.named_parameters()}
    slope = slopes["above_one.log_ratio"]
    assert slope is not None
    assert slope < 0  # normal data want more
    given = StudentTLikelihood((6,), FixedScale(1.0), freedom=3.0)
    assert (given.freedom().item(), list(given.parameters())) == (3.0, [])
    for freedom in (1.0, -2.0, float("inf")):
        with pytest.raises(UserError, match="degrees of freedom are a number above 1"):
            StudentTLikelihood((6,), FixedScale(1.0), freedom=freedom)


def test_an_outlier_draws_a_gaussian_away_but_no_student_t() -> None:
    """The location that fits 99 values near 0 and one at 1000."""
    x = torch.cat([torch.linspace(-1, 1, 99), torch.tensor([1000.0])]).unsqueeze(-1)

    def best(name: LikelihoodName) -> float:
        likelihood = build_likelihood(
            DataSpec((1,), None, variance=1.0), Architecture(likelihood=name, sigma=1.0)
        )
        places = torch.linspace(-20, 20, 401)
        costs = [-likelihood(place.expand(100, 1)).log_prob(x).sum() for place in places]
        return places[int(torch.stack(costs).argmin())].item()

    assert best("gaussian") == pytest.approx(10.0, abs=0.06)
    for name in FAMILIES:
        assert abs(best(name)) < 0.15


@pytest.mark.parametrize("sharpness", [0.0, -1.0, float("nan")])
def test_a_sharpness_is_positive(sharpness: float) -> None:
    with pytest.raises(UserError, match="must be positive and finite"):
        LogCoshLikelihood((6,), FixedScale(1.0), sharpness=sharpness)


@pytest.mark.parametrize("name", FAMILIES)
def test_bands_are_for_a_gaussian(name: LikelihoodName) -> None:
    with pytest.raises(UserError, match="--sigma haar is for --likelihood gaussian"):
        build_likelihood(SPEC, Architecture(likelihood=name, sigma="haar"))
    with pytest.raises(UserError, match="all training examples are the same"):
        build_likelihood(DataSpec((6,), None, variance=0.0), Architecture(likelihood=name))
