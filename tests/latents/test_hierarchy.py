import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Linear

from vaekit.latents import TopDown
from vaekit.priors import ConditionalGaussian, GaussianPrior, StandardNormal


def a_hierarchy(decoder_sees_top: bool = True) -> TopDown:
    torch.manual_seed(0)
    conditional = ConditionalGaussian(4, 3)
    return TopDown(2, 3, StandardNormal(2), Linear(2, 4), 4, conditional, decoder_sees_top)


def visit(
    latents: TopDown, z2: Tensor, z1: Tensor
) -> tuple[Tensor, dict[str, tuple[Distribution, Tensor | None]]]:
    seen: dict[str, tuple[Distribution, Tensor | None]] = {}

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        seen[name] = prior, state
        return {"z2": z2, "z1": z1}[name]

    return latents(choose, z2.shape[:-1]), seen


@pytest.mark.parametrize("batch_shape", [(4,), (3, 4), (2, 3, 4)])
def test_the_upper_value_shapes_the_prior_of_the_lower(batch_shape: tuple[int, ...]) -> None:
    latents = a_hierarchy()
    z2, z1 = torch.randn(*batch_shape, 2), torch.randn(*batch_shape, 3)
    _, seen = visit(latents, z2, z1)
    assert list(seen) == ["z2", "z1"]
    prior, state = seen["z1"]
    assert state is not None
    torch.testing.assert_close(state, latents.state(z2))
    torch.testing.assert_close(prior.mean, latents.conditional(latents.state(z2)).mean)
    other, _ = visit(latents, z2 + 1, z1)[1]["z1"]
    assert (other.log_prob(z1) != prior.log_prob(z1)).all()


def test_the_top_has_nothing_above_it() -> None:
    _, seen = visit(a_hierarchy(), torch.randn(4, 2), torch.randn(4, 3))
    prior, state = seen["z2"]
    assert state is None
    assert prior.batch_shape == ()


@pytest.mark.parametrize("decoder_sees_top", [True, False])
def test_what_the_decoder_sees(decoder_sees_top: bool) -> None:
    latents = a_hierarchy(decoder_sees_top)
    z2, z1 = torch.randn(5, 4, 2), torch.randn(5, 4, 3)
    h, _ = visit(latents, z2, z1)
    expected = torch.cat([z1, latents.state(z2)], -1) if decoder_sees_top else z1
    torch.testing.assert_close(h, expected)
    assert h.shape == (5, 4, latents.out_features)


def test_its_facts() -> None:
    latents = a_hierarchy()
    assert list(latents.sites.items()) == [("z2", 2), ("z1", 3)]
    assert latents.state_features == {"z2": 0, "z1": 4}


def test_only_the_top_prior_is_replaced() -> None:
    latents = a_hierarchy()
    conditional, prior = latents.conditional, GaussianPrior(torch.ones(2), torch.eye(2))
    latents.replace_top(prior)
    assert latents.top is prior
    assert latents.conditional is conditional
