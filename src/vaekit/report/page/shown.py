"""Sections in pictures: samples, reconstructions, interpolations, traversals, and neighbours in the training set."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaekit.noise import Noise
from vaekit.report.explore import has_dimensions, interpolate, pictured, samples, traverse
from vaekit.report.page.blocks import Block, Charts, Missing, Picture, Section, Strips, Tiles
from vaekit.report.page.charts import bar_chart, scatter_chart
from vaekit.report.page.components import Components
from vaekit.report.page.pictures import is_crisp, pictures, side_for, strip
from vaekit.report.page.subject import Subject

NO_PRIOR = "It has no prior to draw from until one is fitted: vaekit fit-prior does it."
NUMBERS = "The examples are rows of numbers, which no picture shows."
NEIGHBOURS = 3
SEARCHED = 20_000
"""Training examples among which neighbours are looked for."""
COLUMNS = 40
"""Of a table, in the chart of what is explained."""


def sampled(subject: Subject) -> Section:
    """Samples: means of p(x|z), and draws from it with the noise that it states."""
    return Section("samples", "Samples", _samples(subject))


def _samples(subject: Subject) -> Sequence[Block]:
    if not subject.has_prior:
        return (Missing(NO_PRIOR),)
    if not subject.spec.is_image:
        return _samples_of_vectors(subject)
    count = 12 if subject.by_value or subject.is_large else 36
    found: list[Block] = []
    for draw in (False, True):
        if draw and not pictured(subject.vae).startswith("mean"):
            break
        what = "Drawn from p(x|z), with the noise that the likelihood states" if draw else _sentence(subject)
        x = samples(subject.vae, count, draw=draw, noise=Noise(subject.seed, (), ()))
        alts = [f"sample {place + 1}" for place in range(count)]
        found.append(_tiles(subject, [[p] for p in pictures(x, alts)], f"{what}; z is drawn from the prior."))
    return found


def _sentence(subject: Subject) -> str:
    words = pictured(subject.vae)
    return words[0].upper() + words[1:]


def _tiles(subject: Subject, stacks: Sequence[Sequence[Picture]], caption: str) -> Tiles:
    shape = subject.spec.shape
    return Tiles(stacks, caption, side_for(shape), is_crisp(shape))


def _samples_of_vectors(subject: Subject) -> Sequence[Block]:
    x = subject.some("train", 1000)
    drawn = samples(subject.vae, len(x), draw=True, noise=Noise(subject.seed, (), ()))
    # What is missing (NaN) lies at the mean, where it pulls in no direction.
    x = torch.where(x.isnan(), x.nanmean(0).nan_to_num(0.0), x)
    axes = Components.of(x.cpu())
    groups = {"data": axes.points(x.cpu()), "samples": axes.points(drawn)}
    chart = scatter_chart("Data and samples", axes.labels("component"), groups)
    return (Charts((chart,), f"Draws from p(x|z) beside training data, in {axes.sentence('the data')}."),)


def reconstructed(subject: Subject) -> Section:
    """Test examples above what the model makes of their codes."""
    return Section("reconstructions", "Reconstructions", _reconstructions(subject))


def _reconstructions(subject: Subject) -> Sequence[Block]:
    if not subject.spec.is_image:
        return (_explained(subject),)
    x = subject.held_out[: 8 if subject.by_value else 12 if subject.is_large else 24]
    again = subject.vae.reconstruct(x).cpu()
    above = pictures(x.cpu(), [f"test example {place + 1}" for place in range(len(x))])
    below = pictures(again, [f"its reconstruction, {place + 1}" for place in range(len(x))])
    caption = "Test examples, each above its reconstruction"
    if not subject.by_value:
        caption += f"; mean squared error {(x.cpu() - again).square().mean().item():.4f}"
    return (_tiles(subject, [[a, b] for a, b in zip(above, below, strict=True)], f"{caption}."),)


def _explained(subject: Subject) -> Block:
    """Of a table: how much of each column's variance reconstructions explain."""
    x = subject.some("test", 1000)
    again = torch.cat([subject.vae.reconstruct(part) for part in x.split(100)])
    left = (x - again).square().nanmean(0) / (x - x.nanmean(0)).square().nanmean(0).clamp(min=1e-12)
    share = (1 - left).cpu()[:COLUMNS]
    bars = [(str(column), max(0.0, value)) for column, value in enumerate(share.tolist())]
    chart = bar_chart("What reconstructions explain", ("column", "share of its variance"), bars)
    more = f"; the first {COLUMNS} of {x.shape[1]} columns" if x.shape[1] > COLUMNS else ""
    return Charts((chart,), f"Of each column, over {len(x):,} test examples; 1 is all, 0 none or less{more}.")


