import pytest
import scipy.stats
import torch
from torch import Tensor
from torch.distributions import Independent

from vaekit.distributions import Categories, Levels, NegativeBinomial, Poisson, level_values, log_mass
from vaekit.distributions.counts import gamma_quantile, poisson_quantile
from vaekit.distributions.uniforms import FromUniforms
from vaekit.errors import UserError
from vaekit.noise import Noise, cut, draw

LOG_MEAN = torch.tensor([-2.0, 0.0, 1.5, 4.0], dtype=torch.float64)
SPREAD = torch.tensor([0.3, 1.0, 5.0, 0.8], dtype=torch.float64)
LOGITS = torch.tensor([[0.0, 1.0, -2.0], [3.0, 3.0, -40.0]], dtype=torch.float64)
FAMILIES: dict[str, FromUniforms] = {
    "Poisson": Poisson(LOG_MEAN),
    "negative binomial": NegativeBinomial(LOG_MEAN, SPREAD),
    "levels": Levels(LOGITS),
    "categories": Categories(LOGITS),
}


def every(name: str) -> Tensor:
    """All values that have mass, but for less than 10⁻¹⁰ of it."""
    if name == "levels":
        return level_values(3, torch.float64).unsqueeze(-1)
    return torch.arange(3.0 if name == "categories" else 5000.0, dtype=torch.float64).unsqueeze(-1)


@pytest.mark.parametrize("name", FAMILIES)
def test_masses_sum_to_one(name: str) -> None:
    masses = FAMILIES[name].log_prob(every(name)).exp()
    assert (masses <= 1).all()
    torch.testing.assert_close(masses.sum(0), torch.ones(masses.shape[1]).double(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["Poisson", "negative binomial", "levels"])
def test_mean_and_variance_are_those_of_the_masses(name: str) -> None:
    p, x = FAMILIES[name], every(name)
    masses = p.log_prob(x).exp()
    mean = (masses * x).sum(0)
    torch.testing.assert_close(p.mean, mean)
    torch.testing.assert_close(p.variance, (masses * x.square()).sum(0) - mean.square())


def test_masses_are_those_of_scipy() -> None:
    k = torch.arange(60.0, dtype=torch.float64).unsqueeze(-1)
    rate, r = LOG_MEAN.exp().numpy(), SPREAD.numpy()
    poisson = scipy.stats.poisson.logpmf(k.numpy(), rate)
    binomial = scipy.stats.nbinom.logpmf(k.numpy(), r, r / (r + rate))
    torch.testing.assert_close(FAMILIES["Poisson"].log_prob(k), torch.from_numpy(poisson))
    torch.testing.assert_close(FAMILIES["negative binomial"].log_prob(k), torch.from_numpy(binomial))


def test_a_negative_binomial_without_spread_is_poisson() -> None:
    k = torch.arange(60.0, dtype=torch.float64).unsqueeze(-1)
    wide = NegativeBinomial(LOG_MEAN, torch.tensor(1e8).double()).log_prob(k)
    torch.testing.assert_close(wide, Poisson(LOG_MEAN).log_prob(k), rtol=1e-4, atol=1e-4)


def test_a_category_has_its_likeliest_code_in_the_place_of_a_mean() -> None:
    assert FAMILIES["categories"].mean.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("rate", [1e-4, 0.5, 7.0, 300.0])
def test_quantiles_are_those_of_scipy(rate: float) -> None:
    u = torch.linspace(0.0005, 0.9995, 500).double()
    found = poisson_quantile(u, torch.tensor(rate).double())
    assert found.tolist() == scipy.stats.poisson(rate).ppf(u.numpy()).tolist()
    theirs = torch.from_numpy(scipy.stats.gamma(rate).ppf(u.numpy()))
    # Both are 0 where a Gamma of a tiny shape has its mass.
    torch.testing.assert_close(gamma_quantile(u, torch.tensor(rate).double()), theirs, rtol=1e-4, atol=1e-40)


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_have_the_masses(name: str) -> None:
    """χ² over the values expected five times at least; false alarm 10⁻⁴ for each column, and the seed is fixed."""
    p, n, x = FAMILIES[name], 4000, every(name)
    columns = p.batch_shape[0]
    drawn = draw(p.expand((1, columns)), (n, 1, columns), Noise(2, (), cut(columns, 1)), "x")[:, 0]
    expected = n * p.log_prob(x).exp()
    for column in range(columns):
        often = expected[:, column] >= 5
        counts = (drawn[:, column] == x[often]).sum(-1).double()
        observed = torch.cat([counts, (n - counts.sum()).reshape(1)])
        wanted = torch.cat(
            [expected[often, column], (n - expected[often, column].sum()).clamp(min=1e-9).reshape(1)]
        )
        keep = wanted > 0.5
        assert observed[~keep].sum() == 0
        wanted, observed = wanted[keep], observed[keep]
        if len(wanted) > 1:
            found = scipy.stats.chisquare(observed.numpy(), (wanted * n / wanted.sum()).numpy())
            assert found.pvalue > 1e-4, column


@pytest.mark.parametrize("name", FAMILIES)
def test_the_draws_of_an_example_do_not_depend_on_the_cut(name: str) -> None:
    base = FAMILIES[name]
    columns = base.batch_shape[0]
    p, part = (Independent(base.expand((rows, columns)), 1) for rows in (6, 3))
    whole = Noise(0, (1,), cut(6, 4))
    drawn = draw(p, (5, 6), whole, "x")
    assert torch.equal(drawn[:, 2:5], draw(part, (5, 3), whole.part(2, 5), "x"))
    assert len(drawn.unique()) > 1
    assert p.sample((7,)).shape == (7, 6, columns)


@pytest.mark.parametrize("name", ["Poisson", "negative binomial"])
@pytest.mark.parametrize("log_mean", [-16.0, 16.0])
@pytest.mark.parametrize("count", [0.0, 1e6])
def test_extreme_means_and_counts_cost_finite_nats(name: str, log_mean: float, count: float) -> None:
    mean = torch.tensor([log_mean]).requires_grad_()
    p = Poisson(mean) if name == "Poisson" else NegativeBinomial(mean, torch.tensor(1.0))
    value = p.log_prob(torch.tensor([count]))
    value.sum().backward()
    assert value.isfinite().all()
    assert mean.grad is not None
    assert mean.grad.isfinite().all()


def test_levels_have_their_mass_as_log_mass_and_refuse_other_levels() -> None:
    p, x = FAMILIES["levels"], every("levels")
    assert torch.equal(log_mass(p, x, 3), p.log_prob(x))
    with pytest.raises(UserError, match="was built for 3 levels, the data have 5"):
        log_mass(p, x, 5)
