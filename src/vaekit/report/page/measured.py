"""Sections in charts: training, the latent map, the rate of each dimension, and the power spectrum."""

import math
from collections.abc import Mapping, Sequence

import torch
from markupsafe import Markup
from torch import Tensor

from vaekit.evaluation.latent_use import DEAD, latent_use
from vaekit.evaluation.spectrum import radial_profile, sharpness
from vaekit.noise import Noise
from vaekit.report.explore import has_dimensions, posterior_means, samples
from vaekit.report.page.blocks import Block, Charts, Missing, Section
from vaekit.report.page.charts import Point, bar_chart, line_chart, scatter_chart, span
from vaekit.report.page.components import Components
from vaekit.report.page.subject import Subject

EARLY = 0.1
"""The first tenth of a run may leave the picture where it would flatten all that follows."""
BARS = 64
CLASSES = 20
"""More classes than this have too many colours to tell apart."""
RINGS = 4
"""Images with fewer rings of frequencies, of less than 8 pixels, have no spectrum to speak of."""


def training(subject: Subject) -> Section:
    """Learning curves."""
    return Section("training", "Training", _training(subject))


def _training(subject: Subject) -> Sequence[Block]:
    rows = subject.rows
    if not rows:
        return (Missing("It was solved in closed form: there was no training to watch."),)
    if "validation_loss" in rows[-1]:
        lines = {"training": _line(rows, "train_loss"), "validation": _line(rows, "validation_loss")}
        chart = _curve("Loss", "squared units of x per example", lines, "validation")
        return (Charts((chart,), _best(rows, lines["validation"])),)
    measure = next((m for m in ("density", "mass") if f"validation_elbo_{m}" in rows[-1]), "density")
    nll, kl = _line(rows, "train_nll"), _line(rows, "train_kl")
    both = [(x, a + b) for (x, a), (_, b) in zip(nll, kl, strict=True)]
    held = [(x, -value) for x, value in _line(rows, f"validation_elbo_{measure}")]
    unit = f"nats per example ({measure})"
    drawings = (
        _curve("Negative bound, −ELBO", unit, {"training": both, "validation": held}, "validation"),
        _curve(
            "Distortion, −E log p(x|z)",
            unit,
            {"training": nll, "validation": _line(rows, f"validation_nll_{measure}")},
        ),
        _curve(
            "Rate, KL(q ‖ p)",
            "nats per example",
            {"training": kl, "validation": _line(rows, "validation_kl")},
        ),
    )
    return (Charts(drawings, _best(rows, held)),)


def _line(rows: Sequence[Mapping[str, float]], name: str) -> list[Point]:
    return [(row.get("epoch", place + 1.0), row.get(name, math.nan)) for place, row in enumerate(rows)]


def _curve(title: str, unit: str, lines: Mapping[str, Sequence[Point]], best: str = "") -> Markup:
    """Lines over epochs; the first ones may leave the picture. The best validation is marked."""
    later = [y for points in lines.values() for _, y in points[int(EARLY * len(points)) :]]
    every = [y for points in lines.values() for _, y in points]
    finite, rest = span(every, 0.0), span(later, 0.0)
    cut = finite[1] - finite[0] > 3 * (rest[1] - rest[0]) > 0
    marks = [p for p in lines.get(best, ()) if math.isfinite(p[1])]
    mark = min(marks, key=lambda p: p[1]) if marks else None
    return line_chart(title, ("epoch", unit), lines, span(later if cut else every), mark, whole=True)


def _best(rows: Sequence[Mapping[str, float]], line: Sequence[Point]) -> str:
    finite = [p for p in line if math.isfinite(p[1])]
    if not finite:
        return ""
    epoch, value = min(finite, key=lambda p: p[1])
    where = f"{value:.4g}".replace("-", "−")
    last = rows[-1].get("epoch", epoch)
    return f"Validation was best at epoch {epoch:g} of {last:g}, {where}; these weights were kept."


@torch.no_grad()
def latent_map(subject: Subject) -> Section:
    """The codes of training examples in a plane, coloured by class."""
    return Section("map", "Latent map", _map(subject))


