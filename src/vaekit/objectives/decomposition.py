"""The KL of a batch in three parts: mutual information, total correlation, and each dimension's own distance."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent

from vaekit.core import Site, Trace
from vaekit.errors import CapabilityError, UserError, nearest
from vaekit.objectives.algebra import Term
from vaekit.shapes import mean_over_samples

AggregateEstimator = Literal["stratified", "weighted"]
ESTIMATORS: tuple[AggregateEstimator, ...] = ("stratified", "weighted")


@final
@dataclass(frozen=True)
class Decomposition:
    """E_x KL(q(z | x) ‖ p(z)) in three parts, nats; what each draw of each example contributes, (*S, B).

    Args:
        mutual_information: log q(z | x) − log q(z); its mean is I(x; z).
        total_correlation: log q(z) − Σ_j log q(z_j); its mean is KL(q(z) ‖ Π_j q(z_j)).
        dimension_kl: Σ_j log q(z_j) − log p(z_j); its mean is Σ_j KL(q(z_j) ‖ p(z_j)).
    """

    mutual_information: Float[Tensor, "*S B"]
    total_correlation: Float[Tensor, "*S B"]
    dimension_kl: Float[Tensor, "*S B"]


def log_aggregate(
    log_q: Float[Tensor, "*S B B"], examples: int | None, estimator: AggregateEstimator = "stratified"
) -> Float[Tensor, "*S B"]:
    """Estimate log q(z_i) = log (1/N) Σ_n q(z_i | x_n), nats, from a batch of B of the N examples.

    "stratified": log [(1/N) q(z_i | x_i) + (N−1)/(N(B−1)) Σ_{j≠i} q(z_i | x_j)]. In the brackets is an unbiased
    estimate of q(z_i): z_i comes from x_i, which is always in the batch and stands for one of N; the others stand for
    the N − 1 that are left. Its logarithm is too low on average (Jensen), the less the larger the batch.

    "weighted": log [1/(NB) Σ_j q(z_i | x_j)], too low by about log N; a constant for the gradient.

    Args:
        log_q: log q(z_i | x_j), (*S, B, B).
        examples: N; None takes the batch for all there is.
        estimator: which of the two.

    Raises:
        UserError: for a batch of one example.

    Source: weighted: Chen et al. 2018, https://arxiv.org/abs/1802.04942, equation 10; stratified: the same,
    appendix C.2, with the weight of what is not z's own example shared equally.

    Example:
        >>> log_q = torch.tensor([[0.4, 0.2], [0.1, 0.3]]).log()
        >>> log_aggregate(log_q, examples=4).exp()  # ¼ · .4 + ¾ · .2, ¼ · .3 + ¾ · .1
        tensor([0.2500, 0.1500])
    """
    batch = log_q.shape[-1]
    if batch < 2:
        raise UserError("what q(z) is on the whole needs at least two examples in a batch")
    total = batch if examples is None else examples
    if estimator == "weighted":
        return log_q.logsumexp(-1) - math.log(total * batch)
    own = torch.eye(batch, dtype=log_q.dtype, device=log_q.device)
    weights = own / total + (1 - own) * (total - 1) / (total * (batch - 1))
    return (log_q + weights.log()).logsumexp(-1)


def decomposed(
    trace: Trace, examples: int | None = None, estimator: AggregateEstimator = "stratified"
) -> Decomposition:
    """Split the KL of a trace: KL = I(x; z) + KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j)).

    Args:
        trace: with one latent variable whose posterior and prior are products over its dimensions.
        examples: N, how many examples q(z) is the mean over; None takes the batch for all there is.
        estimator: of log q(z) and log q(z_j) from the batch (`log_aggregate`).

    Raises:
        CapabilityError: if there are several latent variables, or one that does not factorise.
        UserError: for a batch of one example.

    Source: Chen et al. 2018, https://arxiv.org/abs/1802.04942, equation 2.
    """
    site, *others = trace.sites
    if others:
        raise CapabilityError(
            "the decomposition of the KL is that of one latent variable: use a recipe with one site"
        )
    own, pairs = _own_and_pairs(site)
    log_p = _scalars(site.prior, "prior").log_prob(site.z).sum(-1)
    log_q_z = log_aggregate(pairs.sum(-1), examples, estimator)
    per_dimension = log_aggregate(pairs.movedim(-1, 0), examples, estimator).sum(0)
    return Decomposition(own - log_q_z, log_q_z - per_dimension, per_dimension - log_p)


def _own_and_pairs(site: Site) -> tuple[Tensor, Tensor]:
    """log q(z_i | x_i), (*S, B), and log q(z_ij | x_n) of all pairs, (*S, B, B, d)."""
    pairs = _scalars(site.posterior, "posterior").log_prob(site.z.unsqueeze(-2))
    own = pairs.diagonal(dim1=-3, dim2=-2).sum(-2)
    return own, pairs


def _scalars(distribution: Distribution, what: str) -> Distribution:
    if (
        isinstance(distribution, Independent)
        and len(distribution.event_shape) == 1
        and not distribution.base_dist.event_shape
        and len(distribution.batch_shape) <= 1
    ):
        return distribution.base_dist
    raise CapabilityError(
        f"total correlation compares q(z) with its dimensions one by one, which a {what} of type "
        f"{type(distribution).__name__} does not give: use --posterior diagonal and a prior that factorises"
    )


@final
@dataclass(frozen=True)
class DecomposedKL(Term):
    """α I(x; z) + β KL(q(z) ‖ Π_j q(z_j)) + γ Σ_j KL(q(z_j) ‖ p(z_j)), nats per example.

    With α = β = γ = 1 it is the Monte-Carlo KL, whatever the estimator. As q(z) is estimated from the batch, the term
    is not per-example.

    Args:
        mutual_information: α ≥ 0.
        total_correlation: β ≥ 0.
        dimensions: γ ≥ 0.
        examples: N, the training examples; None takes each batch for all there is.
        estimator: of log q(z), "stratified" or "weighted" (`log_aggregate`).

    Source: Chen et al. 2018, https://arxiv.org/abs/1802.04942, equations 2 and 4.

    Example:
        >>> from vaekit.objectives import NLL
        >>> (NLL() + DecomposedKL(total_correlation=6.0, examples=60_000)).per_example
        False
    """

    mutual_information: float = 1.0
    total_correlation: float = 1.0
    dimensions: float = 1.0
    examples: int | None = None
    estimator: AggregateEstimator = "stratified"

    def __post_init__(self) -> None:
        weights = (self.mutual_information, self.total_correlation, self.dimensions)
        if not all(weight >= 0 for weight in weights):
            raise UserError(f"the weights of the parts of a KL are at least 0, got {weights}")
        if self.estimator not in ESTIMATORS:
            raise UserError(
                f"no estimator of q(z) is called {self.estimator}; {nearest(self.estimator, ESTIMATORS)}"
            )
        if self.examples is not None and self.examples < 1:
            raise UserError(f"the number of training examples is at least 1, got {self.examples}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "decomposed_kl"

    @property
    def per_example(self) -> bool:
        """No: q(z) is a mean over the batch."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return what each example contributes, averaged over draws.

        Raises:
            CapabilityError: if posterior or prior does not factorise.
            UserError: for a batch of one example.
        """
        parts = decomposed(trace, self.examples, self.estimator)
        return mean_over_samples(
            self.mutual_information * parts.mutual_information
            + self.total_correlation * parts.total_correlation
            + self.dimensions * parts.dimension_kl
        )
