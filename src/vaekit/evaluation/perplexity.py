"""How much of each codebook a split uses."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.distributions import Quantised
from vaekit.posteriors import QuantisedPosterior


@final
@dataclass(frozen=True)
class CodeUse:
    """The use of one codebook.

    Args:
        site: whose codes these are.
        depth: 1 … M, which of the site's codebooks.
        codes: K, its size.
        perplexity: exp H(shares of the codes), from 1 to K: as if so many were used, all alike.
        standard_error: of the perplexity, over examples.
        in_use: codes that were met at all.
    """

    site: str
    depth: int
    codes: int
    perplexity: float
    standard_error: float
    in_use: int


@torch.no_grad()
def code_use(vae: VAE, examples: Examples) -> tuple[CodeUse, ...]:
    """Count the codes of a split at every site whose latents are codes; nothing where there is no such site.

    Args:
        vae: in evaluation mode.
        examples: the split.
    """
    sizes = {
        site: posterior.quantiser.codes
        for site, posterior in vae.posteriors.items()
        if isinstance(posterior, QuantisedPosterior)
    }
    if not sizes:
        return ()
    met: dict[str, list[Tensor]] = {site: [] for site in sizes}
    for _, x, noise in examples.in_order():
        for site in vae.infer(x, noise=noise):
            if isinstance(site.posterior, Quantised):
                met[site.name].append(site.posterior.indices.int())
    return tuple(
        _use(site, m + 1, sizes[site], indices)
        for site, parts in met.items()
        for m, indices in enumerate(torch.cat(parts).unbind(-1))
    )


def perplexity(counts: Float[Tensor, " K"]) -> Float[Tensor, ""]:
    """exp H of the shares that counts have, H = −Σ p ln p.

    Example:
        >>> round(perplexity(torch.tensor([5.0, 5.0, 0.0])).item(), 6)
        2.0
    """
    return torch.special.entr(counts.double() / counts.sum()).sum().exp()


def _use(site: str, depth: int, codes: int, indices: Int[Tensor, "N P"]) -> CodeUse:
    counts = torch.bincount(indices.flatten().long(), minlength=codes).float()
    value = perplexity(counts).item()
    # To first order the entropy is the mean over examples of what their codes say, −ln p.
    said = -(counts / counts.sum()).log()[indices.long()].mean(-1)
    error = value * said.std().item() / math.sqrt(len(said)) if len(said) > 1 else math.nan
    return CodeUse(site, depth, codes, value, error, int((counts > 0).sum()))
