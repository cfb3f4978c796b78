"""The Gamma distribution, its draws a function of a fixed number of random numbers with implicit gradients."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Gamma as TorchGamma

from vaekit.distributions.uniforms import FromUniforms

PROPOSALS = 6
"""Each is accepted with a probability of at least .95: none is in 2 of 10⁸ draws, and the first is taken then."""


@final
class Gamma(FromUniforms, TorchGamma):
    """Gamma(α, β) with density β^α z^{α−1} e^{−βz}/Γ(α): torch's, with draws that `Noise` can make.

    Example:
        >>> q = Gamma(torch.tensor(2.0), torch.tensor(4.0), validate_args=False)
        >>> round(q.at_uniforms(torch.full((2 * PROPOSALS + 1,), 0.5)).item(), 4)
        0.4167
    """

    has_rsample = True

    @property
    def uniforms(self) -> int:
        """Of each proposal a place and a chance, and one for small α."""
        return 2 * PROPOSALS + 1

    def at_uniforms(self, u: Float[Tensor, "*S K"]) -> Float[Tensor, "*S"]:
        """The draw, with its slope for α and β."""
        limits = torch.finfo(u.dtype)
        places = torch.special.ndtri(u[..., :PROPOSALS].clamp(limits.eps / 4, 1 - limits.eps / 2))
        z = standard_gamma(self.concentration, places, u[..., PROPOSALS:]) / self.rate
        return z.clamp(min=limits.tiny)


def standard_gamma(
    concentration: Float[Tensor, "*#S"], normal: Float[Tensor, "*S P"], uniform: Float[Tensor, "*S P1"]
) -> Float[Tensor, "..."]:
    """Draw z ~ Gamma(α, 1), with dz/dα = −(∂F/∂α)/(∂F/∂z), F the distribution function.

    For α ≥ 1, with d = α − 1/3 and v = (1 + x/√(9d))³, dv is accepted if log u < ½x² + d − dv + d log v; the first of
    P proposals that is accepted is taken. For α < 1 a draw for α + 1 is multiplied by u^{1/α}.

    Args:
        concentration: α > 0, broadcast to the draws; below .2 single precision loses the smallest z.
        normal: x ~ N(0, 1), P for each draw.
        uniform: u ~ U[0, 1), P + 1 for each draw.

    Source: Marsaglia & Tsang 2000, A simple method for generating gamma variables, sections 2, 6 and 8; the gradient:
    Figurnov et al. 2018, https://arxiv.org/abs/1805.08498, equation 6.

    Example:
        >>> alpha = torch.tensor(2.0, requires_grad=True)
        >>> z = standard_gamma(alpha, torch.zeros(1), torch.full((2,), 0.5))
        >>> z.backward()
        >>> round(z.item(), 4), round(alpha.grad.item(), 2)
        (1.6667, 0.99)
    """
    with torch.no_grad():
        z = _drawn(concentration, normal, uniform)
    if not concentration.requires_grad:
        return z
    slope = torch.ops.aten._standard_gamma_grad(concentration.detach().expand(z.shape), z)
    return z + slope * (concentration - concentration.detach())


def _drawn(concentration: Tensor, normal: Tensor, uniform: Tensor) -> Tensor:
    u = uniform.clamp(min=torch.finfo(uniform.dtype).tiny)
    is_small = concentration < 1
    d = (torch.where(is_small, concentration + 1, concentration) - 1 / 3).unsqueeze(-1)
    v = (1 + normal / (9 * d).sqrt()) ** 3
    log_v = v.clamp(min=torch.finfo(v.dtype).tiny).log()
    accepted = (v > 0) & (u[..., 1:].log() < normal.square() / 2 + d * (1 - v + log_v))
    first = accepted.byte().argmax(-1, keepdim=True)
    z = (d * v).take_along_dim(first, -1).squeeze(-1)
    z = torch.where(is_small, z * u[..., 0] ** (1 / concentration), z)
    return z.clamp(min=torch.finfo(z.dtype).tiny)
