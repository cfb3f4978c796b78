import inspect
import re

import pytest

from vaekit.errors import UserError
from vaekit.recipes import RECIPES, find, parameters_of

SHARED = ["net", "size", "hidden", "activation", "latents", "likelihood", "sigma", "posterior"]
OF_GRIDS = ["downsample", "positions"]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_names_its_source(name: str) -> None:
    doc = inspect.getdoc(find(name).load())
    assert doc is not None
    assert len(re.findall(r"^Source: \S", doc, re.MULTILINE)) == 1
    assert re.search(r"\d{4}|https://", find(name).source)
    assert "\n" not in find(name).source


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_in_a_sentence_what_it_is(name: str) -> None:
    summary = find(name).summary
    assert summary.endswith(".")
    assert 20 < len(summary) < 110


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_function_of_its_name(name: str) -> None:
    assert find(name).load().__name__ == name


@pytest.mark.parametrize("name", RECIPES)
def test_every_option_is_documented(name: str) -> None:
    doc = inspect.getdoc(find(name).load()) or ""
    own = [option for option in parameters_of(name) if option not in SHARED + OF_GRIDS]
    for option in own:
        assert re.search(rf"^    {option}: \S", doc, re.MULTILINE), option


@pytest.mark.parametrize(("name", "own"), [("vae", "beta"), ("iwae", "samples"), ("mse_vae", "weight")])
def test_shared_options_come_first(name: str, own: str) -> None:
    options = list(parameters_of(name))
    assert options[: len(SHARED)] == SHARED
    assert own in options[len(SHARED) :]


def test_defaults_are_those_of_the_recipe_not_of_the_architecture() -> None:
    assert parameters_of("mse_vae")["net"] == "conv"
    assert parameters_of("vae")["net"] == "auto"
    assert parameters_of("ppca") == {"latents": None}


def test_an_unknown_recipe_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no recipe is called hierarchical; did you mean hierarchical_vae"):
        find("hierarchical")
    with pytest.raises(UserError, match="known are: ae, bernoulli_latents, "):
        parameters_of("zzzzz")


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        RECIPES["mine"] = RECIPES["vae"]  # pyright: ignore[reportIndexIssue]
