"""How close reconstructions come, in values and in detail."""

import math
from typing import final

import torch
from torch import Tensor

from vaekit.core import Sequential
from vaekit.evaluation.report import Figure, figure_of
from vaekit.evaluation.spectrum import SMALLEST_SIDE, Detail, details, energies, sharpness
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring
from vaekit.objectives.similarity import MultiScale, ms_ssim, scales_of, ssim

SHARP = 500
"""Examples whose sharpness is measured."""
CYCLES = "energy of the means, f in cycles/pixel"


@final
class Pictures(Group):
    """Reconstructions at the mean of q against the examples."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """A picture that is a mean."""
        if isinstance(subject.vae.likelihood, Sequential):
            return (
                "no squared error: the picture of a likelihood that draws value by value is one draw, "
                "not its mean"
            )
        if subject.spec.columns is not None:
            return "no squared error: the columns hold values of different kinds"
        return None

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """Nothing but the model and its data."""
        return ()

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Reconstruct the split."""
        vae, examples, spec = subject.vae, subject.examples, subject.spec
        large = spec.is_image and min(spec.shape[1:]) >= SMALLEST_SIDE
        alike = spec.is_image and spec.levels is not None and scales_of(*spec.shape[1:]) > 0
        errors: list[Tensor] = []
        by_band: list[Tensor] = []
        similar: list[Tensor] = []
        several: list[MultiScale] = []
        first: list[tuple[Tensor, Tensor]] = []
        for where, x, _ in examples.in_order():
            y = vae.reconstruct(x)
            errors.append((x - y).square().flatten(1).nanmean(-1))  # of what was observed
            if large:
                by_band.append(energies(x, y))
                first += [(x, y)] if where.start < SHARP else []
            if alike:
                similar.append(ssim(x, y))
                several.append(ms_ssim(x, y))
            progress(where.stop / len(examples))
        error = torch.cat(errors)
        error = error[~error.isnan()]  # an example of which nothing was observed has none
        figures = [figure_of("MSE", error, unit="")]
        if spec.is_image or spec.levels is not None:
            figures.append(figure_of("PSNR", -10 * error.clamp(min=1e-10).log10(), unit="dB"))
        if alike:
            figures.append(figure_of("SSIM", torch.cat(similar), ""))
            figures.append(figure_of(several[0].name, torch.cat([each.values for each in several]), ""))
        if large:
            figures += _detail_figures(details(by_band))
            figures += _sharpness_figures(*(torch.cat(parts) for parts in zip(*first, strict=True)))
        return Result(tuple(figures))


def _sharpness_figures(x: Tensor, y: Tensor) -> list[Figure]:
    value = sharpness(y, x)
    if not math.isfinite(value):
        return []  # flat pictures have no edges
    reference = f"of the first {len(x)} examples; 1: edges as strong as theirs, under 0.3: blurry"
    return [
        Figure(
            "sharpness", value, math.nan, "", "Var of the Laplacian, against the examples'", "", "", reference
        )
    ]


def _detail_figures(found: tuple[Detail, ...]) -> list[Figure]:
    figures: list[Figure] = []
    for detail in found:
        if not detail.image.any():
            continue  # flat pictures have no detail to explain
        low, high = detail.band
        band = f"f > {low:g}" if math.isinf(high) else f"f {low:g}-{high:g}"
        figures.append(Figure(f"explained, {band}", *detail.explained, "", CYCLES))
        figures.append(Figure(f"power, {band}", *detail.power, "", CYCLES))
    return figures


GROUP = Pictures()
