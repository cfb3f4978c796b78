"""Priors that are trained on codes: a model whose codes are the data, q(z | x) = N(x, s² I), on a ring."""

from copy import deepcopy
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE, Bounded
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation import evaluate
from vaekit.noise import Noise, cut
from vaekit.posteriors import DiagonalGaussian
from vaekit.priors import (
    FlowMatchingPrior,
    FlowPrior,
    SparsePrior,
    StandardNormal,
    TwoStagePrior,
    VampPrior,
)
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.fit_prior import draw_codes, fit_prior
from vaekit.training.model_file import ModelFacts, load_model, save_model

KINDS = {
    "vamp": VampPrior,
    "flow": FlowPrior,
    "flow_matching": FlowMatchingPrior,
    "two_stage": TwoStagePrior,
}
EPOCHS = {"vamp": 15, "flow": 40, "flow_matching": 50, "two_stage": 50}
FACTS = ModelFacts("linear_vae", {"latents": 2}, DataSpec((2,), None))


@pytest.fixture(autouse=True)
def _few_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.training.fit_prior.FEWEST_CODES", 2000)
    monkeypatch.setattr("vaekit.training.fit_prior.DEAR", 300)


@torch.no_grad()
def identity(weight: float = 1.0, std: float = 0.1) -> VAE:
    vae = FACTS.build().model
    posterior = cast(DiagonalGaussian, vae.posteriors["z"])
    posterior.mean.weight.copy_(weight * torch.eye(2))
    posterior.mean.bias.zero_()
    cast(Parameter, posterior.log_std).fill_(torch.tensor(std).log())
    return vae.eval()


def ring(n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * torch.rand(n, generator=generator)
    radius = 3 + 0.1 * torch.randn(n, generator=generator)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], -1)


def examples(x: Tensor, seed: int = 0) -> Examples:
    return Examples(x, 1.0, False, seed)


