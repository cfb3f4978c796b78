"""What `vaekit evaluate` can measure, and with which settings; importing this must not import torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import final

from vaekit.errors import UserError, nearest

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "bounds": "-ELBO and its parts, IWAE with its effective sample size",
        "annealed": "annealed importance sampling and its bracket on simulated data; slow",
        "pictures": "squared error, PSNR, SSIM, MS-SSIM, explained detail and sharpness of reconstructions",
        "samples": "Frechet and kernel distance, precision, recall, density, coverage; needs --features",
        "memorisation": "whether samples lie nearer to training examples than test examples do",
        "latents": "active units, KL per dimension, linear probe and nearest neighbours where labels exist",
        "factors": "MIG, DCI, SAP, FactorVAE score, modularity where factors are known",
        "codes": "perplexity of codebooks",
    }
)
"""The groups of figures, in the order in which they are measured and printed."""

FAST = ("bounds", "pictures", "latents", "factors", "codes")
"""What is measured where nothing is asked for."""
IN_FEATURES = ("samples", "memorisation")
"""What is measured besides where a feature space is named."""


@final
@dataclass(frozen=True)
class Measuring:
    """How to measure.

    Args:
        importance_samples: K of the IWAE bound.
        blocks: runs of 50 examples at once; changes no result beyond rounding.
        features: the feature space of samples and memorisation, as vaekit features prints it.
        generated: most samples, and most real examples; as many are drawn as there are real ones.
        neighbours: k of precision, recall, density and coverage.
        draws: whether samples are drawn from p(x | z) and not its means.
        annealed_examples: test examples whose evidence is bounded by annealing.
        chains: annealed chains for each of them.
        temperatures: on the way from q(z | x) to p(z | x).
        leapfrogs: steps of the integrator at each temperature.
        seeds: sets of samples, each of an evaluation seed of its own; figures of samples are their means.

    Raises:
        UserError: for a count below 1.
    """

    importance_samples: int = 500
    blocks: int = 2
    features: str | None = None
    generated: int = 5000
    neighbours: int = 5
    draws: bool = False
    annealed_examples: int = 50
    chains: int = 8
    temperatures: int = 100
    leapfrogs: int = 10
    seeds: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and not isinstance(value, bool) and value < 1:
                raise UserError(f"--{field.name} must be at least 1, got {value}")


def chosen(asked: Sequence[str], features: str | None = None) -> tuple[str, ...]:
    """The names of the groups that are meant, in their order; nothing asked for means the fast ones.

    Args:
        asked: names, several in one string separated by commas, or "all".
        features: the feature space that is named, if one is.

    Raises:
        UserError: for an unknown name, with the nearest one.

    Example:
        >>> chosen(["samples,bounds"]), chosen([])
        (('bounds', 'samples'), ('bounds', 'pictures', 'latents', 'factors', 'codes'))
    """
    names = [name.strip() for text in asked for name in text.split(",") if name.strip()]
    if not names:
        wanted = {*FAST, *(IN_FEATURES if features else ())}
    else:
        for name in names:
            if name not in METRICS and name != "all":
                raise UserError(f"no group of metrics is called {name}; {nearest(name, [*METRICS, 'all'])}")
        wanted = set(METRICS) if "all" in names else set(names)
    return tuple(name for name in METRICS if name in wanted)
