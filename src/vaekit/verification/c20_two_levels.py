"""C20: a linear Gaussian model with two latent levels and its exact posterior has no gap."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Linear

from vaekit.core import VAE
from vaekit.latents import TopDown
from vaekit.noise import torch_seeded
from vaekit.posteriors import FullCovarianceGaussian
from vaekit.priors import ConditionalGaussian, StandardNormal
from vaekit.recipes.compose import compose
from vaekit.recipes.options import Architecture
from vaekit.spec import DataSpec
from vaekit.verification.check import Check, compare, estimate
from vaekit.verification.linear import (
    dense_log_evidence,
    noise_for,
    set_affine,
    set_constant,
    set_full_posterior,
    unbounded,
)

GATE = "C20"
EXACT = 1e-8
TOP, LOWER, STATE, DIMENSIONS = 2, 3, 4, 6
DEVIATION = 0.5
EXAMPLES, DRAWS = 10, 4_000


@final
@dataclass(frozen=True)
class TwoLevels:
    """z₂ ~ N(0, I), s = S z₂ + t, z₁ ~ N(As + a, diag v), x ~ N(Bz₁ + Cs + b, σ² I), all in float64.

    Args:
        S: to the state, (H, d₂).
        t: likewise, (H,).
        A: mean of z₁, (d₁, H).
        a: likewise, (d₁,).
        v: variance of z₁, (d₁,).
        B: from z₁ to x, (D, d₁).
        C: from the state to x, (D, H); zero where the decoder does not see it.
        b: likewise, (D,).
        noise: σ².
    """

    S: Float[Tensor, "H d2"]
    t: Float[Tensor, " H"]
    A: Float[Tensor, "d1 H"]
    a: Float[Tensor, " d1"]
    v: Float[Tensor, " d1"]
    B: Float[Tensor, "D d1"]
    C: Float[Tensor, "D H"]
    b: Float[Tensor, " D"]
    noise: float

    @property
    def slope(self) -> Float[Tensor, "D d2"]:
        """G of E[x | z₂] = G z₂ + c."""
        return (self.B @ self.A + self.C) @ self.S

    @property
    def mean(self) -> Float[Tensor, " D"]:
        """c = E x."""
        return self.B @ (self.A @ self.t + self.a) + self.C @ self.t + self.b

    @property
    def residual(self) -> Float[Tensor, "D D"]:
        """R = Cov[x | z₂] = B diag(v) Bᵀ + σ² I."""
        return self.B * self.v @ self.B.T + self.noise * torch.eye(len(self.b), dtype=self.b.dtype)

    def log_evidence(self, x: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
        """log N(x; c, GGᵀ + R), nats."""
        return dense_log_evidence(x, self.mean, self.slope @ self.slope.T + self.residual)


def checks() -> list[Check]:
    """Run the row, with a decoder that sees z₁ alone and with one that sees the state as well."""
    return [check for sees_top in (False, True) for check in _row(sees_top)]


def _row(sees_top: bool) -> list[Check]:
    model = _random_model(sees_top)
    vae = exact_vae(model, sees_top)
    draws = torch.randn(EXAMPLES, DIMENSIONS, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    x = model.mean + 2 * draws
    evidence = model.log_evidence(x)
    with torch.no_grad():
        trace = vae.trace(x, (DRAWS,), noise=noise_for(EXAMPLES, 0))
        weights = trace.log_weight()
        negative_elbo = (trace.kl() - trace.log_likelihood).mean(-1)
    seen = "z1 and the state" if sees_top else "z1 alone"
    return [
        compare(
            GATE, f"log weight of every draw = log p(x), x sees {seen}", evidence, weights, EXACT, "nats"
        ),
        estimate(
            GATE, f"E[NLL + KL] = -log p(x), x sees {seen}", -evidence.mean().item(), negative_elbo, "nats"
        ),
    ]


def _random_model(sees_top: bool) -> TwoLevels:
    generator = torch.Generator().manual_seed(7)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return TwoLevels(
        S=normal(STATE, TOP),
        t=normal(STATE),
        A=normal(LOWER, STATE) / 2,
        a=normal(LOWER),
        v=normal(LOWER).exp(),
        B=normal(DIMENSIONS, LOWER),
        C=normal(DIMENSIONS, STATE) * sees_top,
        b=normal(DIMENSIONS),
        noise=DEVIATION**2,
    )


def exact_vae(model: TwoLevels, sees_top: bool) -> VAE:
    """The model in vaekit's parts, with q(z₂ | x) and q(z₁ | z₂, x) set to the exact posteriors."""
    with torch_seeded(9):
        conditional = ConditionalGaussian(STATE, LOWER)
        state = Linear(TOP, STATE)
        latents = TopDown(TOP, LOWER, StandardNormal(TOP), state, STATE, conditional, sees_top)
        architecture = Architecture(
            net="linear", latents=LOWER, likelihood="gaussian", sigma=DEVIATION, posterior="full_covariance"
        )
        vae = compose(DataSpec((DIMENSIONS,), None), architecture, latents)
    vae = vae.double()
    set_affine(state, model.S, model.t)
    set_affine(conditional.mean, model.A, model.a)
    set_constant(conditional.log_std, unbounded(model.v.log() / 2))
    (decoder,) = [module for module in vae.decoder.modules() if isinstance(module, Linear)]
    set_affine(decoder, torch.cat([model.B, model.C], 1) if sees_top else model.B, model.b)
    _set_posteriors(vae, model)
    return vae


def _set_posteriors(vae: VAE, model: TwoLevels) -> None:
    top, lower = vae.posteriors["z2"], vae.posteriors["z1"]
    if not isinstance(top, FullCovarianceGaussian) or not isinstance(lower, FullCovarianceGaussian):
        raise TypeError("not full-covariance posteriors")
    # z₂: precision I + GᵀR⁻¹G, mean Σ GᵀR⁻¹ (x − c).
    back = torch.linalg.solve(model.residual, model.slope).T
    covariance = torch.linalg.inv(torch.eye(TOP, dtype=back.dtype) + back @ model.slope)
    gain = covariance @ back
    set_full_posterior(top, gain, -gain @ model.mean, covariance)
    # z₁: precision V⁻¹ + BᵀB/σ², mean Σ [V⁻¹(As + a) + Bᵀ(x − b − Cs)/σ²].
    covariance = torch.linalg.inv(torch.diag(1 / model.v) + model.B.T @ model.B / model.noise)
    from_x = covariance @ model.B.T / model.noise
    from_prior = covariance / model.v
    from_state = from_prior @ model.A - from_x @ model.C
    weight = torch.cat([from_x, from_state], 1)
    set_full_posterior(lower, weight, from_prior @ model.a - from_x @ model.b, covariance)
