from collections.abc import Callable

import pytest
import torch

from vaekit.core import VAE
from vaekit.priors import GaussianMixturePrior
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

Make = Callable[..., VAE]


@pytest.fixture
def make_vae() -> Make:
    """Build an untrained model of fixed weights; `mixture` puts a fitted kind of prior at the top."""

    def make(spec: DataSpec, recipe: str = "vae", mixture: bool = False, **options: object) -> VAE:
        torch.manual_seed(0)
        vae = build_recipe(recipe, spec, **{"latents": 4, "net": "mlp", "hidden": (16,)} | options).model
        if mixture:
            d = next(iter(vae.latents.sites.values()))
            means = torch.stack([torch.full((d,), 2.0), torch.full((d,), -1.0)])
            factors = 0.5 * torch.eye(d).expand(2, d, d)
            vae.latents.replace_top(GaussianMixturePrior(torch.tensor([0.3, 0.7]), means, factors))
        return vae.eval()

    return make
