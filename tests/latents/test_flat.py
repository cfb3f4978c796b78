import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from vaekit.latents import Flat
from vaekit.priors import GaussianPrior, StandardNormal


@pytest.mark.parametrize("batch_shape", [(4,), (3, 4), (2, 3, 4)])
def test_the_decoder_sees_the_value_that_was_chosen(batch_shape: tuple[int, ...]) -> None:
    latents, z = Flat(2, StandardNormal(2)), torch.randn(*batch_shape, 2)
    asked: list[tuple[str, Distribution, Tensor | None]] = []

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        asked.append((name, prior, state))
        return z

    assert latents(choose, batch_shape) is z
    ((name, prior, state),) = asked
    assert name == "z"
    assert state is None
    assert prior.event_shape == (2,)


def test_its_facts() -> None:
    latents = Flat(5, StandardNormal(5))
    assert latents.sites == {"z": 5}
    assert latents.state_features == {"z": 0}
    assert latents.out_features == 5


def test_the_prior_can_be_replaced_and_is_then_saved() -> None:
    latents = Flat(2, StandardNormal(2))
    prior = GaussianPrior(torch.ones(2), torch.eye(2))
    latents.replace_top(prior)
    assert latents.top is prior
    assert set(latents.state_dict()) == {"prior.mean", "prior.scale_tril"}
