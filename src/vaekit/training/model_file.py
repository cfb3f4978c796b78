"""A model as one file: its tensors, and the facts from which its parts are built again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from torch import Tensor

from vaekit.core import VAE, Latents, Prior
from vaekit.errors import UserError
from vaekit.latents import CodeLatents
from vaekit.noise import torch_seeded
from vaekit.priors import (
    CodePrior,
    GaussianMixturePrior,
    GaussianPrior,
    PixelCNNCodes,
    StandardNormal,
    UniformCodes,
)
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import DataSpec
from vaekit.training.files import read_tensors, write_tensors

FORMAT = 1
_TOP = "latents.prior."


@final
@dataclass(frozen=True)
class ModelFacts:
    """From what a model was built.

    Args:
        recipe: its name.
        options: of the recipe, as `build_recipe` takes them.
        spec: of the data.
    """

    recipe: str
    options: Mapping[str, object]
    spec: DataSpec

    def build(self, seed: int = 0) -> Recipe:
        """Build the recipe with seeded initial weights, leaving torch's global generator as it was."""
        with torch_seeded(seed):
            return build_recipe(self.recipe, self.spec, **self.options)


def save_model(path: Path, vae: VAE, facts: ModelFacts) -> None:
    """Write a model file."""
    spec = facts.spec
    write_tensors(
        path,
        vae.state_dict(),
        {
            "format": FORMAT,
            "recipe": facts.recipe,
            "options": dict(facts.options),
            "spec": {"shape": list(spec.shape), "levels": spec.levels, "variance": spec.variance},
            "prior": type(vae.latents.top).__name__,
            "priors": _code_priors(vae.latents),
        },
    )


def load_model(path: Path) -> tuple[VAE, ModelFacts]:
    """Read a model file and build the model in evaluation mode.

    Raises:
        UserError: if the file is missing, damaged, or does not fit its own facts.
    """
    tensors, stored = read_tensors(path)
    facts = read_facts(path, stored)
    vae = facts.build().model
    if isinstance(vae.latents, CodeLatents):
        _replace_code_priors(vae.latents, stored.get("priors"))
    else:
        vae.latents.replace_top(_prior(str(stored.get("prior")), tensors, vae.latents.top))
    try:
        vae.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(
            f"{path} does not fit recipe {facts.recipe}: {str(error).splitlines()[-1].strip()}"
        ) from error
    return vae.eval(), facts


def read_facts(path: Path, stored: Mapping[str, object]) -> ModelFacts:
    """Turn stored facts into typed ones.

    Raises:
        UserError: if they are not those of a model of this format.
    """
    match stored:
        case {
            "format": int(version),
            "recipe": str(recipe),
            "options": dict(options),
            "spec": {"shape": list(shape), "levels": int() | None as levels, "variance": float(variance)},
        } if version == FORMAT:
            options = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
            return ModelFacts(recipe, options, DataSpec(tuple(shape), levels, variance))
    raise UserError(f"{path} is not a model file of this version of vaekit (format {FORMAT})")


def _prior(kind: str, tensors: Mapping[str, Tensor], current: Prior) -> Prior:
    if kind == type(current).__name__:
        return current
    if kind == StandardNormal.__name__:
        return StandardNormal(current().event_shape[0])
    try:
        if kind == GaussianPrior.__name__:
            return GaussianPrior(tensors[_TOP + "mean"], tensors[_TOP + "scale_tril"])
        if kind == GaussianMixturePrior.__name__:
            return GaussianMixturePrior(
                tensors[_TOP + "weights"], tensors[_TOP + "means"], tensors[_TOP + "scale_trils"]
            )
    except KeyError as error:
        raise UserError(f"the model file lacks tensor {error} of its prior") from None
    raise UserError(f"the model file names a prior that this version lacks: {kind}")


def _code_priors(latents: Latents) -> dict[str, object]:
    """The kind of each site's prior of codes, and from what it is built."""
    if not isinstance(latents, CodeLatents):
        return {}
    priors = {site: latents.prior_of(site) for site in latents.sites}
    return {
        site: {"kind": type(prior).__name__, "options": dict(prior.options)}
        for site, prior in priors.items()
        if isinstance(prior, CodePrior)
    }


def _replace_code_priors(latents: CodeLatents, stored: object) -> None:
    """Put priors like those that were saved at the sites; their tensors are loaded with the others."""
    for site, facts in (stored if isinstance(stored, dict) else {}).items():
        current = latents.prior_of(site) if site in latents.sites else None
        match facts:
            case {"kind": UniformCodes.__name__}:
                continue
            case {
                "kind": PixelCNNCodes.__name__,
                "options": {"width": int(width), "layers": int(layers)},
            } if isinstance(current, CodePrior):
                context = latents.context_channels[site]
                prior = PixelCNNCodes(current.quantiser, current.grid, context, width, layers)
                latents.replace(site, prior)
            case _:
                raise UserError(
                    f"the model file names a prior of site {site} that this version lacks: {facts}"
                )
