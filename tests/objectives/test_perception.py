import pytest
import torch
from torch import nn

from vaekit import DataSpec, build_recipe
from vaekit.core import Site, Trace
from vaekit.data import load
from vaekit.distributions import Dirac
from vaekit.errors import CapabilityError, UserError
from vaekit.features import fit_space, save_space
from vaekit.features.options import FeatureOptions
from vaekit.likelihoods import Reconstruction
from vaekit.nets.extractor import Extractor
from vaekit.nets.frozen import Frozen
from vaekit.objectives import Dissimilarity, FeatureError, Objective
from vaekit.objectives.similarity import ms_ssim
from vaekit.posteriors import DiagonalGaussian
from vaekit.priors import StandardNormal
from vaekit.training.model_file import ModelFacts, load_model, save_model

IMAGES = DataSpec((1, 16, 16), 256, 0.05)


def trace_of(x: torch.Tensor, shown: torch.Tensor, view: Frozen | None = None) -> Trace:
    prior = StandardNormal(2)()
    lead = shown.shape[:-3]
    z = torch.zeros(*lead, 2)
    q = DiagonalGaussian(2, 0, 2)(torch.zeros(x.shape[0], 2), prior, None)
    return Trace(x, (Site("z", z, prior, q),), Dirac(shown, 3, view))


def pictures(*lead: int) -> torch.Tensor:
    return torch.rand(*lead, 1, 16, 16, generator=torch.Generator().manual_seed(sum(lead)))


def test_dissimilarity_is_one_minus_ms_ssim_averaged_over_draws() -> None:
    x, shown = pictures(3), pictures(4, 3)
    found = Dissimilarity()(trace_of(x, shown))
    expected = torch.stack([1 - ms_ssim(x, each).values for each in shown]).mean(0)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(Dissimilarity()(trace_of(x, x)), torch.zeros(3), atol=1e-5, rtol=0)
    assert (found > 0.5).all()


@pytest.mark.parametrize("shown", [pictures(2), torch.full((2, 1, 16, 16), 0.5), 1 - pictures(2)])
def test_the_slope_of_dissimilarity_is_finite_for_flat_and_inverted_pictures_too(shown: torch.Tensor) -> None:
    shown = shown.clone().requires_grad_()
    Dissimilarity(window=7)(trace_of(pictures(2), shown)).sum().backward()
    assert shown.grad is not None
    assert shown.grad.isfinite().all()


@pytest.mark.parametrize("window", [4, 1, -3])
def test_a_window_is_odd(window: int) -> None:
    with pytest.raises(UserError, match="an odd side of at least 3 pixels"):
        Dissimilarity(window)


def test_a_feature_error_is_the_published_sum_and_its_gradient_reaches_the_picture() -> None:
    view = Frozen(Extractor((1, 16, 16)))
    x, shown = pictures(3), pictures(4, 3).requires_grad_()
    found = FeatureError()(trace_of(x, shown, view))
    one = shown[0]
    own, made = view(x), view(one)
    expected = sum(
        ((a - b) ** 2).flatten(1).sum(1) / (2 * a.shape[1] * a.shape[2] * a.shape[3])
        for a, b in zip(own, made, strict=True)
    )
    torch.testing.assert_close(FeatureError()(trace_of(x, one, view)), expected)
    found.sum().backward()
    assert shown.grad is not None
    assert (shown.grad.flatten(2).norm(dim=-1) > 0).all()
    assert list(view.parameters()) == []
    torch.testing.assert_close(FeatureError()(trace_of(x, x, view)), torch.zeros(3))


def test_without_a_network_there_are_no_features() -> None:
    with pytest.raises(CapabilityError, match="this likelihood holds none"):
        FeatureError()(trace_of(pictures(2), pictures(2)))


def test_a_frozen_network_stays_as_it_is_in_training() -> None:
    view = Frozen(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    before = {name: value.clone() for name, value in view.state_dict().items()}
    assert not view.train().training
    view(pictures(5))
    assert all(torch.equal(value, before[name]) for name, value in view.state_dict().items())
    with pytest.raises(UserError, match="must return a tensor, or several"):
        Frozen(nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (1, -1))))(pictures(2))


def test_trained_features_come_from_their_file_once_and_stay_in_the_model(tmp_path) -> None:
    data = load("digits")
    fitted = fit_space(data, FeatureOptions(epochs=1))
    file = tmp_path / "features.safetensors"
    save_space(file, fitted)
    facts = ModelFacts("dfc_vae", {"features": str(file), "size": "tiny", "latents": 2}, data.spec)
    recipe = facts.build()
    assert recipe.initialise is not None
    x = torch.rand(4, 1, 8, 8)
    recipe.initialise(recipe.model, x)
    likelihood = recipe.model.likelihood
    assert isinstance(likelihood, Reconstruction)
    assert likelihood.view is not None
    network = likelihood.view.network
    trained = fitted.space.network
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in trained.state_dict().items())
    save_model(tmp_path / "m", recipe.model.eval(), facts)
    file.unlink()
    again, _ = load_model(tmp_path / "m")
    other = again.likelihood
    assert isinstance(other, Reconstruction)
    assert other.view is not None
    torch.testing.assert_close(other.view(x), likelihood.view(x))
    with pytest.raises(
        UserError, match=r"there is no file of features .*; to make one: vaekit features DATA"
    ):
        recipe.initialise(recipe.model, x)


def test_features_of_other_examples_are_refused(tmp_path) -> None:
    file = tmp_path / "features.safetensors"
    save_space(file, fit_space(load("digits"), FeatureOptions(epochs=1)))
    recipe = build_recipe("dfc_vae", IMAGES, features=str(file), size="tiny")
    assert recipe.initialise is not None
    with pytest.raises(UserError, match=r"takes examples of shape \[1, 8, 8\], these have \[1, 16, 16\]"):
        recipe.initialise(recipe.model, pictures(2))


@pytest.mark.parametrize(
    ("recipe", "options", "words"),
    [
        ("ms_ssim_vae", {"window": 17}, "a window of 17 pixels does not fit into images of 16×16"),
        ("ms_ssim_vae", {"weight": 0.0}, "the weight of the error must be positive"),
        ("dfc_vae", {"weight": -1.0}, "the weight of the error must be positive"),
        ("dfc_vae", {"features": "module:nowhere:f"}, "cannot import nowhere"),
    ],
)
def test_impossible_options_are_refused(recipe: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_recipe(recipe, IMAGES, **options)


@pytest.mark.parametrize("recipe", ["ms_ssim_vae", "dfc_vae"])
def test_a_recipe_pays_a_nat_per_value_and_has_no_evidence(recipe: str) -> None:
    built = build_recipe(recipe, IMAGES, size="tiny", latents=2)
    (objective,) = built.turns
    assert isinstance(objective, Objective)
    assert [weighted.weight(torch.tensor(0.5)).item() for weighted in objective.terms] == [256.0, 1.0]
    assert built.model.lacks_evidence
    with pytest.raises(CapabilityError):
        built.model.trace(pictures(2)).log_weight()