def interpolated(subject: Subject) -> Section:
    """Lines between the codes of pairs of test examples."""
    return Section("interpolations", "Interpolations", _interpolations(subject))


def _interpolations(subject: Subject) -> Sequence[Block]:
    if not subject.spec.is_image:
        return (Missing(NUMBERS),)
    pairs, steps = (2, 5) if subject.by_value else (3, 7) if subject.is_large else (5, 7)
    x = subject.held_out
    pairs = min(pairs, len(x) // 2)
    if not pairs:
        return (Missing("There is only one test example, and no way from it to another."),)
    rows: list[tuple[str, Float[Tensor, "n C H W"]]] = []
    for a, b in zip(x[:pairs], x[pairs : 2 * pairs], strict=True):
        between = interpolate(subject.vae, a, b, steps)
        rows.append(("", torch.cat([a[None].cpu(), between, b[None].cpu()])))
    caption = "Decoded along the straight line between two codes; the outermost pictures are the originals."
    return (_strips(subject, rows, caption, "from one test example to another"),)


def _strips(
    subject: Subject, rows: Sequence[tuple[str, Float[Tensor, "n C H W"]]], caption: str, alt: str
) -> Strips:
    shape = subject.spec.shape
    longest = max((len(x) for _, x in rows), default=1)
    named = [
        (label, strip(x, f"{alt} {place + 1}" if not label else f"{alt} {label}"))
        for place, (label, x) in enumerate(rows)
    ]
    return Strips(named, caption, longest * max(side_for(shape), 72), is_crisp(shape))


def traversed(subject: Subject) -> Section:
    """One latent dimension moves at a time, the one that says most first."""
    return Section("traversals", "Traversals", _traversals(subject))


def _traversals(subject: Subject) -> Sequence[Block]:
    if not has_dimensions(subject.vae):
        return (
            Missing("Discrete codes have no dimensions to move along: there is nothing between two of them."),
        )
    if not subject.spec.is_image:
        return (Missing(NUMBERS),)
    most, steps = (3, 5) if subject.by_value else (8, 7) if subject.is_large else (10, 9)
    found = traverse(subject.vae, subject.held_out, 0, most, steps)
    rows = [
        (f"{found.site}[{dim}] · {kl:.2f} {found.unit}", x)
        for dim, kl, x in zip(found.dims, found.kl, found.x, strict=True)
    ]
    order = "the largest KL first" if found.unit == "nats" else "the one that varies most first"
    caption = f"One dimension of z moves from −3 to +3 standard deviations, the others stay; {order}."
    return (_strips(subject, rows, caption, "traversal of"),)


def neighbours(subject: Subject) -> Section:
    """What lies nearest to samples in the training set."""
    return Section("neighbours", "Nearest training examples", _neighbours(subject))


def _neighbours(subject: Subject) -> Sequence[Block]:
    if not subject.has_prior:
        return (Missing(NO_PRIOR),)
    if not subject.spec.is_image:
        return (Missing(f"{NUMBERS} The doctor's test for copying needs none."),)
    count = 6 if subject.is_large or subject.by_value else 10
    x = samples(subject.vae, count, noise=Noise(subject.seed, ("neighbours",), ()))
    train = subject.some("train", SEARCHED)
    places, distance = nearest(x.to(train.device), train, NEIGHBOURS)
    stacks: list[list[Picture]] = []
    for one, near, far in zip(x, places, distance.tolist(), strict=True):
        alts = ["sample", *(f"training example at distance {value:.2f}" for value in far)]
        stacks.append(pictures(torch.cat([one[None], train[near].cpu()]), alts))
    whole = len(subject.data.train)
    among = f"all {whole:,}" if len(train) == whole else f"{len(train):,} of {whole:,}"
    caption = (
        f"Each column: a sample, and below it the {NEIGHBOURS} nearest of {among} training examples "
        f"by Euclidean distance of pixels; nearest first, on average {distance[:, 0].mean().item():.2f} away."
    )
    return (replace(_tiles(subject, stacks, caption), apart=True),)


def nearest(
    x: Float[Tensor, "N *E"], train: Float[Tensor, "M *E"], count: int
) -> tuple[Int[Tensor, "N K"], Float[Tensor, "N K"]]:
    """Places of the nearest vectors by ‖x − y‖, nearest first, and the distances.

    Example:
        >>> places, distance = nearest(torch.tensor([[0.0]]), torch.tensor([[3.0], [1.0]]), 1)
        >>> places.tolist(), distance.tolist()
        ([[1]], [[1.0]])
    """
    found = torch.cat([torch.cdist(x.flatten(1), part.flatten(1)) for part in train.split(1000)], 1)
    distance, places = found.sort(1)
    return places[:, :count], distance[:, :count]
