import pytest
import torch
from torch.distributions import kl_divergence

from vaekit.core import Site
from vaekit.noise import Noise, cut, draw
from vaekit.posteriors import BernoulliPosterior
from vaekit.priors import BernoulliPrior


@pytest.mark.parametrize("lead", [(4,), (3, 4), (2, 3, 4)])
def test_a_state_gives_its_batch_shape(lead: tuple[int, ...]) -> None:
    q = BernoulliPosterior(5, 3, 2)(torch.randn(4, 5), BernoulliPrior(2)(), torch.randn(*lead, 3))
    assert q.batch_shape == lead
    assert q.event_shape == (2,)


def test_draws_are_bits_that_do_not_depend_on_the_cut() -> None:
    q = BernoulliPosterior(5, 0, 6)(torch.randn(8, 5), BernoulliPrior(6)(), None)
    z = draw(q, (3, 8), Noise(0, (), cut(8, 4)), "z")
    assert set(z.unique().tolist()) == {0.0, 1.0}
    part = BernoulliPrior(6)()
    whole, half = Noise(0, (), cut(8, 4)), Noise(0, (), cut(8, 4)).part(4, 8)
    assert torch.equal(draw(part, (8,), whole, "z")[4:], draw(part, (4,), half, "z"))


@pytest.mark.parametrize("learned", [True, False])
def test_the_kl_is_the_sum_over_both_values(learned: bool) -> None:
    prior = BernoulliPrior(3, learned).double()
    if learned:
        torch.nn.init.normal_(prior.logits)
    q = BernoulliPosterior(5, 0, 3).double()(torch.randn(4, 5).double(), prior(), None)
    site = Site("z", torch.zeros(2, 4, 3).double(), prior(), q)
    expected = torch.zeros(4, 3).double()
    for b in (0.0, 1.0):
        z = torch.full((4, 3), b).double()
        log_q, log_p = q.base_dist.log_prob(z), prior().base_dist.log_prob(z)
        expected = expected + log_q.exp() * (log_q - log_p)
    torch.testing.assert_close(site.kl_per_dim()[0], expected)
    torch.testing.assert_close(site.kl()[1], expected.sum(-1))
    torch.testing.assert_close(kl_divergence(prior(), prior()), torch.zeros(()).double())


def test_certain_bits_have_a_finite_kl_and_slope() -> None:
    posterior = BernoulliPosterior(1, 0, 1)
    torch.nn.init.constant_(posterior.logits.weight, 1.0)
    q = posterior(torch.tensor([[-200.0], [200.0]]), BernoulliPrior(1)(), None)
    kl = kl_divergence(q, BernoulliPrior(1)())
    torch.testing.assert_close(kl, torch.full((2,), 2.0).log())
    kl.sum().backward()
    assert posterior.logits.weight.grad is not None
    assert posterior.logits.weight.grad.isfinite().all()
