import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent

from vaekit.distributions import log_prob_per_dim
from vaekit.errors import CapabilityError
from vaekit.likelihoods import MixedLikelihood
from vaekit.nets.table import TableInputs
from vaekit.noise import Noise, cut, draw
from vaekit.spec import Column, DataSpec

COLUMNS = (
    Column("binary"),
    Column("real", mean=100.0, std=20.0),
    Column("categorical", 3),
    Column("positive", mean=1.0, std=0.5),
    Column("count", mean=1.0, std=0.7),
    Column("real", mean=0.0, std=0.1),
    Column("categorical", 4),
)
SPEC = DataSpec((7,), None, columns=COLUMNS)


def rows() -> Tensor:
    return torch.tensor([[1.0, 90.0, 2.0, 2.5, 3.0, 0.05, 0.0], [0.0, 130.0, 0.0, 0.5, 0.0, -0.2, 3.0]])


def test_outputs_are_counted_by_column() -> None:
    likelihood = MixedLikelihood(SPEC)
    assert likelihood.outputs((7,)) == (12,)
    p = likelihood(torch.randn(3, 2, 12))
    assert p.batch_shape == p.log_prob(rows()).shape == (3, 2)
    assert likelihood.centre(p).shape == (3, 2, 7)


def test_at_zero_every_column_is_what_its_own_formula_says() -> None:
    """Groups stand in the order real, positive, count, binary, categorical; σ starts at s, concentration at 1."""
    likelihood = MixedLikelihood(SPEC).double()
    x = rows().double()
    found = log_prob_per_dim(likelihood(torch.zeros(2, 12).double()), x)
    one = math.exp(likelihood.scales["0"]().log()[0].item())  # σ/s where it starts

    def normal(values: Tensor, mean: float, std: float) -> Tensor:
        return -((values - mean) ** 2) / (2 * std**2) - math.log(std * math.sqrt(2 * math.pi))

    mean = math.exp(1) - 1
    r = one
    k = x[:, 4]
    binomial = (
        torch.lgamma(k + r)
        - math.lgamma(r)
        - torch.lgamma(k + 1)
        + r * math.log(r / (r + mean))
        + k * math.log(mean / (r + mean))
    )
    expected = [
        torch.full((2,), -math.log(2)),
        normal(x[:, 1], 100.0, 20 * one),
        torch.full((2,), -math.log(3)),
        normal(x[:, 3].log(), 1.0, 0.5 * one) - x[:, 3].log(),
        binomial,
        normal(x[:, 5], 0.0, 0.1 * one),
        torch.full((2,), -math.log(4)),
    ]
    torch.testing.assert_close(found, torch.stack([e.double() for e in expected], -1), rtol=1e-5, atol=1e-5)


def test_each_output_moves_its_own_column_alone() -> None:
    likelihood = MixedLikelihood(SPEC)
    base = log_prob_per_dim(likelihood(torch.zeros(2, 12)), rows())
    moved = [
        (log_prob_per_dim(likelihood(torch.eye(12)[i].expand(2, 12)), rows()) != base)
        .any(0)
        .nonzero()
        .flatten()
        for i in range(12)
    ]
    assert [each.tolist() for each in moved] == [[1], [5], [3], [4], [0], [2], [2], [2], [6], [6], [6], [6]]


def test_the_measure_is_a_mass_only_where_no_column_has_a_density() -> None:
    assert MixedLikelihood(SPEC).measure == "density"
    discrete = DataSpec((2,), None, columns=(Column("binary"), Column("count")))
    assert MixedLikelihood(discrete).measure == "mass"
    with pytest.raises(CapabilityError, match="must know what each column holds: say --columns"):
        MixedLikelihood(DataSpec((2,), None))


def test_draws_are_of_each_kind_and_do_not_depend_on_the_cut() -> None:
    likelihood = MixedLikelihood(SPEC)
    h = torch.randn(6, 12)
    whole = Noise(0, (1,), cut(6, 4))
    x = draw(likelihood(h), (5, 6), whole, "x")
    part = draw(likelihood(h[2:5]), (5, 3), whole.part(2, 5), "x")
    assert torch.equal(x[:, 2:5], part)
    assert set(x[..., 0].unique().tolist()) <= {0.0, 1.0}
    assert (x[..., 3] > 0).all()
    for column, most in ((2, 2), (4, math.inf), (6, 3)):
        assert torch.equal(x[..., column], x[..., column].round())
        assert 0 <= x[..., column].min() <= x[..., column].max() <= most
    assert isinstance(likelihood(h), Independent)
    assert likelihood(h).sample((4,)).shape == (4, 6, 7)


def test_the_score_of_a_draw_is_zero_on_average() -> None:
    """E_p[score] = 0: the slope of log p at draws of p averages to nothing, for each output.

    Limit 4.5 standard errors over 12 outputs: false alarm 8·10⁻⁵, and the seed is fixed.
    """
    likelihood, n = MixedLikelihood(SPEC), 4000
    h = torch.randn(1, 12, generator=torch.Generator().manual_seed(0)).expand(n, 12).clone().requires_grad_()
    p = likelihood(h)
    x = draw(p, (n,), Noise(3, (), cut(n, 8)), "x").detach()
    (slopes,) = torch.autograd.grad(p.log_prob(x).sum(), h)
    assert (slopes.mean(0).abs() < 4.5 * slopes.std(0) / math.sqrt(n)).all()


def test_a_network_sees_every_column_on_a_scale_of_its_own() -> None:
    inputs = TableInputs(
        ["as it is", "standardised", 3, "logarithm", "log of one more"],
        [0.0, 100.0, 0.0, 1.0, 1.0],
        [1.0, 20.0, 1.0, 0.5, 0.7],
    )
    x = torch.tensor([[1.0, 120.0, 2.0, math.e, math.e**2 - 1]])
    seen = inputs(x)
    torch.testing.assert_close(seen, torch.tensor([[1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1 / 0.7]]))
    assert seen.shape[1] == inputs.out_features
    assert inputs(torch.zeros(1, 5)).isfinite().all()
