import pytest
import torch

from vaekit.bounded import softly_bounded
from vaekit.errors import UserError
from vaekit.priors import ConditionalGaussian


@pytest.mark.parametrize("lead", [(4,), (5, 4), (2, 5, 4)])
def test_mean_and_log_scale_are_linear_in_the_state(lead: tuple[int, ...]) -> None:
    prior, state = ConditionalGaussian(state=3, latents=2), torch.randn(*lead, 3)
    p = prior(state)
    assert p.batch_shape == lead
    assert p.event_shape == (2,)
    torch.testing.assert_close(p.mean, state @ prior.mean.weight.T + prior.mean.bias)
    log_std = state @ prior.log_std.weight.T + prior.log_std.bias
    torch.testing.assert_close(p.stddev.log(), softly_bounded(log_std))


def test_another_state_is_another_prior() -> None:
    prior, state = ConditionalGaussian(state=3, latents=2), torch.randn(4, 3)
    z = torch.zeros(2)
    assert (prior(state).log_prob(z) != prior(-state).log_prob(z)).all()


def test_extreme_states_leave_the_scale_positive_and_finite() -> None:
    prior = ConditionalGaussian(state=1, latents=2)
    std = prior(torch.tensor([[-1e6], [1e6]])).stddev
    assert ((std > 1e-4) & (std < 60)).all()


def test_a_state_is_needed() -> None:
    with pytest.raises(UserError, match="each state above it, and was told none"):
        ConditionalGaussian(3, 2)()
