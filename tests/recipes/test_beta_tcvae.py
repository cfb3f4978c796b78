import pytest
import torch

from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, NLL, DecomposedKL, Objective
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), None, examples=500)


def value_of(name: str, **options: object) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The objective at the end of training, the NLL, and the Monte-Carlo KL."""
    recipe = build_recipe(name, SPEC, latents=3, **options)
    (turn,) = recipe.turns
    assert isinstance(turn, Objective)
    trace = recipe.model.trace(torch.randn(16, 6), noise=Noise(0, (0,), cut(16, 2)))
    value, _ = turn.value(trace, torch.tensor(1.0))
    return value, NLL()(trace), KL("monte_carlo")(trace)


@pytest.mark.parametrize("estimator", ["stratified", "weighted"])
def test_with_weights_of_one_it_is_the_vae(estimator: str) -> None:
    value, nll, kl = value_of("beta_tcvae", beta=1.0, estimator=estimator)
    torch.testing.assert_close(value, nll + kl, rtol=1e-4, atol=1e-4)


def test_it_knows_how_many_examples_there_are() -> None:
    (turn,) = build_recipe("beta_tcvae", SPEC, beta=5.0, alpha=2.0, gamma=3.0).turns
    assert isinstance(turn, Objective)
    assert turn.terms[1].term == DecomposedKL(2.0, 5.0, 3.0, examples=500)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"posterior": "full_covariance"}, "has no option posterior"),
        ({"beta": -1.0}, "at least 0"),
        ({"estimator": "stratifed"}, "did you mean stratified"),
    ],
)
def test_what_it_cannot_do_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(Exception, match=rf"{sentence}|Literal") as caught:
        build_recipe("beta_tcvae", SPEC, **options)
    assert isinstance(caught.value, UserError) or "estimator" in options
