"""Closed-form KL divergences that torch lacks.

Importing this module, which importing `vaekit.distributions` does, adds two pairs to torch's registry, so
that `torch.distributions.kl_divergence` finds them: (MultivariateNormal, Independent) and (Independent,
MultivariateNormal), where the Independent is one event dimension over a Normal. Any other Independent raises
NotImplementedError, as a pair without a closed form does in torch.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal, kl_divergence
from torch.distributions.kl import register_kl

from vaekit.errors import CapabilityError


def gaussian_kl(
    q_mean: Float[Tensor, "*#batch d"],
    q_tril: Float[Tensor, "*#batch d d"],
    p_mean: Float[Tensor, "*#batch d"],
    p_tril: Float[Tensor, "*#batch d d"],
) -> Float[Tensor, "*batch"]:
    """Compute KL(q‖p) = ½[tr(Σp⁻¹Σq) + ΔᵀΣp⁻¹Δ − d + ln det Σp − ln det Σq] of two Gaussians, Δ = μp − μq.

    With the Cholesky factors Σ = LLᵀ the trace is ‖Lp⁻¹Lq‖² and the quadratic form ‖Lp⁻¹Δ‖².

    Args:
        q_mean: μq, (*batch, d).
        q_tril: Lq, lower triangular with a positive diagonal, (*batch, d, d).
        p_mean: μp, (*batch, d).
        p_tril: Lp, likewise.

    Returns:
        Nats, (*batch), the batches broadcast against each other.

    Example:
        >>> eye = torch.eye(2)
        >>> gaussian_kl(torch.ones(2), eye, torch.zeros(2), eye)
        tensor(1.)
    """
    difference = (p_mean - q_mean)[..., None]
    trace = torch.linalg.solve_triangular(p_tril, q_tril, upper=False).square().sum((-2, -1))
    quadratic = torch.linalg.solve_triangular(p_tril, difference, upper=False).square().sum((-2, -1))
    return 0.5 * (trace + quadratic - q_mean.shape[-1]) + _log_diagonal(p_tril) - _log_diagonal(q_tril)


def _log_diagonal(tril: Float[Tensor, "*batch d d"]) -> Float[Tensor, "*batch"]:
    """Compute Σ log L_ii = ½ ln det Σ."""
    return tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _diagonal_normal(distribution: Independent) -> Normal:
    """Give the Normal under an Independent of one event dimension."""
    base = distribution.base_dist
    if not isinstance(base, Normal) or distribution.reinterpreted_batch_ndims != 1:
        raise NotImplementedError(
            f"no closed-form KL between a MultivariateNormal and an Independent of {type(base).__name__} "
            f"with {distribution.reinterpreted_batch_ndims} event dimensions"
        )
    return base


@register_kl(MultivariateNormal, Independent)
def _kl_full_diagonal(q: MultivariateNormal, p: Independent) -> Float[Tensor, "..."]:
    p_normal = _diagonal_normal(p)
    return gaussian_kl(q.loc, q.scale_tril, p_normal.loc, p_normal.scale.diag_embed())


@register_kl(Independent, MultivariateNormal)
def _kl_diagonal_full(q: Independent, p: MultivariateNormal) -> Float[Tensor, "..."]:
    q_normal = _diagonal_normal(q)
    return gaussian_kl(q_normal.loc, q_normal.scale.diag_embed(), p.loc, p.scale_tril)


def kl_per_dim(q: Distribution, p: Distribution) -> Float[Tensor, "..."]:
    """Give KL(q_j‖p_j) for every dimension j, which `Independent` sums and so hides.

    Args:
        q: an `Independent` of one event dimension over scalars, event shape (d,).
        p: likewise; the batches broadcast.

    Returns:
        Nats, (*batch, d).

    Raises:
        CapabilityError: the dimensions are not independent, or have no closed form.

    Example:
        >>> q = Independent(Normal(torch.ones(3, 2), 1.0, validate_args=False), 1)
        >>> p = Independent(Normal(torch.zeros(2), 1.0, validate_args=False), 1)
        >>> kl_per_dim(q, p).shape
        torch.Size([3, 2])
    """
    q_base, p_base = _scalar_base(q), _scalar_base(p)
    try:
        return kl_divergence(q_base, p_base)
    except NotImplementedError as error:
        raise CapabilityError(
            f"the KL of {type(q_base).__name__} and {type(p_base).__name__} has no closed form per "
            "dimension: use a pair of families that torch.distributions.kl_divergence knows"
        ) from error


def _scalar_base(distribution: Distribution) -> Distribution:
    """Give the scalar distributions under an Independent of one event dimension."""
    if (
        not isinstance(distribution, Independent)
        or len(distribution.event_shape) != 1
        or distribution.base_dist.event_shape
    ):
        raise CapabilityError(
            f"{type(distribution).__name__} of event shape {tuple(distribution.event_shape)} has no KL per "
            "dimension: use posteriors and priors whose dimensions are independent"
        )
    return distribution.base_dist
