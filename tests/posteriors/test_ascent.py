"""Refined features: the ELBO rises, gradients go through the steps, and nothing depends on the mode of the caller."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.noise import Noise, Tape, cut
from vaekit.objectives import KL, NLL
from vaekit.posteriors import GradientAscent
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), None, 1.0)
Order = Literal["second_order", "first_order"]


def model(steps: int, step_size: float = 0.02, gradient: Order = "second_order", net: str = "linear") -> VAE:
    """A VAE at its random start; a linear one has x for features, and a posterior that knows nothing of it."""
    torch.manual_seed(0)
    recipe = build_recipe("vae", SPEC, net=net, hidden=(4,) if net == "mlp" else None, latents=2, sigma=0.7)
    vae = recipe.model.double()
    vae.refinement = GradientAscent(steps, step_size, gradient=gradient) if steps else None
    return vae


def examples(n: int = 12) -> Tensor:
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def elbo(vae: VAE, x: Tensor) -> Tensor:
    trace = vae.trace(x, (200,), noise=Noise(5, (), cut(len(x), 1)))
    return -(NLL() + KL()).value(trace, torch.tensor(0.5))[0]


def test_the_bound_rises_with_the_steps_where_the_encoder_is_bad() -> None:
    """The same draws judge all."""
    x = examples()
    with torch.no_grad():
        none, few, many = (elbo(model(steps).eval(), x) for steps in (0, 5, 40))
    assert (few.mean() > none.mean() + 0.5).item()
    assert (many.mean() > few.mean()).item()


@pytest.mark.parametrize("gradient", ["second_order", "first_order"])
def test_gradients_of_the_encoder_are_those_of_differences(gradient: Order) -> None:
    """Through the steps; where their slopes are taken for constants the gradient is another one."""
    vae, x = model(3, 0.05, gradient, "mlp"), examples(4)
    parameter = next(p for p in vae.encoder.parameters() if p.ndim == 1)

    def loss() -> Tensor:
        trace = vae.trace(x, noise=Noise(5, (), cut(4, 1)))
        return (NLL() + KL()).value(trace, torch.tensor(0.5))[0].sum()

    (slope,) = torch.autograd.grad(loss(), parameter)
    flat, step = parameter.data, 1e-5
    differences = torch.zeros_like(flat)
    for i in range(len(flat)):
        values = []
        for sign in (1, -1):
            flat[i] += sign * step
            values.append(loss().item())
            flat[i] -= sign * step
        differences[i] = (values[0] - values[1]) / (2 * step)
    agrees = torch.allclose(slope, differences, rtol=1e-5, atol=1e-7)
    assert agrees == (gradient == "second_order")


def test_an_example_is_refined_alone_and_always_to_the_same() -> None:
    vae, x = model(4), examples()
    whole = vae.features(x)
    torch.testing.assert_close(vae.features(x), whole, rtol=0, atol=0)
    parts = torch.cat([vae.features(part) for part in x.split([1, 4, 7])])
    torch.testing.assert_close(parts, whole)


def test_modes_without_gradients_give_the_same_numbers_and_no_graph() -> None:
    vae, x = model(4), examples()
    expected = vae.features(x)
    assert expected.requires_grad
    with torch.no_grad():
        plain = vae.features(x)
    with torch.inference_mode():
        inferred = vae.features(x.clone())
    assert not plain.requires_grad
    assert not inferred.requires_grad
    torch.testing.assert_close(plain, expected.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(inferred, plain, rtol=0, atol=1e-12)


def test_encoding_and_reconstruction_see_the_refined_features() -> None:
    x = examples()
    bare, refined = model(0), model(10)
    assert (refined.encode(x).mean != bare.encode(x).mean).all()
    assert ((x - refined.reconstruct(x)).square().mean() < (x - bare.reconstruct(x)).square().mean()).item()


def test_a_slope_is_cut_to_the_longest() -> None:
    ascent = GradientAscent(steps=1, step_size=1.0, longest=0.5)
    moved = ascent(lambda features, noise: 100 * features.sum(-1), torch.zeros(3, 4))
    torch.testing.assert_close(moved.norm(dim=-1), torch.full((3,), 0.5))


def test_a_tape_gives_the_same_numbers_in_every_precision() -> None:
    tape, source = Tape(torch.float32), Noise(0, (), cut(3, 1))
    double = source.on(tape).normal("z", (3, 2), 0, torch.zeros((), dtype=torch.float64))
    single = source.on(tape).normal("z", (3, 2), 0, torch.zeros(()))
    assert (double.dtype, single.dtype) == (torch.float64, torch.float32)
    assert torch.equal(double, single.double())
    assert torch.equal(single, source.normal("z", (3, 2), 0, torch.zeros(())))


def test_the_recipe_differentiates_through_its_steps_or_not() -> None:
    """Both train; what their encoders are told differs."""
    slopes: list[Tensor] = []
    for gradient in ("second_order", "first_order"):
        torch.manual_seed(0)
        recipe = build_recipe("semi_amortised", SPEC, latents=2, size="tiny", gradient=gradient)
        (turn,) = recipe.turns
        losses = turn.losses(recipe.model, examples().float(), Noise(0, (), cut(12, 1)), torch.tensor(0.5))
        losses.by_player["model"].backward()
        slopes.append(
            torch.cat([p.grad.flatten() for p in recipe.model.encoder.parameters() if p.grad is not None])
        )
    assert slopes[0].norm() > 0
    assert not torch.allclose(slopes[0], slopes[1], rtol=1e-3)
