"""Two latent dimensions as a plane: the decoded grid of the original paper, and the codes as points."""

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torch.distributions import Normal

from vaekit.core import VAE
from vaekit.errors import UserError
from vaekit.evaluation.overlap import Overlap
from vaekit.noise import Noise, Shard, draw
from vaekit.priors import StandardNormal
from vaekit.report.explore import decode
from vaekit.report.heat import heat_maps
from vaekit.report.sheets import Captions, sheet
from vaekit.report.style import BLUE, CLASSES, INK, dress, new_figure

DRAWS = 20_000
MOST_PANELS = 8


def has_plane(vae: VAE) -> bool:
    """Whether the model has one site of two dimensions."""
    return list(vae.latents.sites.values()) == [2]


@torch.no_grad()
def plane_quantiles(vae: VAE, size: int) -> Float[Tensor, "2 size"]:
    """Where the grid lies: the (i + ½)/size quantiles of the prior, for each of the two dimensions.

    Φ⁻¹ for a standard normal; for another prior the empirical quantiles of 20,000 seeded draws.
    """
    levels = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    if isinstance(vae.latents.top, StandardNormal):
        standard = Normal(torch.zeros((), dtype=torch.float64), 1.0, validate_args=False)
        return standard.icdf(levels).float().expand(2, size)
    z = draw(vae.latents.top(), (DRAWS,), Noise(0, (), (Shard(0, DRAWS),)), "plane")
    return z.cpu().double().quantile(levels, 0).T.float()


def decode_plane(
    vae: VAE, size: int = 20
) -> tuple[Float[Tensor, "rows columns *E"], Float[Tensor, "2 size"]]:
    """Decode a grid of the latent plane; the first row has the largest z[1], the first column the smallest z[0].

    Args:
        vae: a model with one site of two dimensions.
        size: rows and columns.

    Returns:
        x on the CPU, and the quantiles of each dimension in rising order.

    Raises:
        UserError: for another number of latent dimensions.

    Source: Kingma & Welling 2014, figure 4.
    """
    if not has_plane(vae):
        raise UserError(
            f"the latent plane needs one site of two dimensions, this model has {dict(vae.latents.sites)}: "
            "train with --latents 2, or use vaekit traverse"
        )
    quantiles = plane_quantiles(vae, size)
    vertical, horizontal = torch.meshgrid(quantiles[1].flip(0), quantiles[0], indexing="ij")
    device = vae.device
    z = torch.stack([horizontal, vertical], -1).flatten(0, 1).to(device)
    (site,) = vae.latents.sites
    return decode(vae, {site: z}).unflatten(0, (size, size)), quantiles


def manifold(vae: VAE, size: int = 20) -> Image.Image:
    """Show the decoded grid of the latent plane; for vectors, each dimension of x as a map of the plane.

    Args:
        vae: a model with one site of two dimensions.
        size: rows and columns.

    Raises:
        UserError: for another number of latent dimensions.
    """
    x, quantiles = decode_plane(vae, size)
    (site,) = vae.latents.sites
    marks = {0, size // 4, size // 2, 3 * size // 4, size - 1}
    labels = [[_number(v) if i in marks else "" for i, v in enumerate(row.tolist())] for row in quantiles]
    prior = "N(0, I)" if isinstance(vae.latents.top, StandardNormal) else "the fitted prior"
    title = f"The latent plane, decoded: {site}[0] to the right, {site}[1] upwards"
    note = f"at the marginal quantiles of {prior}"
    if x.ndim == 3:
        spread = x.flatten(0, 1).var(0).argsort(descending=True)[:MOST_PANELS].sort().values.tolist()
        panels = [(f"x[{j}]", x[..., j]) for j in spread]
        return heat_maps(panels, labels[1][::-1], labels[0], title, note, x_label=f"{site}[0]")
    captions = Captions(title, note, labels[1][::-1], labels[0])
    return sheet(x.flatten(0, 1), size, captions=captions)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def latent_scatter(
    codes: Float[Tensor, "N _"], labels: Tensor | None = None, overlap: Overlap | None = None
) -> Figure:
    """Draw posterior means as points, coloured by label.

    Args:
        codes: posterior means.
        labels: whole numbers (N,), or None.
        overlap: of two classes, for the title.

    Raises:
        UserError: unless the codes have two dimensions.
    """
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise UserError(f"a scatter plot needs codes of two dimensions, got shape {tuple(codes.shape)}")
    figure = new_figure(8.2, 7.0)
    axes = figure.subplots()
    points = codes.detach().cpu().numpy()
    dress(axes, f"Posterior means of {len(codes):,} examples{_words(overlap)}", "z[0]", "z[1]")
    axes.set_aspect("equal", adjustable="datalim")
    size = float(np.clip(9000 / len(points), 5, 34))
    if labels is None:
        axes.scatter(points[:, 0], points[:, 1], s=size, color=BLUE, alpha=0.7, linewidths=0)
    else:
        _scatter_classes(figure, axes, points, labels.cpu().numpy(), size)
    return figure


def _words(overlap: Overlap | None) -> str:
    if overlap is None:
        return ""
    error = f" ± {overlap.standard_error:.2f}" if overlap.standard_error >= 0.005 else ""
    return f" · classes {overlap.a} and {overlap.b} overlap by {overlap.value:.2f}{error}"


def _scatter_classes(figure: Figure, axes: Axes, points: np.ndarray, labels: np.ndarray, size: float) -> None:
    classes = np.unique(labels)
    if len(classes) > 2 * len(CLASSES):
        found = axes.scatter(
            points[:, 0], points[:, 1], s=size, c=labels, cmap="viridis", alpha=0.8, linewidths=0
        )
        figure.colorbar(found, ax=axes, label="class", fraction=0.04)
        return
    # Points of all classes are mixed, so that no class covers the others.
    order = np.random.default_rng(0).permutation(len(points))
    place = np.searchsorted(classes, labels)
    colours = np.array(CLASSES)[place % len(CLASSES)]
    for round_, marker in enumerate("o^"):
        here = order[place[order] // len(CLASSES) == round_]
        axes.scatter(
            *points[here].T, s=size, c=colours[here].tolist(), marker=marker, alpha=0.85, linewidths=0
        )
    for index, name in enumerate(classes):
        marker = "o^"[index // len(CLASSES)]
        axes.scatter([], [], s=46, color=CLASSES[index % len(CLASSES)], marker=marker, label=str(name))
    legend = figure.legend(
        loc="outside right center", title="class", frameon=False, fontsize=10.5, scatteryoffsets=[0.5]
    )
    legend.get_title().set_color(INK)
