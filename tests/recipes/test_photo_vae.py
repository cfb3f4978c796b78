import pytest
import torch

from vaekit.errors import UserError
from vaekit.likelihoods import BernoulliLikelihood, LogisticLikelihood, SolvedBands, SolvedGaussian
from vaekit.objectives import Linear, Objective
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

SPEC = DataSpec((3, 16, 24), levels=256, variance=0.06)


@pytest.mark.parametrize("basis", ["dct", "haar"])
def test_its_parts(basis: str) -> None:
    recipe = build_recipe("photo_vae", SPEC, size="tiny", sigma=basis, whitening=0.25, beta=2.0, warmup=0.3)
    likelihood = recipe.model.likelihood
    assert isinstance(likelihood, SolvedBands)
    assert likelihood.whitening == 0.25
    (objective,) = recipe.turns
    assert isinstance(objective, Objective)
    assert objective.terms[1].weight == Linear(2.0, over=0.3)
    assert recipe.prior == "gmm"


def test_means_stay_in_the_range_of_pictures() -> None:
    vae = build_recipe("photo_vae", SPEC, size="tiny").model.eval()
    for parameter in vae.decoder.parameters():
        torch.nn.init.normal_(parameter)
    means = vae.generate(4).mean
    assert ((means >= 0) & (means <= 1)).all()


@pytest.mark.parametrize(
    ("options", "kind"),
    [({"likelihood": "logistic"}, LogisticLikelihood), ({"sigma": "solved"}, SolvedGaussian)],
)
def test_another_likelihood_can_be_asked_for(options: dict[str, object], kind: type) -> None:
    assert isinstance(build_recipe("photo_vae", SPEC, **options).model.likelihood, kind)


@pytest.mark.parametrize(
    ("shape", "levels", "kind"),
    [((12,), None, SolvedGaussian), ((3, 6, 64), 256, SolvedGaussian), ((1, 16, 16), 2, BernoulliLikelihood)],
)
def test_data_without_bands_get_the_likelihood_of_vae(shape, levels, kind) -> None:
    spec = DataSpec(shape, levels, variance=0.1)
    assert isinstance(build_recipe("photo_vae", spec).model.likelihood, kind)


def test_beta_is_no_negative_number() -> None:
    with pytest.raises(UserError, match="beta must be at least 0, got -1"):
        build_recipe("photo_vae", SPEC, beta=-1.0)
