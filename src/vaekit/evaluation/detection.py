"""How well scores tell anomalies from normal examples, and where a score lies among normal ones."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vaekit.errors import UserError
from vaekit.evaluation.ranks import share_below


@final
@dataclass(frozen=True)
class Detection:
    """How well a score finds anomalies.

    Args:
        roc_auc: P(an anomaly scores above a normal example), equal scores counted half; ½ is guessing.
        roc_auc_error: its standard error over the draw of both kinds of examples.
        average_precision: the mean precision over the anomalies found; the share of anomalies is guessing.
        anomalies: how many there are.
        normal: how many others.
    """

    roc_auc: float
    roc_auc_error: float
    average_precision: float
    anomalies: int
    normal: int


def detection(scores: Float[Tensor, " N"], anomalous: Bool[Tensor, " N"]) -> Detection:
    """Compare scores, of which larger ones are more unusual, with the truth.

    Args:
        scores: (N,).
        anomalous: (N,).

    Raises:
        UserError: if all examples are of one kind.

    Source: standard error: DeLong, DeLong & Clarke-Pearson 1988, Comparing the areas under two or more correlated
    receiver operating characteristic curves, equations 3 to 5, for one curve.

    Example:
        >>> found = detection(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([False, True, False, True]))
        >>> found.roc_auc, round(found.average_precision, 4)
        (0.75, 0.8333)
    """
    found, rest = scores[anomalous].double(), scores[~anomalous].double()
    if not len(found) or not len(rest):
        raise UserError("all examples are of one kind: a curve needs anomalies and normal examples")
    above, below = share_below(found, rest), 1 - share_below(rest, found)
    variance = sum(
        (shares.var() / len(shares)).item() if len(shares) > 1 else float("nan") for shares in (above, below)
    )
    return Detection(
        above.mean().item(), variance**0.5, _average_precision(scores, anomalous), len(found), len(rest)
    )


def _average_precision(scores: Tensor, anomalous: Tensor) -> float:
    """Σ_n (R_n − R_{n−1}) P_n over thresholds, equal scores at one threshold."""
    order = scores.double().argsort(descending=True)
    ranked, hits = scores.double()[order], anomalous[order].double().cumsum(0)
    last = torch.cat([ranked[1:] != ranked[:-1], torch.ones(1, dtype=torch.bool, device=ranked.device)])
    at = hits[last]
    precision = at / (torch.arange(1, len(ranked) + 1, device=ranked.device)[last])
    gained = torch.diff(at, prepend=at.new_zeros(1)) / hits[-1]
    return (gained * precision).sum().item()


def share_at_least(scores: Float[Tensor, " N"], normal: Float[Tensor, " M"]) -> Float[Tensor, " N"]:
    """The p-value of each score under "it is one of the normal ones": (1 + #{normal ≥ score})/(1 + M).

    A threshold of α on it raises false alarms at a rate of at most α, whatever the scores are.

    Source: Bates et al. 2023, Testing for outliers with conformal p-values, https://arxiv.org/abs/2104.08279,
    equation 1.

    Example:
        >>> share_at_least(torch.tensor([0.5, 9.0]), torch.tensor([0.0, 1.0, 2.0])).tolist()
        [0.75, 0.25]
    """
    ranked = normal.double().sort().values
    above = len(ranked) - torch.searchsorted(ranked, scores.double())
    return (1 + above).double() / (1 + len(ranked))
