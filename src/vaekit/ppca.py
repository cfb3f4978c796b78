"""Probabilistic PCA in closed form: the linear model on which every bound can be checked."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.errors import UserError


@final
@dataclass(frozen=True)
class PPCA:
    """x = m + W z + ε with z ~ N(0, I_d), ε ~ N(0, σ² I_D), W = U (Λ − σ²)^½.

    Args:
        mean: m, (D,).
        directions: U, (D, d), orthonormal.
        eigenvalues: λ of the d kept directions, (d,), largest first.
        noise: σ², ().

    Source: Tipping & Bishop 1999, Probabilistic principal component analysis, equations 7–8 and appendix A.

    Example:
        >>> x = torch.randn(500, 5, generator=torch.Generator().manual_seed(0)) * torch.tensor([3., 2, 1, 1, 1])
        >>> model = fit_ppca(x, latents=2)
        >>> model.weights.shape, bool(model.noise < 1.2)
        (torch.Size([5, 2]), True)
    """

    mean: Float[Tensor, " D"]
    directions: Float[Tensor, "D d"]
    eigenvalues: Float[Tensor, " d"]
    noise: Float[Tensor, ""]

    @property
    def weights(self) -> Float[Tensor, "D d"]:
        """W = U (Λ − σ²)₊^½."""
        return self.directions * (self.eigenvalues - self.noise).clamp(min=0).sqrt()

    @property
    def posterior_weights(self) -> Float[Tensor, "d D"]:
        """V with E[z | x] = V (x − m): V = (WᵀW + σ²I)⁻¹ Wᵀ, diagonal in the kept directions."""
        return self.weights.T / torch.maximum(self.eigenvalues, self.noise).unsqueeze(-1)

    @property
    def posterior_variance(self) -> Float[Tensor, " d"]:
        """Var[z_j | x] = σ²/λ_j, or 1 where λ_j ≤ σ²."""
        return (self.noise / self.eigenvalues).clamp(max=1)

    def log_evidence(self, x: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
        """log p(x) = log N(x; m, W Wᵀ + σ² I), nats per example, a density."""
        centred = x - self.mean
        kept = torch.maximum(self.eigenvalues, self.noise)
        scores = centred @ self.directions
        inside = (scores.square() / kept).sum(-1)
        outside = (centred.square().sum(-1) - scores.square().sum(-1)) / self.noise
        rest = x.shape[-1] - kept.shape[0]
        log_det = kept.log().sum() + rest * self.noise.log()
        constant = x.shape[-1] * torch.log(torch.tensor(2 * torch.pi, dtype=x.dtype, device=x.device))
        return -0.5 * (inside + outside + log_det + constant)


def fit_ppca(x: Float[Tensor, "N D"], latents: int, added_variance: float = 0.0) -> PPCA:
    """Maximum likelihood: the leading eigenvectors, and σ² the mean of the discarded eigenvalues.

    Args:
        x: training data, (N, D).
        latents: d < D.
        added_variance: of noise known to be added to x, the quantisation variance for instance.

    Raises:
        UserError: if d is not smaller than both D and N.

    Source: Tipping & Bishop 1999, equations 7–8.
    """
    examples, dimensions = x.shape
    if not 0 < latents < min(dimensions, examples):
        raise UserError(
            f"probabilistic PCA needs between 1 and {min(dimensions, examples) - 1} latents for "
            f"{examples} examples of {dimensions} dimensions, got {latents}"
        )
    mean = x.mean(0)
    # Apple GPUs have no float64: the eigenvectors are found on the CPU.
    centred = (x - mean).cpu().to(torch.float64)
    covariance = centred.T @ centred / examples
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    eigenvalues = eigenvalues.flip(0).clamp(min=0) + added_variance
    vectors = vectors.flip(1)
    noise = eigenvalues[latents:].mean()
    # Rounding leaves something of directions that the data do not have.
    if noise <= 1e-12 * eigenvalues[0]:
        raise UserError(f"the data lie in {latents} dimensions exactly: ask for fewer latents")
    return PPCA(mean, vectors[:, :latents].to(x), eigenvalues[:latents].to(x), noise.to(x))