def splits(n: int = 1500) -> tuple[Examples, Examples]:
    return examples(ring(n, 1)), examples(ring(300, 2), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ring_is_learned_that_no_gaussian_fits(kind: str) -> None:
    """log p beats the best Gaussian's by .3 nats; draws lie on the ring, as 47 % of that Gaussian's do.

    The bound of a second VAE is not tight enough for the former: its u is a plane, and the plane has no hole.
    """
    vae, (train, validation) = identity(), splits()
    gaussian = fit_prior(vae, train, validation, "gaussian")[1]
    fitted, chosen = fit_prior(vae, train, validation, kind, epochs=EPOCHS[kind])
    assert isinstance(fitted.latents.top, KINDS[kind])
    assert chosen.prior is fitted.latents.top
    assert chosen.gain > (1.5 if kind == "two_stage" else gaussian.gain + 0.3)
    z = fitted.latents.top().sample((400,))
    radius = z.norm(dim=-1)
    assert ((radius > 2) & (radius < 4)).float().mean() > 0.6


@pytest.mark.parametrize("kind", ["vamp", "flow", "flow_matching"])
def test_the_bound_improves_by_the_gain(kind: str) -> None:
    vae, (train, validation) = identity(), splits()
    fitted, chosen = fit_prior(vae, train, validation, kind, epochs=8)
    before, after = (
        evaluate(model, validation, FACTS.spec, importance_samples=1).value("-ELBO")
        for model in (vae, fitted)
    )
    assert before - after == pytest.approx(chosen.gain, abs=0.25)
    assert "at least" not in chosen.sentence()


@pytest.mark.parametrize("kind", KINDS)
def test_codes_that_are_standard_normal_keep_it(kind: str) -> None:
    """q = N(0, I): whatever is learned has nothing to gain, and must gain more than an error on validation."""
    train, validation = examples(torch.zeros(300, 2)), examples(torch.zeros(100, 2), 1)
    fitted, chosen = fit_prior(identity(0.0, 1.0), train, validation, kind, epochs=3)
    assert (chosen.name, chosen.gain) == ("standard normal", 0.0)
    assert isinstance(fitted.latents.top, StandardNormal)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_given_is_not_changed_and_fitting_is_seeded(kind: str) -> None:
    vae, (train, validation) = identity(), splits(300)
    vae.train()
    before, state = deepcopy(vae.state_dict()), torch.get_rng_state()
    one, two = (fit_prior(vae, train, validation, kind, seed=3, epochs=4)[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(vae.latents.top, StandardNormal)
    assert vae.training
    assert all(p.requires_grad for p in vae.parameters())
    assert all(p.requires_grad for p in one.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())
    assert not any(module.training for module in one.modules())
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    for name, tensor in before.items():
        assert torch.equal(tensor, one.state_dict()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_a_fitted_one_is_saved_with_the_model(kind: str, tmp_path: Path) -> None:
    fitted, _ = fit_prior(identity(), *splits(300), kind, epochs=15)
    assert isinstance(fitted.latents.top, KINDS[kind])
    save_model(tmp_path / "m", fitted, FACTS)
    again, _ = load_model(tmp_path / "m")
    noise = Noise(0, (), cut(6, 2))
    assert torch.equal(fitted.generate(6, noise=noise).mean, again.generate(6, noise=noise).mean)
    z = ring(6, 3)
    if kind == "two_stage":
        priors = [cast(TwoStagePrior, model.latents.top) for model in (fitted, again)]
        bounds = [prior.bound(z, noise, 3) for prior in priors]
        assert torch.equal(*bounds)
    else:
        with torch.no_grad():
            assert torch.equal(fitted.latents.top().log_prob(z), again.latents.top().log_prob(z))


def test_a_fitted_vamp_prior_shares_the_encoder_of_its_model() -> None:
    fitted, _ = fit_prior(identity(), *splits(300), "vamp", epochs=5)
    prior = fitted.latents.top
    assert isinstance(prior, VampPrior)
    assert prior._shared == (fitted.encoder, fitted.posteriors["z"])
    assert len(prior.raw) == 300
    assert prior.range == "real"
    copied = deepcopy(fitted)
    assert isinstance(copied.latents.top, VampPrior)
    assert copied.latents.top._shared[0] is copied.encoder


def test_a_second_stage_is_judged_by_a_bound_and_takes_the_evidence_away() -> None:
    vae, (train, validation) = identity(), splits()
    fitted, chosen = fit_prior(vae, train, validation, "two_stage", epochs=15)
    prior = fitted.latents.top
    assert isinstance(prior, Bounded)
    assert "second VAE, at least +" in chosen.sentence()
    assert fitted.lacks_evidence == prior.lacks_density
    with pytest.raises(CapabilityError, match="a second VAE, whose density"):
        fitted.trace(ring(3, 3)).log_weight()
    found = evaluate(fitted, validation, FACTS.spec)
    assert prior.lacks_density in found.note
    assert not [figure for figure in found.figures if figure.unit == "nats"]
    again, back = fit_prior(fitted, train, validation, "standard")
    assert isinstance(again.latents.top, StandardNormal)
    assert back.gain == 0.0
    assert again.lacks_evidence is None


@pytest.mark.parametrize("kind", ["flow", "flow_matching", "two_stage"])
def test_an_autoencoder_takes_them(kind: str, tmp_path: Path) -> None:
    facts = ModelFacts("ae", {"latents": 2, "net": "linear"}, DataSpec((2,), None))
    vae = facts.build().model.eval()
    train, validation = examples(ring(400, 1)), examples(ring(100, 2), 1)
    fitted, chosen = fit_prior(vae, train, validation, kind, epochs=3)
    assert isinstance(fitted.latents.top, KINDS[kind])
    assert "of the codes' log-density" in chosen.sentence()
    assert fitted.likelihood.centre(fitted.generate(5)).shape == (5, 2)
    save_model(tmp_path / "m", fitted, facts)
    again, _ = load_model(tmp_path / "m")
    noise = Noise(0, (), cut(6, 2))
    drawn = [model.likelihood.centre(model.generate(6, noise=noise)) for model in (fitted, again)]
    assert torch.equal(*drawn)


def test_a_vamp_prior_of_points_is_refused() -> None:
    vae = build_recipe("ae", DataSpec((2,), None), latents=2, net="linear").model.eval()
    with pytest.raises(CapabilityError, match="the codes of an autoencoder are points: use --prior gmm"):
        fit_prior(vae, *splits(100), "vamp")


@pytest.mark.parametrize("kind", KINDS)
def test_a_hierarchy_gets_its_top_site_fitted(kind: str) -> None:
    vae = build_recipe("hierarchical_vae", DataSpec((6,), None), latents=4, hidden=(8,)).model
    with torch.no_grad():
        for parameter in vae.posteriors["z2"].parameters():
            parameter.mul_(3).add_(0.5)
    conditional = deepcopy(vae.latents.state_dict())
    train, validation = examples(torch.randn(300, 6)), examples(torch.randn(100, 6), 1)
    fitted, chosen = fit_prior(vae, train, validation, kind, epochs=12)
    assert isinstance(fitted.latents.top, KINDS[kind])
    assert chosen.gain > 0.1
    state = fitted.latents.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in conditional.items())


def test_batch_statistics_of_the_encoder_stay() -> None:
    vae = build_recipe("vae", DataSpec((3, 9, 8), 256), latents=2, net="conv", size="tiny").model.eval()
    x = torch.randint(256, (64, 3, 9, 8), dtype=torch.uint8)
    train, validation = (Examples(x, 255.0, False, seed) for seed in (0, 1))
    before = deepcopy(vae.encoder.state_dict())
    for kind in ("vamp", "flow"):
        fitted, _ = fit_prior(vae, train, validation, kind, epochs=2)
        assert all(torch.equal(before[name], t) for name, t in fitted.encoder.state_dict().items())
    codes = [draw_codes(model, train, 64, 64) for model in (vae, fitted)]
    assert torch.equal(*codes)


def test_a_learned_prior_of_a_recipe_must_be_beaten_and_can_be_put_back() -> None:
    vae = build_recipe("gmm_prior", DataSpec((2,), None), latents=2, net="linear", components=3).model.eval()
    train, validation = splits(400)
    plain, back = fit_prior(vae, train, validation, "standard")
    assert back.plain == "the prior it was trained with"
    z = torch.randn(4, 2)
    assert torch.equal(plain.latents.top().log_prob(z), vae.latents.top().log_prob(z))
    flow, chosen = fit_prior(vae, train, validation, "flow", epochs=12)
    assert chosen.gain > 0
    again, _ = fit_prior(flow, train, validation, "standard", own=vae.latents.top)
    assert torch.equal(again.latents.top().log_prob(z), vae.latents.top().log_prob(z))
    assert again.latents.top is not vae.latents.top


def test_the_prior_of_another_copy_of_the_model_is_bound_to_this_one() -> None:
    vae = build_recipe("vamp", DataSpec((2,), None), latents=2, components=3).model.eval()
    other = deepcopy(vae)
    vae.latents.replace_top(SparsePrior(2))
    fitted, _ = fit_prior(vae, *splits(100), "standard", own=other.latents.top)
    prior = fitted.latents.top
    assert isinstance(prior, VampPrior)
    assert prior._shared[0] is fitted.encoder
    z = torch.randn(4, 2)
    torch.testing.assert_close(prior().log_prob(z), other.latents.top().log_prob(z))


def test_a_model_file_of_a_prior_without_its_options_is_refused(tmp_path: Path) -> None:
    from vaekit.training.files import read_tensors, write_tensors

    fitted, _ = fit_prior(identity(), *splits(200), "flow", epochs=15)
    save_model(tmp_path / "m", fitted, FACTS)
    tensors, stored = read_tensors(tmp_path / "m")
    write_tensors(tmp_path / "m", tensors, {**stored, "prior_options": {"kind": "maf"}})
    with pytest.raises(UserError, match="the model file lacks"):
        load_model(tmp_path / "m")
