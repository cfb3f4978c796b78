import subprocess
import sys
from typing import get_args

import pytest

from vaekit.nets import options as nets
from vaekit.recipes import options
from vaekit.recipes.compose import build_likelihood, build_posterior, gaussian_likelihood
from vaekit.recipes.options import Architecture
from vaekit.spec import Column, DataSpec

BINARY = DataSpec((1, 8, 8), 2)


def test_the_names_of_networks_are_those_of_the_networks() -> None:
    assert get_args(options.Net) == get_args(nets.NetName)
    assert get_args(options.Size) == get_args(nets.SizeName)
    assert get_args(options.Activation) == get_args(nets.Activation)


COUNTS = DataSpec((2,), None, columns=(Column("count"), Column("binary")), whole=True)


@pytest.mark.parametrize("name", get_args(options.LikelihoodName))
def test_every_likelihood_that_is_offered_can_be_built(name) -> None:
    of_tables = name in ("poisson", "negative_binomial", "mixed")
    build_likelihood(COUNTS if of_tables else BINARY, Architecture(likelihood=name))


@pytest.mark.parametrize("name", get_args(options.SigmaName))
def test_every_sigma_that_is_offered_can_be_built(name) -> None:
    gaussian_likelihood(BINARY, name)


@pytest.mark.parametrize("name", get_args(options.PosteriorName))
def test_every_posterior_that_is_offered_can_be_built(name) -> None:
    build_posterior(Architecture(posterior=name), features=3, state=0, latents=2)


@pytest.mark.parametrize("module", ["vaekit.recipes.options", "vaekit.recipes.table"])
def test_options_of_every_recipe_are_known_without_torch(module: str) -> None:
    """So that `--help` is quick."""
    code = (
        f"import sys, {module}\n"
        "from vaekit.recipes import RECIPES, parameters_of\n"
        "for name, entry in RECIPES.items(): parameters_of(name), entry.summary, entry.source\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
