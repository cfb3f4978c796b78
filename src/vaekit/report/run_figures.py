"""All pictures of a run in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.overlap import Overlap, class_overlap, most_overlapping_pair
from vaekit.noise import Noise
from vaekit.priors import StandardNormal
from vaekit.report.curves import learning_curves
from vaekit.report.explore import posterior_means, samples, showcase
from vaekit.report.files import save_png
from vaekit.report.pictures import columns_for, interpolations, reconstructions, traversal
from vaekit.report.plane import has_plane, latent_scatter, manifold
from vaekit.report.sheets import Captions, sheet
from vaekit.report.style import as_image
from vaekit.spec import DataSpec

MOST_EXAMPLES = 2000
MOST_VALUES = 2**26
"""Of a large split only the first examples are held as floats, 256 MiB of them."""
PREFERRED = (4, 9)
"""The two digits whose overlap is the custom of the field."""


@final
@dataclass(frozen=True)
class Figures:
    """What was drawn.

    Args:
        paths: of the PNG files, in the order they were drawn.
        overlap: of two classes in latent space, 0 apart to 1 the same; None without labels.
        overlap_classes: which two: 4 and 9 where there are such labels, else the two that overlap most.
    """

    paths: tuple[Path, ...]
    overlap: float | None
    overlap_classes: tuple[int, int] | None


def run_figures(
    vae: VAE,
    spec: DataSpec,
    examples: Examples,
    labels: np.ndarray | Tensor | None,
    rows: Sequence[dict[str, float]],
    folder: Path,
    seed: int = 0,
) -> Figures:
    """Draw everything there is to see of a run.

    Args:
        vae: the model, put into evaluation mode.
        spec: of the data.
        examples: a held-out split; of a large one the first 2,000.
        labels: of that split, whole numbers, or None.
        rows: of metrics.csv; where there are none, no learning curves are drawn.
        folder: of the pictures; made where it is missing.
        seed: of the samples.

    Raises:
        UserError: if the labels do not fit the examples, or the folder cannot be written.
    """
    vae.eval()
    if labels is not None and len(labels) != len(examples):
        raise UserError(f"{len(examples)} examples have {len(labels)} labels")
    x = _some(examples, spec)
    found = None if labels is None else torch.as_tensor(labels)[: len(x)].long().cpu()
    order = showcase(None if found is None else found.tolist(), len(x), 48)
    across = columns_for(spec.shape, 12)
    overlap = _overlap(vae, x, found)
    pictures: dict[str, Image.Image] = {}
    pictures["reconstructions"] = reconstructions(vae, x[order[: 4 * across]])
    for name, drawn in (("samples", False), ("samples_draws", True)):
        pictures[name] = _samples(vae, spec, drawn, seed)
    pairs = min(8, len(order) // 2)
    if pairs:
        a, b = x[order[:pairs]], x[order[pairs : 2 * pairs]]
        pictures["interpolation"] = interpolations(vae, a, b, 11 if across > 8 else 6)
    pictures["traversal"], _ = traversal(vae, x, order[0])
    if rows:
        pictures["learning_curves"] = as_image(learning_curves(rows))
    if has_plane(vae):
        pictures["manifold"] = manifold(vae)
        codes = torch.cat([next(iter(posterior_means(vae, part).values())) for part in x.split(100)])
        pictures["latent_scatter"] = as_image(latent_scatter(codes, found, overlap))
    for name, picture in pictures.items():
        save_png(picture, folder / f"{name}.png")
    paths = tuple(folder / f"{name}.png" for name in pictures)
    if overlap is None:
        return Figures(paths, None, None)
    return Figures(paths, overlap.value, (overlap.a, overlap.b))


def _some(examples: Examples, spec: DataSpec) -> Float[Tensor, "N *E"]:
    most = min(MOST_EXAMPLES, max(100, MOST_VALUES // spec.dimensions))
    parts: list[Tensor] = []
    for where, part, _ in examples.in_order():
        parts.append(part)
        if where.stop >= most:
            break
    return torch.cat(parts)[:most]


def _samples(vae: VAE, spec: DataSpec, draw: bool, seed: int) -> Image.Image:
    across = columns_for(spec.shape, 12)
    x = samples(vae, across * min(8, across), draw=draw, noise=Noise(seed, (), ()))
    title = "Samples, drawn from p(x|z)" if draw else "Samples, mean of p(x|z)"
    prior = "N(0, I)" if isinstance(vae.latents.top, StandardNormal) else "the fitted prior"
    note = f"z drawn from {prior}"
    if draw:
        note += " · with the noise that the likelihood states"
    return sheet(x, across, captions=Captions(title, note))


def _overlap(vae: VAE, x: Tensor, labels: Tensor | None) -> Overlap | None:
    if labels is None or len(labels.unique()) < 2:
        return None
    if all(bool((labels == label).any()) for label in PREFERRED):
        return class_overlap(vae, x, labels, *PREFERRED)
    return most_overlapping_pair(vae, x, labels)
