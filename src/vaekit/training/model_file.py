"""A model as one file: its tensors, and the facts from which its parts are built again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from torch import Tensor

from vaekit.core import VAE, Latents, Prior
from vaekit.errors import UserError
from vaekit.latents import CodeLatents
from vaekit.noise import torch_seeded
from vaekit.priors import (
    CodePrior,
    ExemplarPrior,
    FlowMatchingPrior,
    FlowPrior,
    GaussianMixturePrior,
    GaussianPrior,
    KeptPrior,
    LearnedMixture,
    PixelCNNCodes,
    StandardNormal,
    TwoStagePrior,
    UniformCodes,
    VampPrior,
)
from vaekit.priors.kept import SavedPrior
from vaekit.recipes.recipe import Recipe, build_recipe
from vaekit.spec import Column, Condition, DataSpec
from vaekit.training.files import read_tensors, write_tensors

FORMAT = 1
_TOP = "latents.prior."
_KINDS: tuple[type[KeptPrior], ...] = (
    StandardNormal,
    GaussianPrior,
    GaussianMixturePrior,
    LearnedMixture,
    VampPrior,
    ExemplarPrior,
    FlowPrior,
    FlowMatchingPrior,
    TwoStagePrior,
)


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
            "spec": {
                "shape": list(spec.shape),
                "levels": spec.levels,
                "variance": spec.variance,
                "examples": spec.examples,
                "whole": spec.whole,
                "columns": None if spec.columns is None else [asdict(column) for column in spec.columns],
                "condition": None if spec.condition is None else asdict(spec.condition),
                "missing": spec.missing,
            },
            "prior": type(vae.latents.top).__name__,
            "prior_options": dict(top.options) if isinstance(top := vae.latents.top, KeptPrior) else {},
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
        options = stored.get("prior_options")
        kind = str(stored.get("prior"))
        vae.latents.replace_top(_prior(kind, options if isinstance(options, dict) else {}, tensors, vae))
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
            "spec": {
                "shape": list(shape),
                "levels": int() | None as levels,
                "variance": float(variance),
                **more,
            },
        } if version == FORMAT:
            options = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
            # Files of earlier versions say no more of the data than that.
            facts = ("examples", "whole", "columns", "condition")
            examples, whole, told, condition = (more.get(fact) for fact in facts)
            columns = None if told is None else tuple(Column(**column) for column in told)
            given = (
                None if condition is None else Condition(**condition | {"names": tuple(condition["names"])})
            )
            missing = bool(more.get("missing", False))
            spec = DataSpec(tuple(shape), levels, variance, examples, columns, whole, given, missing)
            return ModelFacts(recipe, options, spec)
    raise UserError(f"{path} is not a model file of this version of vaekit (format {FORMAT})")


def _prior(kind: str, options: Mapping[str, object], tensors: Mapping[str, Tensor], vae: VAE) -> Prior:
    """One like that which was saved; its tensors are loaded with the others."""
    known = {each.__name__: each for each in _KINDS}
    own = {name.removeprefix(_TOP): tensor for name, tensor in tensors.items() if name.startswith(_TOP)}
    if kind in known:
        try:
            return known[kind].again(SavedPrior(vae, options, own))
        except KeyError as error:
            name = error.args[0]
            raise UserError(f"the model file lacks tensor {_TOP + name!r} of its prior") from None
    if kind == type(vae.latents.top).__name__:
        return vae.latents.top
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
