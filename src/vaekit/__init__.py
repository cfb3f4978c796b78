"""vaekit: variational autoencoders whose numbers are proved true.

The public door: five lines take an array to a trained, measured model. Names are imported when first used.

Example:
    >>> import vaekit
    >>> spec = vaekit.DataSpec((1, 8, 8), levels=2)
    >>> recipe = vaekit.build_recipe("vae", spec, latents=2)
"""

from typing import TYPE_CHECKING

from vaekit.lazy import names_on_demand

if TYPE_CHECKING:
    from vaekit import information
    from vaekit.api import Run, diagnose, evaluate, impute, load, resume, score, train
    from vaekit.core import VAE, Site, Trace
    from vaekit.data import Data, SplitOptions
    from vaekit.errors import CapabilityError, UserError
    from vaekit.noise import Noise
    from vaekit.recipes.recipe import Recipe, build_recipe
    from vaekit.spec import DataSpec
    from vaekit.training.svi import VariationalFit, svi
    from vaekit.verification import run_gate

__all__ = [
    "VAE",
    "CapabilityError",
    "Data",
    "DataSpec",
    "Noise",
    "Recipe",
    "Run",
    "Site",
    "SplitOptions",
    "Trace",
    "UserError",
    "VariationalFit",
    "build_recipe",
    "diagnose",
    "evaluate",
    "impute",
    "information",
    "load",
    "resume",
    "run_gate",
    "score",
    "svi",
    "train",
]
__version__ = "0.1.0"

_HOME = {
    "VAE": "core",
    "CapabilityError": "errors",
    "Data": "data",
    "DataSpec": "spec",
    "Noise": "noise",
    "Recipe": "recipes.recipe",
    "Run": "api",
    "Site": "core",
    "SplitOptions": "data",
    "Trace": "core",
    "UserError": "errors",
    "VariationalFit": "training.svi",
    "diagnose": "api",
    "build_recipe": "recipes.recipe",
    "evaluate": "api",
    "impute": "api",
    "information": "information",
    "load": "api",
    "resume": "api",
    "run_gate": "verification",
    "score": "api",
    "svi": "training.svi",
    "train": "api",
}

# The command line must answer --help and mistakes without importing torch.
__getattr__ = names_on_demand(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
