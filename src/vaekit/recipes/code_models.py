"""Models whose latents are grids of codes: networks, quantisers and uniform priors put together."""

from math import prod

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaekit.core import VAE, Likelihood
from vaekit.distributions import CodeGrid, Quantised
from vaekit.errors import UserError
from vaekit.latents import OneGrid, TwoGrids
from vaekit.nets import (
    MLP,
    Encoder,
    Joined,
    TwoScales,
    grid_decoder,
    grid_encoder,
    grid_sizes,
)
from vaekit.posteriors import QuantisedPosterior
from vaekit.priors import UniformCodes
from vaekit.quantisers import Quantiser
from vaekit.recipes.compose import build_conditioning, build_likelihood
from vaekit.recipes.options import Architecture, Grids, Size
from vaekit.spec import DataSpec

_CHUNK = 100
SMALLEST_FINE = 3
"""Sides of a fine grid at least, so that the coarse one, half of it, has 2×2 positions."""
_WIDTHS: dict[Size, tuple[int, ...]] = {"tiny": (8, 16), "small": (32, 64), "base": (64, 128)}
_HIDDEN: dict[Size, tuple[int, ...]] = {"tiny": (64,), "small": (200, 200), "base": (512, 512)}


def with_one_grid(spec: DataSpec, grids: Grids, quantiser: Quantiser) -> VAE:
    """A model with one grid of codes: convolutions for images, multilayer perceptrons for vectors.

    Args:
        spec: of the data.
        grids: the shared options.
        quantiser: of the codes.
    """
    likelihood = build_likelihood(spec, Architecture(likelihood=grids.likelihood, sigma=grids.sigma))
    numbers = quantiser.dimensions
    if spec.is_image:
        shape = _image(spec)
        down, widths = _downsample(spec, grids), _WIDTHS[grids.size]
        height, width = grid_sizes(shape[1:], down)[-1]
        encoder = grid_encoder(shape, down, widths, numbers)
        outputs = _outputs(likelihood, shape)
        decoder: nn.Module = grid_decoder(numbers, outputs, down, widths)
    else:
        if grids.positions < 1:
            raise UserError(f"--positions must be at least 1, got {grids.positions}")
        (height, width), hidden = (1, grids.positions), _HIDDEN[grids.size]
        inner = MLP(prod(spec.shape), hidden, numbers * width, "silu")
        encoder = Encoder(inner, spec.shape, numbers * width)
        outputs = prod(likelihood.outputs(spec.shape))
        decoder = MLP(numbers * width, hidden[::-1], outputs, "silu")
    grid = CodeGrid(height, width, quantiser.depth, numbers)
    posterior = QuantisedPosterior(quantiser, grid, (0, encoder.out_features))
    latents = OneGrid(grid, UniformCodes(quantiser, grid))
    conditioning = build_conditioning(spec, encoder.out_features, latents.out_features, as_map=True)
    return VAE(encoder, {"z": posterior}, latents, decoder, likelihood, spec.shape, conditioning)


def with_two_grids(spec: DataSpec, grids: Grids, top: Quantiser, bottom: Quantiser) -> VAE:
    """A model with a coarse grid of codes above a fine one, half its size on each side.

    Args:
        spec: of images.
        grids: the shared options; `downsample` is that of the fine grid.
        top: quantiser of the coarse grid.
        bottom: of the fine one.

    Raises:
        UserError: for vectors, or pictures too small for two grids.
    """
    if not spec.is_image:
        raise UserError("vq_vae_2 has two grids of different sizes, which vectors lack: use --recipe vq_vae")
    shape, down, widths = _image(spec), _downsample(spec, grids), _WIDTHS[grids.size]
    likelihood = build_likelihood(spec, Architecture(likelihood=grids.likelihood, sigma=grids.sigma))
    outputs = _outputs(likelihood, shape)
    fine_size, features = grid_sizes(shape[1:], down)[-1], widths[-1]
    if min(fine_size) < SMALLEST_FINE:
        raise UserError(
            f"--downsample {down} leaves a fine grid of {fine_size[0]}×{fine_size[1]}, and the coarse one, half of "
            "it on each side, needs at least 2×2: use a smaller --downsample, or --recipe vq_vae"
        )
    coarse_size = grid_sizes(fine_size, 2)[-1]
    fine = grid_encoder(shape, down, widths, features)
    coarse = grid_encoder((features, *fine_size), 2, (features,), top.dimensions)
    encoder = Encoder(
        TwoScales(fine, features, fine_size, coarse), shape, coarse.out_features + fine.out_features
    )
    above = CodeGrid(*coarse_size, top.depth, top.dimensions)
    below = CodeGrid(*fine_size, bottom.depth, bottom.dimensions)
    joined = Joined(features + top.dimensions, features, bottom.dimensions, fine_size)
    split = coarse.out_features
    posteriors = {
        "top": QuantisedPosterior(top, above, (0, split)),
        "bottom": QuantisedPosterior(bottom, below, (split, encoder.out_features), joined),
    }
    state = nn.Sequential(
        grid_decoder(top.dimensions, (top.dimensions, *fine_size), 2, (features,)), nn.Flatten()
    )
    priors = {"top": UniformCodes(top, above), "bottom": UniformCodes(bottom, below)}
    latents = TwoGrids(above, below, priors, state, top.dimensions)
    decoder = grid_decoder(top.dimensions + bottom.dimensions, outputs, down, widths)
    conditioning = build_conditioning(spec, encoder.out_features, latents.out_features, as_map=True)
    return VAE(encoder, posteriors, latents, decoder, likelihood, spec.shape, conditioning)


@torch.no_grad()
def start_codebooks(vae: VAE, x: Tensor) -> None:
    """Start every codebook at the k-means of what the untrained encoder says of some examples (N, *E), top first.

    Source: Łańcucki et al. 2020, https://arxiv.org/abs/2005.08520, section III (k-means from the data).
    """
    features = torch.cat([vae.features(part) for part in x.split(_CHUNK)])

    def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
        posterior = vae.posteriors[name]
        assert isinstance(posterior, QuantisedPosterior)
        first = posterior(features, prior, state)
        posterior.quantiser.start(first.encoded[..., 0, :].flatten(0, -2))
        started: Quantised = posterior(features, prior, state)
        return started.value

    vae.latents(choose, (len(x),))


def _outputs(likelihood: Likelihood, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    channels, height, width = likelihood.outputs(shape)
    return channels, height, width


def _image(spec: DataSpec) -> tuple[int, int, int]:
    channels, height, width = spec.shape
    return channels, height, width


def _downsample(spec: DataSpec, grids: Grids) -> int:
    if grids.downsample is not None:
        return grids.downsample
    return 4 if min(spec.shape[1:]) >= 16 else 2
