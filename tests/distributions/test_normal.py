"""A normal with few standard deviations against torch's."""

import pytest
import torch
from torch.distributions import Independent, Normal

from vaekit.distributions import SharedScaleNormal


@pytest.mark.parametrize("shape", [(), (5,), (4, 1), (4, 5)])
def test_density_and_derivatives_are_torchs(shape: tuple[int, ...]) -> None:
    mean = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    scale = (0.1 + torch.rand(shape, dtype=torch.float64)).requires_grad_()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    ours = SharedScaleNormal(mean, scale).log_prob(x)
    theirs = Normal(mean, scale.expand_as(mean), validate_args=False).log_prob(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    for found, expected in zip(
        torch.autograd.grad(ours.sum(), (mean, scale)),
        torch.autograd.grad(theirs.sum(), (mean, scale)),
        strict=True,
    ):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_it_is_expanded_and_summed_like_torchs() -> None:
    mean, scale = torch.randn(4, 5), torch.tensor(0.5)
    wide = Independent(SharedScaleNormal(mean, scale), 1, validate_args=False).expand((3, 4))
    assert isinstance(wide, Independent)
    assert isinstance(wide.base_dist, SharedScaleNormal)
    x = torch.randn(3, 4, 5)
    torch.testing.assert_close(wide.log_prob(x), Normal(mean, scale).log_prob(x).sum(-1))
    assert wide.mean.shape == (3, 4, 5)
