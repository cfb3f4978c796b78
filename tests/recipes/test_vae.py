import pytest

from vaekit.objectives import KL, NLL, Constant, Cyclical, Linear, Objective, Schedule, Weighted
from vaekit.recipes.options import Architecture
from vaekit.recipes.vae import vae
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), levels=None)
TINY = Architecture(size="tiny", latents=2)


@pytest.mark.parametrize(
    ("options", "weight"),
    [
        ({}, Linear(1.0, 0.1)),
        ({"beta": 3.0, "warmup": 0.5}, Linear(3.0, 0.5)),
        ({"beta": 3.0, "warmup": 0.0}, Constant(3.0)),
        ({"beta": 3.0, "cycles": 4}, Cyclical(3.0, 4)),
    ],
)
def test_the_objective_is_distortion_and_weighted_rate(options, weight: Schedule) -> None:
    (objective,) = vae(SPEC, TINY, **options).turns
    assert objective == Objective((Weighted(NLL(), Constant(1.0)), Weighted(KL(), weight)))


def test_free_bits_reach_the_rate() -> None:
    (objective,) = vae(SPEC, TINY, free_bits=0.25).turns
    assert isinstance(objective, Objective)
    assert objective.terms[1].term == KL(free_bits=0.25)


def test_a_prior_is_fitted_unless_told_otherwise() -> None:
    assert vae(SPEC, TINY).prior == "gmm"
    assert vae(SPEC, TINY, prior="standard").prior == "standard"
