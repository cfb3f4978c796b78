"""Decoder holes: where pictures jump on the way from one code to another."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vaekit.core import VAE
from vaekit.errors import UserError
from vaekit.evaluation.holes.codes import DECODED, decoded

STEP = 0.05
"""Length of a step in units of the codes' root mean squared distance from their mean."""
REFERENCES = 1000
LEAST_SPREAD = 0.01
"""Of the interquartile range in units of Q3: rounding makes no hole in a decoder whose jumps are all the same."""


@final
@dataclass(frozen=True, eq=False)
class DecoderHoles:
    """How unsteady the decoder is between codes, against how it is at codes.

    Args:
        rate: fraction of steps between codes whose jump is above the fence.
        standard_error: of the rate, over paths.
        paths: fraction of paths with such a step.
        paths_standard_error: of that fraction.
        reference: fraction of steps at codes above the same fence: what is usual.
        fence: Q3 + 1.5 (Q3 − Q1) of the jumps at codes.
        step: length of a step, in units of z.
        start: z_t of every step between codes.
        end: z_{t+1}.
        jump: ‖G(z_{t+1}) − G(z_t)‖ / ‖z_{t+1} − z_t‖ of every step, units of x per unit of z.
        path: which path the step belongs to.
    """

    rate: float
    standard_error: float
    paths: float
    paths_standard_error: float
    reference: float
    fence: float
    step: float
    start: Float[Tensor, "S d"]
    end: Float[Tensor, "S d"]
    jump: Float[Tensor, " S"]
    path: Int[Tensor, " S"]

    @property
    def hole(self) -> Bool[Tensor, " S"]:
        """Which steps are holes."""
        return self.jump > self.fence

    @property
    def where(self) -> Float[Tensor, "H d"]:
        """The middles of these steps."""
        return ((self.start + self.end) / 2)[self.hole]


