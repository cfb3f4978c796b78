"""What torch expects of every distribution, held against each of ours."""

from collections.abc import Callable

import pytest
import torch
from torch.distributions import Distribution, Independent

from vaekit.distributions import ContinuousBernoulli, DiscretisedLogistic, DiscretisedLogisticMixture

Make = Callable[..., Distribution]


def continuous_bernoulli(*batch: int, dtype: torch.dtype = torch.float32) -> Distribution:
    return ContinuousBernoulli(
        torch.linspace(-3, 3, max(1, torch.Size(batch).numel()), dtype=dtype).reshape(batch)
    )


def logistic(*batch: int, dtype: torch.dtype = torch.float32) -> Distribution:
    mean = torch.linspace(0.1, 0.8, max(1, torch.Size(batch).numel()), dtype=dtype).reshape(batch)
    return DiscretisedLogistic(mean, mean.new_tensor(-2.0), 17)


def mixture(*batch: int, dtype: torch.dtype = torch.float32) -> Distribution:
    mean = torch.linspace(0.1, 0.8, 3 * max(1, torch.Size(batch).numel()), dtype=dtype).reshape(*batch, 3)
    return DiscretisedLogisticMixture(mean.new_tensor([0.0, 1.0, -1.0]), mean, mean.new_tensor(-2.0), 17)


every = pytest.mark.parametrize("make", [continuous_bernoulli, logistic, mixture])


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_shapes_and_types(make: Make, batch: tuple[int, ...], dtype: torch.dtype) -> None:
    distribution = make(*batch, dtype=dtype)
    assert distribution.batch_shape == batch
    assert distribution.event_shape == ()
    for sample_shape in [(), (5,), (5, 6)]:
        x = distribution.sample(torch.Size(sample_shape))
        assert x.shape == (*sample_shape, *batch)
        assert x.dtype == dtype
        assert distribution.log_prob(x).shape == x.shape
        assert distribution.log_prob(x).dtype == dtype
    assert distribution.mean.shape == batch
    assert distribution.mean.dtype == dtype


@every
def test_expand_repeats_the_batch(make: Make) -> None:
    distribution = make(3)
    wide = distribution.expand(torch.Size([4, 3]))
    assert type(wide) is type(distribution)
    assert wide.batch_shape == (4, 3)
    assert wide.sample().shape == (4, 3)
    x = torch.tensor([0.25, 0.5, 1.0])
    torch.testing.assert_close(wide.log_prob(x), distribution.log_prob(x).expand(4, 3))
    torch.testing.assert_close(wide.mean, distribution.mean.expand(4, 3))


@every
def test_independent_wraps_and_expands(make: Make) -> None:
    wrapped = Independent(make(2, 3), 1, validate_args=False).expand(torch.Size([5, 2]))
    assert wrapped.event_shape == (3,)
    assert wrapped.log_prob(wrapped.sample()).shape == (5, 2)


@every
def test_samples_average_to_the_mean(make: Make) -> None:
    """Within 4 standard errors for each of four; false alarm 0.03% together, seed fixed."""
    torch.manual_seed(0)
    distribution = make(4, dtype=torch.float64)
    n = 20000
    x = distribution.sample(torch.Size([n]))
    assert ((x.mean(0) - distribution.mean).abs() < 4 * x.std(0) / n**0.5).all()


@every
def test_sampling_carries_no_gradient(make: Make) -> None:
    assert not make(4).sample().requires_grad


@every
def test_repr_names_the_class(make: Make) -> None:
    distribution = make(4)
    assert repr(distribution).startswith(type(distribution).__name__)


@every
def test_only_reparameterised_distributions_have_rsample(make: Make) -> None:
    distribution = make(4)
    if distribution.has_rsample:
        assert distribution.rsample(torch.Size([2])).shape == (2, 4)
    else:
        with pytest.raises(NotImplementedError):
            distribution.rsample(torch.Size([2]))
