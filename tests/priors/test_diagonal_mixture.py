"""The density by products of matrices against torch's own, and draws that no cut of a batch changes."""

from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vaekit.noise import Noise, cut, draw
from vaekit.priors import DiagonalMixture

LOGITS = torch.tensor([0.3, -1.0, 0.0])
MEAN = torch.tensor([[-3.0, 1.0], [0.0, 0.0], [4.0, -2.0]])
STD = torch.tensor([[0.5, 0.01], [1.0, 2.0], [0.1, 0.3]])


def plain(logits: Tensor = LOGITS) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(logits=logits), Independent(Normal(MEAN, STD), 1))


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4)])
def test_log_prob_is_torchs(shape) -> None:
    p = DiagonalMixture(LOGITS, MEAN, STD)
    z = 3 * torch.randn(*shape, 2)
    assert p.log_prob(z).shape == shape
    torch.testing.assert_close(p.log_prob(z), plain().log_prob(z), rtol=1e-5, atol=1e-5)


def test_narrow_components_far_from_the_origin_keep_their_digits() -> None:
    mean, std = torch.full((1, 50), 20.0), torch.full((1, 50), 4e-4)
    z = mean[0] + std[0] * torch.randn(6, 50)
    expected = Independent(Normal(mean[0].double(), std[0].double()), 1).log_prob(z.double())
    torch.testing.assert_close(
        DiagonalMixture(torch.zeros(1), mean, std).log_prob(z).double(), expected, rtol=1e-5, atol=0
    )


def test_many_rows_at_a_time_give_what_few_give(monkeypatch) -> None:
    p, z = DiagonalMixture(LOGITS, MEAN, STD), torch.randn(11, 2)
    out = torch.rand(11, 3) < 0.4
    out[:, 0] = False
    whole = p.log_prob(z), p.log_prob(z, out)
    monkeypatch.setattr("vaekit.priors.diagonal_mixture._AT_ONCE", 6)
    torch.testing.assert_close((p.log_prob(z), p.log_prob(z, out)), whole)


def test_components_left_out_leave_their_weight_to_the_others() -> None:
    p, z = DiagonalMixture(LOGITS, MEAN, STD), torch.randn(2, 4, 2)
    out = torch.tensor([[False] * 3, [True, False, False], [False, True, True], [True, False, True]])
    found = p.log_prob(z, out)
    for i, row in enumerate(out):
        expected = plain(LOGITS.masked_fill(row, -torch.inf)).log_prob(z[:, i])
        torch.testing.assert_close(found[:, i], expected, rtol=1e-5, atol=1e-5)


def test_slopes_reach_every_parameter() -> None:
    leaves = [t.clone().double().requires_grad_() for t in (LOGITS, MEAN, STD)]
    z = torch.randn(3, 2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a, b, c: DiagonalMixture(a, b, c).log_prob(z), leaves)


def test_draws_have_the_weights_and_moments_of_the_mixture() -> None:
    """Means of 20,000 draws, 4.5 standard errors: a false alarm of 7e-6 for each of four numbers."""
    n = 20_000
    p = DiagonalMixture(LOGITS, MEAN, STD)
    z = draw(p, (n,), Noise(0, (), cut(n, 7)), "z")
    assert ((z.mean(0) - p.mean).abs() < 4.5 * p.stddev / sqrt(n)).all()
    nearest = ((z[:, None] - MEAN) / STD).square().sum(-1).argmin(-1)
    share = (nearest == 2).float().mean()  # far from both others
    weight = LOGITS.softmax(0)[2]
    assert (share - weight).abs() < 4.5 * (weight * (1 - weight) / n).sqrt()


def test_a_part_of_a_batch_has_the_draws_of_the_whole() -> None:
    p, whole = DiagonalMixture(LOGITS, MEAN, STD), Noise(0, (1,), cut(8, 4))
    assert torch.equal(draw(p, (3, 8), whole, "z")[:, 3:7], draw(p, (3, 4), whole.part(3, 7), "z"))


def test_expanded_it_is_the_same_law() -> None:
    p, z = DiagonalMixture(LOGITS, MEAN, STD), torch.randn(4, 2)
    assert p.expand((4,)).batch_shape == (4,)
    torch.testing.assert_close(p.expand((4,)).log_prob(z), p.log_prob(z), rtol=1e-5, atol=1e-5)