@torch.no_grad()
def decoder_holes(vae: VAE, codes: Float[Tensor, "N d"], paths: int = 300, seed: int = 0) -> DecoderHoles:
    """Walk straight lines between codes of different examples and count jumps that are unusual at codes.

    A step's jump is ‖ΔG‖ / ‖Δz‖, G(z) the picture of p(x | z). All steps have nearly one length, a twentieth
    of the codes' spread, so that a jump of any model means the same. The fence Q3 + 1.5 IQR is that of the
    posterior paths: one such step from each code towards its nearest neighbour, where the decoder is at home.
    That reference exists for points, which have no two draws of one posterior, as it does for Gaussians.

    The rates do not change when the latent space is rotated, shifted or scaled, or when x is scaled.

    Args:
        vae: the model.
        codes: one draw from q(z | x) for each of N examples.
        paths: how many lines; no code is the end of two of them.
        seed: of the choice of pairs.

    Raises:
        UserError: if there are fewer than 8 codes, or all are the same.

    Source: Li, Peng & Lin 2021, On the latent holes of VAEs for text generation,
    https://arxiv.org/abs/2110.03318 (the jump as indicator; holes as its outliers). Fence: Tukey 1977.
    """
    if len(codes) < 8:
        raise UserError(f"holes between codes need at least 8 examples, got {len(codes)}")
    spread = (codes - codes.mean(0)).square().sum(1).mean().sqrt().item()
    if not spread > 0:
        raise UserError("all codes of this model are the same: there is nothing between them")
    step = STEP * spread
    usual = _at_codes(vae, codes, step, seed)
    fence = tukey_fence(usual)
    start, end, path = _lines(codes, min(paths, len(codes) // 2), step, seed)
    jump = _between(vae, start, end, (end - start).norm(dim=1))
    over = (jump > fence).double()
    count = int(path.max()) + 1
    steps = torch.zeros(count, dtype=torch.float64, device=over.device).index_add(
        0, path, torch.ones_like(over)
    )
    holes = torch.zeros_like(steps).index_add(0, path, over)
    rate, hit = over.mean(), (holes > 0).double()
    return DecoderHoles(
        rate.item(),
        ((holes - rate * steps).square().sum() * count / (count - 1)).sqrt().item() / len(over),
        hit.mean().item(),
        (hit.std() / count**0.5).item(),
        (usual > fence).double().mean().item(),
        fence,
        step,
        start,
        end,
        jump,
        path,
    )


def tukey_fence(jump: Float[Tensor, " S"]) -> float:
    """Q3 + 1.5 (Q3 − Q1).

    Example:
        >>> tukey_fence(torch.arange(5.0))
        6.0
    """
    low, high = (
        jump.double().quantile(torch.tensor([0.25, 0.75], dtype=torch.float64, device=jump.device)).tolist()
    )
    return high + 1.5 * max(high - low, LEAST_SPREAD * high)


def jumps(
    before: Float[Tensor, "S D"], after: Float[Tensor, "S D"], length: Float[Tensor, " S"] | float
) -> Float[Tensor, " S"]:
    """‖after − before‖ / length."""
    return (after - before).norm(dim=1) / length


def _between(
    vae: VAE, start: Float[Tensor, "S d"], end: Float[Tensor, "S d"], length: Float[Tensor, " S"]
) -> Float[Tensor, " S"]:
    """The jumps between codes, a few at a time: thousands of photographs would not fit into memory."""
    parts = zip(start.split(DECODED), end.split(DECODED), length.split(DECODED), strict=True)
    return torch.cat([jumps(decoded(vae, a), decoded(vae, b), size) for a, b, size in parts])


@torch.no_grad()
def jump_map(
    vae: VAE, horizontal: Float[Tensor, " W"], vertical: Float[Tensor, " H"], step: float
) -> Float[Tensor, "H W"]:
    """The jump of a step in a random direction, at every point of a plane: √(½ Σ_j ‖G(z + h e_j) − G(z)‖²) / h.

    Args:
        vae: a model with two latent dimensions at its top.
        horizontal: z[0].
        vertical: z[1], a row for each.
        step: h, in units of z.
    """
    rows, columns = torch.meshgrid(vertical, horizontal, indexing="ij")
    z = torch.stack([columns, rows], -1).flatten(0, 1).to(vae.device)
    here = decoded(vae, z)
    aside = [jumps(here, decoded(vae, z + step * axis), step) for axis in torch.eye(2).to(z)]
    return torch.stack(aside).square().mean(0).sqrt().unflatten(0, (len(vertical), len(horizontal)))


def _at_codes(vae: VAE, codes: Tensor, step: float, seed: int) -> Tensor:
    """The jumps of one step from each of some codes towards its nearest neighbour."""
    chosen = _shuffled(len(codes), seed)[:REFERENCES].to(codes.device)
    start = codes[chosen]
    away = torch.cdist(start, codes, compute_mode="donot_use_mm_for_euclid_dist")
    # A code's twin shows no direction; itself is one.
    away = away.masked_fill(away <= 1e-6 * step, torch.inf)
    distance, nearest = away.min(1)
    direction = (codes[nearest] - start) / distance.unsqueeze(1)
    return _between(vae, start, start + step * direction, torch.full_like(start[:, 0], step))


def _lines(codes: Tensor, paths: int, step: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Start, end and path of every step, cut so that all steps are about as long."""
    chosen = _shuffled(len(codes), seed + 1)[: 2 * paths].to(codes.device)
    ends = codes[chosen].unflatten(0, (2, paths))
    starts: list[Tensor] = []
    stops: list[Tensor] = []
    sizes: list[int] = []
    for a, b in zip(ends[0], ends[1], strict=True):
        sizes.append(max(1, round(((b - a).norm() / step).item())))
        t = torch.linspace(0, 1, sizes[-1] + 1, dtype=codes.dtype, device=codes.device).unsqueeze(1)
        line = (1 - t) * a + t * b
        starts.append(line[:-1])
        stops.append(line[1:])
    path = torch.arange(paths, device=codes.device).repeat_interleave(
        torch.tensor(sizes, device=codes.device)
    )
    return torch.cat(starts), torch.cat(stops), path


def _shuffled(count: int, seed: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
