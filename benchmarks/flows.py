"""How much of the inference gap flows close: posteriors trained on a fixed, rotated linear Gaussian model.

`python benchmarks/flows.py` freezes the decoder of x = W z + σ ε, whose posterior is a Gaussian off the axes, and
trains each family of q(z|x) by the ELBO alone, the Gaussian in it starting as the best diagonal one.
The gap log p(x) − ELBO = KL(q ‖ p(z|x)) is measured on fresh data by the mean of log q(z|x) − log p(z|x) over draws,
both exact, with its standard error over examples; the best diagonal q has the gap ½ [Σ ln M_ii − ln det M],
M = WᵀW + σ² I.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import torch
from machine import RESULTS, record
from torch import Tensor
from torch.distributions import MultivariateNormal

from vaekit.core import VAE, Posterior
from vaekit.latents import Flat
from vaekit.likelihoods import FixedScale, GaussianLikelihood
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, NLL
from vaekit.posteriors import (
    DiagonalGaussian,
    FullCovarianceGaussian,
    IAFPosterior,
    PlanarPosterior,
    RadialPosterior,
)
from vaekit.priors import StandardNormal
from vaekit.verification.linear import rotation, set_affine, set_constant, set_full_posterior, unbounded

DIMENSIONS = (2, 4, 8)
DEPTHS = (1, 2, 4, 8, 16)
BATCH, EXAMPLES, DRAWS = 256, 2000, 20
LR = 5e-3
NOISE = 0.5
"""σ² of x given z."""


@dataclass(frozen=True)
class Model:
    """p(x, z) with d latents and as many values, the axes of its posterior turned."""

    weights: Tensor

    @classmethod
    def of(cls, d: int) -> "Model":
        """Singular values from 3 down to ½."""
        generator = torch.Generator().manual_seed(d)
        scales = torch.linspace(3.0, 0.5, d, dtype=torch.float64)
        return cls((rotation(d, generator) * scales @ rotation(d, generator)).float())

    @property
    def precision(self) -> Tensor:
        """M."""
        return self.weights.T @ self.weights + NOISE * torch.eye(len(self.weights))

    @property
    def diagonal_gap(self) -> float:
        """That of the best diagonal q, nats."""
        m = self.precision.double()
        return ((m.diagonal().log().sum() - m.logdet()) / 2).item()

    def draw(self, examples: int, generator: torch.Generator) -> Tensor:
        """x ~ p(x)."""
        d = len(self.weights)
        z, noise = (torch.randn(examples, d, generator=generator) for _ in range(2))
        return z @ self.weights.T + sqrt(NOISE) * noise

    def posterior(self, x: Tensor) -> MultivariateNormal:
        """p(z | x) = N(M⁻¹Wᵀx, σ² M⁻¹)."""
        inverse = torch.linalg.inv(self.precision)
        return MultivariateNormal(x @ self.weights @ inverse, NOISE * inverse, validate_args=False)

    def vae(self, posterior: Posterior) -> VAE:
        """With the decoder frozen, and features that are x itself."""
        d = len(self.weights)
        decoder = torch.nn.Linear(d, d, bias=False)
        decoder.weight.data.copy_(self.weights)
        decoder.requires_grad_(False)
        likelihood = GaussianLikelihood((d,), FixedScale(sqrt(NOISE)), "identity")
        return VAE(
            torch.nn.Identity(), {"z": posterior}, Flat(d, StandardNormal(d)), decoder, likelihood, (d,)
        )


def families() -> Iterator[tuple[str, Callable[[int], Posterior]]]:
    """Name and maker of each posterior, from d."""
    yield "diagonal", lambda d: DiagonalGaussian(d, 0, d)
    yield "full covariance", lambda d: FullCovarianceGaussian(d, 0, d)
    for depth in DEPTHS:
        yield f"planar, {depth}", lambda d, depth=depth: PlanarPosterior(d, 0, d, depth)
    for depth in (1, 8):
        yield f"radial, {depth}", lambda d, depth=depth: RadialPosterior(d, 0, d, depth)
    for steps in (1, 2, 4):
        yield f"IAF, {steps}", lambda d, steps=steps: IAFPosterior(d, 0, d, steps, 32)


@torch.no_grad()
def start(model: Model, posterior: torch.nn.Module) -> None:
    """Set a Gaussian, or that under a flow, to the best diagonal q."""
    inverse = torch.linalg.inv(model.precision)
    slope, offset = inverse @ model.weights.T, torch.zeros(len(inverse))
    variance = NOISE / model.precision.diagonal()
    if isinstance(posterior, FullCovarianceGaussian):
        set_full_posterior(posterior, slope, offset, variance.diag())
        return
    base = posterior if isinstance(posterior, DiagonalGaussian) else posterior.get_submodule("base")
    if isinstance(base, DiagonalGaussian) and isinstance(base.log_std, torch.nn.Linear):
        set_affine(base.mean, slope, offset)
        set_constant(base.log_std, unbounded(variance.log() / 2))


def train(model: Model, make: Callable[[int], Posterior], steps: int) -> VAE:
    """Fit q alone, by Adam with a rate that falls to 0 by a cosine."""
    torch.manual_seed(0)
    vae = model.vae(make(len(model.weights)))
    start(model, vae.posteriors["z"])
    optimiser = torch.optim.Adam(vae.posteriors.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    objective, generator = NLL() + KL("monte_carlo"), torch.Generator().manual_seed(1)
    for step in range(steps):
        x = model.draw(BATCH, generator)
        loss, _ = objective.value(vae.trace(x, noise=Noise(0, (step,), cut(BATCH, 1))), torch.tensor(0.5))
        optimiser.zero_grad()
        loss.mean().backward()
        optimiser.step()
        schedule.step()
    return vae.eval()


@torch.no_grad()
def gap(model: Model, vae: VAE) -> tuple[float, float]:
    """log p(x) − ELBO on fresh examples, and its standard error over them, nats."""
    x = model.draw(EXAMPLES, torch.Generator().manual_seed(2))
    trace = vae.trace(x, (DRAWS,), noise=Noise(3, (), cut(EXAMPLES, 1)))
    (site,) = trace.sites
    each = (site.log_q - model.posterior(x).log_prob(site.z)).double().mean(0)
    return each.mean().item(), each.std().item() / sqrt(EXAMPLES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--dimensions", type=int, nargs="+", default=list(DIMENSIONS))
    given = parser.parse_args()
    models = {d: Model.of(d) for d in given.dimensions}
    best = {d: model.diagonal_gap for d, model in models.items()}
    print("best diagonal q: " + ", ".join(f"{value:.4f} nats at d = {d}" for d, value in best.items()))
    found: dict[str, dict[str, object]] = {}
    for name, make in families():
        found[name] = {}
        for d, model in models.items():
            start = time.perf_counter()
            value, error = gap(model, train(model, make, given.steps))
            seconds = time.perf_counter() - start
            found[name][str(d)] = {"gap_nats": value, "standard_error": error, "seconds": seconds}
            print(f"{name:>16}  d = {d}  {value:8.4f} ± {error:.4f} nats  {seconds:5.1f} s", flush=True)
    record("flows", {"steps": given.steps, "best_diagonal_gap_nats": best, "posteriors": found})
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