def _map(subject: Subject) -> Sequence[Block]:
    if not has_dimensions(subject.vae):
        return (Missing("Its codes are discrete: no plane shows them."),)
    x = subject.some("train")
    parts = [next(iter(posterior_means(subject.vae, part).items())) for part in x.split(250)]
    site, codes = parts[0][0], torch.cat([mean for _, mean in parts]).cpu()
    axes = Components.of(codes)
    if codes.shape[1] == 1:
        codes = torch.cat([codes, torch.zeros_like(codes)], 1)
        axes = Components.of(codes)
    points = axes.points(codes)
    labels = subject.labels("train", len(x))
    groups = _groups(subject, points, labels)
    chart = scatter_chart(f"Codes of {len(x):,} training examples", axes.labels(site), groups)
    about = f"Codes at the mean of q(z|x), in {axes.sentence('z')}"
    return (Charts((chart,), f"{about}; coloured by class." if len(groups) > 1 else f"{about}."),)


def _groups(subject: Subject, points: Sequence[Point], labels: Tensor | None) -> dict[str, list[Point]]:
    found = [] if labels is None else sorted(set(labels.tolist()))
    if labels is None or not 2 <= len(found) <= CLASSES:
        return {"codes": list(points)}
    groups: dict[str, list[Point]] = {}
    for point, label in zip(points, labels.tolist(), strict=True):
        groups.setdefault(f"{found.index(label):03d}", []).append(point)
    return {subject.label_name(found[int(place)]): groups[place] for place in sorted(groups)}


def rates(subject: Subject) -> Section:
    """KL of each latent dimension, the largest first."""
    return Section("rates", "KL of each dimension", _rates(subject))


def _rates(subject: Subject) -> Sequence[Block]:
    x = subject.some("test", 500)
    if subject.vae.deterministic:
        return (Missing("Codes that are points, or entries of a codebook, have no KL of each dimension."),)
    if len(x) < 2:
        return (Missing("One test example is too few to tell which dimensions are used."),)
    drawings: list[Markup] = []
    sentences: list[str] = []
    for use in latent_use(subject.vae, x, subject.seed):
        order = use.rate.argsort(descending=True, stable=True).tolist()
        bars = [(str(dim), use.rate[dim].item()) for dim in order[:BARS]]
        title = f"KL of the dimensions of {use.site}, nats"
        drawings.append(bar_chart(title, ("dimension", "nats per example"), bars, (DEAD, f"{DEAD:g} nat")))
        more = f", {BARS} are shown" if len(order) > BARS else ""
        sentences.append(
            f"{len(order) - use.dead} of {len(order)} dimensions of {use.site} say more than {DEAD:g} nat{more}"
        )
    return (Charts(drawings, "; ".join(sentences) + f"; means over {len(x):,} test examples."),)


def spectrum(subject: Subject) -> Section:
    """Power over frequency of data, reconstructions and samples: what is missing on the right is blur."""
    return Section("spectrum", "Power spectrum", _spectrum(subject))


def _spectrum(subject: Subject) -> Sequence[Block]:
    if not subject.spec.is_image:
        return (Missing("Rows of numbers have no spectrum."),)
    if min(subject.spec.shape[1:]) < 2 * RINGS:
        return (Missing("Images of fewer than 8 pixels hold too few frequencies."),)
    if subject.by_value:
        return (Missing("It shows one draw and no mean: its noise would look like detail."),)
    x = subject.held_out[: 48 if subject.is_large else 200]
    again = torch.cat([subject.vae.reconstruct(part).cpu() for part in x.split(50)])
    images = {"data": x.cpu(), "reconstructions": again}
    if subject.has_prior:
        images["samples"] = samples(subject.vae, len(x), noise=Noise(subject.seed, ("spectrum",), ()))
    profiles = {name: radial_profile(image) for name, image in images.items()}
    lines = {
        name: list(zip(p.frequency.tolist(), p.decibels.tolist(), strict=True))
        for name, p in profiles.items()
    }
    data = profiles["data"].decibels
    against = {
        name: list(zip(p.frequency.tolist(), (p.decibels - data).tolist(), strict=True))
        for name, p in profiles.items()
    }
    axis = "frequency, cycles per pixel"
    drawings = (
        line_chart("Power", (axis, "dB"), lines),
        line_chart("Against the data", (axis, "dB"), against),
    )
    sharp = ", ".join(
        f"{name} {sharpness(image, images['data']):.2f}" for name, image in images.items() if name != "data"
    )
    return (
        Charts(
            drawings,
            f"Below 0 dB on the right is blur. Sharpness, Var ∇²x̂ / Var ∇²x (1: as the data): {sharp}.",
        ),
    )
