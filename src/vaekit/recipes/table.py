"""The static table of recipes: a name, where its function lives. Importing this must not import torch."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from types import MappingProxyType
from typing import Any, final

from vaekit.errors import UserError, nearest
from vaekit.recipes.options import Shared


@final
@dataclass(frozen=True)
class Entry:
    """Where a recipe's function lives, and its summary and source, read from the docstring.

    Args:
        target: "module:function".
        needs_condition: whether it must be told something of each example.
    """

    target: str
    needs_condition: bool = False

    def load(self) -> Callable[..., Any]:
        """Import and return the function (spec, architecture?, *, options…) -> Recipe."""
        module, function = self.target.split(":")
        return getattr(import_module(module), function)

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return (inspect.getdoc(self.load()) or "").split("\n")[0]

    @property
    def formula(self) -> str:
        """What it minimises, or how it is solved: the docstring between its summary and its arguments.

        Example:
            >>> find("beta_vae").formula
            'Minimises E_q[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)); β = 1 is the VAE.'
        """
        doc = inspect.getdoc(self.load()) or ""
        _, _, rest = doc.partition("\n\n")
        return " ".join(rest.split("Args:\n")[0].split())

    @property
    def source(self) -> str:
        """The paper, as the docstring's Source line names it."""
        doc = inspect.getdoc(self.load()) or ""
        _, _, rest = doc.partition("Source: ")
        return " ".join(rest.split("\n\n")[0].split())


RECIPES: Mapping[str, Entry] = MappingProxyType(
    {
        "vae": Entry("vaekit.recipes.vae:vae"),
        "photo_vae": Entry("vaekit.recipes.photo_vae:photo_vae"),
        "mse_vae": Entry("vaekit.recipes.mse_vae:mse_vae"),
        "beta_vae": Entry("vaekit.recipes.beta_vae:beta_vae"),
        "beta_vae_capacity": Entry("vaekit.recipes.beta_vae:beta_vae_capacity"),
        "beta_tcvae": Entry("vaekit.recipes.beta_tcvae:beta_tcvae"),
        "dip_vae_i": Entry("vaekit.recipes.dip_vae:dip_vae_i"),
        "dip_vae_ii": Entry("vaekit.recipes.dip_vae:dip_vae_ii"),
        "info_vae": Entry("vaekit.recipes.info_vae:info_vae"),
        "wae_mmd": Entry("vaekit.recipes.wae:wae_mmd"),
        "swae": Entry("vaekit.recipes.wae:swae"),
        "delta_vae": Entry("vaekit.recipes.delta_vae:delta_vae"),
        "laplace": Entry("vaekit.recipes.robust:laplace"),
        "student_t": Entry("vaekit.recipes.robust:student_t"),
        "logcosh_vae": Entry("vaekit.recipes.robust:logcosh_vae"),
        "ms_ssim_vae": Entry("vaekit.recipes.perceptual:ms_ssim_vae"),
        "dfc_vae": Entry("vaekit.recipes.perceptual:dfc_vae"),
        "disentangled_prior": Entry("vaekit.recipes.disentangled_prior:disentangled_prior"),
        "iwae": Entry("vaekit.recipes.iwae:iwae"),
        "miwae": Entry("vaekit.recipes.iwae:miwae"),
        "ciwae": Entry("vaekit.recipes.iwae:ciwae"),
        "piwae": Entry("vaekit.recipes.iwae:piwae"),
        "dreg": Entry("vaekit.recipes.iwae:dreg"),
        "vr_bound": Entry("vaekit.recipes.iwae:vr_bound"),
        "missing_data_vae": Entry("vaekit.recipes.missing_data:missing_data_vae"),
        "vamp": Entry("vaekit.recipes.mixture_priors:vamp"),
        "exemplar": Entry("vaekit.recipes.mixture_priors:exemplar"),
        "gmm_prior": Entry("vaekit.recipes.mixture_priors:gmm_prior"),
        "flow_prior": Entry("vaekit.recipes.flow_prior:flow_prior"),
        "two_stage_vae": Entry("vaekit.recipes.two_stage_vae:two_stage_vae"),
        "bernoulli_latents": Entry("vaekit.recipes.bernoulli_latents:bernoulli_latents"),
        "nf_vae": Entry("vaekit.recipes.flow_posteriors:nf_vae"),
        "iaf_vae": Entry("vaekit.recipes.flow_posteriors:iaf_vae"),
        "categorical_vae": Entry("vaekit.recipes.categorical_vae:categorical_vae"),
        "joint_vae": Entry("vaekit.recipes.categorical_vae:joint_vae"),
        "gamma_vae": Entry("vaekit.recipes.gamma_vae:gamma_vae"),
        "semi_amortised": Entry("vaekit.recipes.semi_amortised:semi_amortised"),
        "linear_vae": Entry("vaekit.recipes.linear:linear_vae"),
        "ppca": Entry("vaekit.recipes.linear:ppca"),
        "dvae": Entry("vaekit.recipes.dvae:dvae"),
        "m2": Entry("vaekit.recipes.m2:m2", needs_condition=True),
        "cvae": Entry("vaekit.recipes.cvae:cvae", needs_condition=True),
        "ae": Entry("vaekit.recipes.autoencoders:ae"),
        "dae": Entry("vaekit.recipes.autoencoders:dae"),
        "stacked_dae": Entry("vaekit.recipes.autoencoders:stacked_dae"),
        "sparse_ae": Entry("vaekit.recipes.autoencoders:sparse_ae"),
        "hierarchical_vae": Entry("vaekit.recipes.hierarchical_vae:hierarchical_vae"),
        "vq_vae": Entry("vaekit.recipes.codes:vq_vae"),
        "rq_vae": Entry("vaekit.recipes.codes:rq_vae"),
        "fsq": Entry("vaekit.recipes.codes:fsq"),
        "vq_vae_2": Entry("vaekit.recipes.codes:vq_vae_2"),
        "pixel_vae": Entry("vaekit.recipes.pixel_vae:pixel_vae"),
    }
)


def find(name: str) -> Entry:
    """Return the entry of a recipe.

    Raises:
        UserError: with the nearest name, if there is no such recipe.

    Example:
        >>> find("beta_vea")
        Traceback (most recent call last):
        vaekit.errors.UserError: no recipe is called beta_vea; did you mean beta_vae?
    """
    if name not in RECIPES:
        raise UserError(f"no recipe is called {name}; {nearest(name, RECIPES)}")
    return RECIPES[name]


def parameters_of(name: str) -> dict[str, object]:
    """Every option of a recipe with its default, the shared ones first.

    Example:
        >>> parameters_of("beta_vae")["beta"]
        4.0
    """
    signature = inspect.signature(find(name).load())
    options: dict[str, object] = {}
    for parameter in signature.parameters.values():
        if isinstance(parameter.default, Shared):
            options |= {f.name: getattr(parameter.default, f.name) for f in fields(parameter.default)}
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            options[parameter.name] = parameter.default
    return options
