from typing import Literal

import pytest
import torch
from torch.nn import Linear, Parameter

from vaekit.bounded import softly_bounded
from vaekit.posteriors import DiagonalGaussian
from vaekit.posteriors.diagonal import with_state
from vaekit.priors import StandardNormal

PRIOR = StandardNormal(2)()


def test_mean_and_log_scale_are_linear_in_the_features() -> None:
    posterior, features = DiagonalGaussian(5, 0, 2), torch.randn(4, 5)
    assert isinstance(posterior.log_std, Linear)
    q = posterior(features, PRIOR, None)
    torch.testing.assert_close(q.mean, posterior.mean(features))
    torch.testing.assert_close(q.stddev, softly_bounded(posterior.log_std(features)).exp())
    assert q.batch_shape == (4,)


@pytest.mark.parametrize("lead", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("scale", ["predicted", "shared"])
def test_a_state_gives_its_batch_shape(lead: tuple[int, ...], scale) -> None:
    posterior = DiagonalGaussian(5, 3, 2, scale)
    features, state = torch.randn(4, 5), torch.randn(*lead, 3)
    q = posterior(features, PRIOR, state)
    assert q.batch_shape == lead
    assert q.event_shape == (2,)
    last = tuple(-1 for _ in lead)
    alone = posterior(features[-1:], PRIOR, state[last][None])
    torch.testing.assert_close(q.mean[last], alone.mean[0])


def test_a_shared_scale_is_one_parameter_for_all_examples() -> None:
    posterior = DiagonalGaussian(5, 0, 2, scale="shared")
    assert isinstance(posterior.log_std, Parameter)
    torch.nn.init.constant_(posterior.log_std, -1.5)
    std = posterior(torch.randn(4, 5), PRIOR, None).stddev
    torch.testing.assert_close(std, torch.full((4, 2), -1.5).exp())


def test_extreme_features_leave_scale_and_gradients_finite() -> None:
    posterior = DiagonalGaussian(1, 0, 2)
    q = posterior(torch.tensor([[-1e6], [1e6]]), PRIOR, None)
    assert ((q.stddev > 1e-4) & (q.stddev < 60)).all()
    q.stddev.sum().backward()
    assert all(p.grad.isfinite().all() for p in posterior.parameters() if p.grad is not None)


@pytest.mark.parametrize("lead", [(4,), (3, 4), (2, 3, 4)])
def test_features_are_joined_with_every_sample_of_the_state(lead: tuple[int, ...]) -> None:
    features, state = torch.randn(4, 5), torch.randn(*lead, 3)
    joined = with_state(features, state)
    assert joined.shape == (*lead, 8)
    assert torch.equal(joined[..., :5], features.expand(*lead, 5))
    assert torch.equal(joined[..., 5:], state)


def test_without_a_state_features_pass_unchanged() -> None:
    features = torch.randn(4, 5)
    assert with_state(features, None) is features


@pytest.mark.parametrize("scale", ["predicted", "shared"])
def test_codes_are_standardised_where_they_are(scale: Literal["predicted", "shared"]) -> None:
    posterior, features = DiagonalGaussian(5, 0, 3, scale), 2 + 0.1 * torch.randn(200, 5)
    prior = StandardNormal(3)()
    posterior.standardise(posterior(features, prior, None).mean, 0.3)
    q = posterior(features, prior, None)
    torch.testing.assert_close(q.mean.mean(0), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(q.mean.std(0), torch.ones(3), rtol=1e-4, atol=0)
    torch.testing.assert_close(q.stddev, torch.full((200, 3), 0.3), rtol=1e-2, atol=0)
