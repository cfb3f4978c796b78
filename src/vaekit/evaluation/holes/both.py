"""All about the holes of one model."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Discrete, Point, Prior, Sequential
from vaekit.data.batches import Examples
from vaekit.errors import CapabilityError, UserError
from vaekit.evaluation.holes.codes import encoded
from vaekit.evaluation.holes.decoder import DecoderHoles, decoder_holes
from vaekit.evaluation.holes.density import (
    DensityHoles,
    density_holes,
    kernel_density,
    posterior_density,
)
from vaekit.evaluation.holes.round_trip import RoundTrip, round_trip
from vaekit.noise import Noise, Shard, draw
from vaekit.priors import GaussianPrior, NoPrior, StandardNormal

PriorOfHoles = Literal["own", "gaussian", "standard"]
Estimate = Literal["auto", "posteriors", "kernel"]

Reading = Literal["good", "unsure", "bad"]

BAD_DENSITY, BAD_ROUND_TRIP, BAD_DECODER = 0.05, 1.5, 2.0
USUAL_JUMPS = 0.01
FEWEST_DRAWS = 5000
ROUND_TRIPS = 2000
CHOOSING = 2000
"""Held-out codes that choose a bandwidth."""


@final
@dataclass(frozen=True)
class HoleOptions:
    """How holes are sought.

    Args:
        samples: draws from the prior, and the most examples of each split.
        paths: lines between codes.
        prior: where codes are drawn: the model's own; gaussian, one with the mean and covariance of the
            training codes; standard, N(0, I). A model without a prior of its own takes gaussian for it.
        estimate: of the aggregate posterior: posteriors, (1/N) Σ q(z | x_n); kernel, Gaussian kernels on one
            draw from each q; auto, posteriors where q has a density.
        seed: of all draws.

    Raises:
        UserError: for numbers that will not do.
    """

    samples: int = 5000
    paths: int = 300
    prior: PriorOfHoles = "own"
    estimate: Estimate = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 100:
            raise UserError(f"a rate of 1% needs at least 100 samples, got {self.samples}")
        if self.paths < 2:
            raise UserError(f"at least 2 paths are needed, got {self.paths}")


@final
@dataclass(frozen=True, eq=False)
class Holes:
    """The holes of one model.

    Args:
        density: where the prior puts codes and no example is encoded.
        decoder: where pictures jump between codes.
        round_trip: whether the encoder finds codes again.
        prior: what codes were drawn from, for people.
        estimate: of the aggregate posterior: posteriors or kernel.
        codes: one draw from q(z | x) for each training example used.
    """

    density: DensityHoles
    decoder: DecoderHoles
    round_trip: RoundTrip
    prior: str
    estimate: Literal["posteriors", "kernel"]
    codes: Float[Tensor, "N d"]

    @property
    def density_reading(self) -> Reading:
        """Bad where more than 5% of the prior lies in density holes."""
        return reading(self.density.rate, self.density.standard_error, BAD_DENSITY)

    @property
    def decoder_reading(self) -> Reading:
        """Bad where jumps are over twice as frequent between codes as at them, or as 1% of steps."""
        usual = max(self.decoder.reference, USUAL_JUMPS)
        return reading(self.decoder.rate, self.decoder.standard_error, BAD_DECODER * usual)

    @property
    def round_trip_reading(self) -> Reading:
        """Bad where a code from the prior comes back over 1.5 times as far off as one of an example."""
        return reading(self.round_trip.ratio, self.round_trip.standard_error, BAD_ROUND_TRIP)

    def sentence(self) -> str:
        """What was found, in one sentence."""
        density, decoder = self.density, self.decoder
        return (
            f"{_percent(density.rate, density.standard_error)} of codes from {self.prior} lie where no example is "
            f"encoded (1 % where the two match), {_percent(decoder.rate, decoder.standard_error)} of steps between "
            f"codes jump ({100 * decoder.reference:.1f} % at codes), and a code from the prior comes back "
            f"{self.round_trip.ratio:.2f} times as far off as an example's"
        )


def reading(value: float, error: float, limit: float) -> Reading:
    """Good up to a limit, bad where it is passed by more than two standard errors.

    Example:
        >>> reading(0.07, 0.005, 0.05), reading(0.07, 0.02, 0.05), reading(0.02, 0.02, 0.05)
        ('bad', 'unsure', 'good')
    """
    if value <= limit:
        return "good"
    return "bad" if value - 2 * error > limit else "unsure"


def _percent(rate: float, error: float) -> str:
    return f"{100 * rate:.1f} ± {100 * error:.1f} %"


@torch.no_grad()
def holes(vae: VAE, train: Examples, held_out: Examples, options: HoleOptions = HoleOptions()) -> Holes:
    """Look for the holes in a model's latent space.

    Args:
        vae: the model, put into evaluation mode.
        train: whose codes make the aggregate posterior, and the ends of paths.
        held_out: whose codes say how low its density is at real codes.
        options: how.

    Raises:
        CapabilityError: if codes are no vectors of a continuous space, or a picture is a draw and no function of z.
        UserError: if the codes are all the same, or not finite.
    """
    vae.eval()
    if isinstance(vae.posteriors[next(iter(vae.latents.sites))], Discrete):
        raise CapabilityError("this model's codes are discrete: between them there is nothing, hence no hole")
    if isinstance(vae.likelihood, Sequential):
        raise CapabilityError(
            "this decoder draws pictures value by value: each is one draw, not its mean, and jumps whatever z does"
        )
    seen, others = encoded(vae, train, options.samples), encoded(vae, held_out, options.samples)
    codes = seen.draws(1, options.seed)[0]
    unseen = others.draws(max(1, -(-FEWEST_DRAWS // len(others))), options.seed)
    jumping = decoder_holes(vae, codes, options.paths, options.seed)
    prior, name = _prior(vae, codes, options.prior)
    count = options.samples
    z = draw(prior(), (count,), Noise(options.seed, ("holes",), (Shard(0, count),)), "prior")
    estimate = _estimate(vae, options.estimate)
    by_kernel = estimate == "kernel"
    log_density = (
        kernel_density(codes, unseen[0, :CHOOSING]) if by_kernel else posterior_density(seen.posteriors)
    )
    density = density_holes(log_density, unseen, z, prior().log_prob(z), options.seed)
    returning = round_trip(vae, z[:ROUND_TRIPS], unseen[0, :ROUND_TRIPS])
    return Holes(density, jumping, returning, name, estimate, codes)


def has_density(vae: VAE) -> bool:
    """Whether the top site's posterior has a density; a point has none."""
    return not isinstance(vae.posteriors[next(iter(vae.latents.sites))], Point)


def _estimate(vae: VAE, wanted: Estimate) -> Literal["posteriors", "kernel"]:
    if wanted == "auto":
        return "posteriors" if has_density(vae) else "kernel"
    if wanted == "posteriors" and not has_density(vae):
        raise UserError(
            "the codes of an autoencoder are points without a density: ask for the kernel estimate"
        )
    return wanted


def _prior(vae: VAE, codes: Tensor, wanted: PriorOfHoles) -> tuple[Prior, str]:
    own = vae.latents.top
    if wanted == "standard" or (wanted == "own" and isinstance(own, StandardNormal)):
        return StandardNormal(codes.shape[1]).to(codes.device), "N(0, I)"
    if wanted == "own" and not isinstance(own, NoPrior):
        return own, "its fitted prior"
    covariance = torch.atleast_2d(torch.cov(codes.T))
    covariance = covariance + 1e-6 * covariance.diagonal().mean() * torch.eye(len(covariance)).to(codes)
    return GaussianPrior(codes.mean(0), torch.linalg.cholesky(covariance)), "a Gaussian fitted to the codes"
