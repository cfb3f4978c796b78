"""Options that keep every recipe small; importing this needs no torch."""

from typing import get_args

from vaekit.recipes.options import CodePriorName
from vaekit.recipes.table import parameters_of

SMALL: dict[str, object] = {
    "size": "tiny",
    "latents": 3,
    "codes": 8,
    "code_dimensions": 3,
    "depth": 2,
    "scalar_levels": (3, 4),
    "features": 2,
    "width": 8,
    "layers": 1,
    "kernel": 3,
    "components": 4,
    "exemplars": 5,
    "transforms": 2,
    "flow_width": 8,
    "prior_epochs": 2,
    "window": 7,
    "samples": 3,
    "variables": 2,
    "categories": 3,
    "groups": 2,
}


def small(recipe: str) -> dict[str, object]:
    """Of each recipe the options that it has, with no prior to fit."""
    known = parameters_of(recipe)
    options = {
        name: value
        for name, value in SMALL.items()
        if name in known and (known[name] is None or isinstance(known[name], type(value)))
    }
    if "prior" in known:
        options["prior"] = "uniform" if known["prior"] in get_args(CodePriorName) else "standard"
    return options
