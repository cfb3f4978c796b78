"""The mutual information gap: does one dimension of the code know a factor that no other knows?"""

import numpy as np

from vaekit.evaluation.factors.score import Score, jackknifed
from vaekit.evaluation.factors.tables import Table, bins, checked, classes, entropy, gaps, information


def mig(codes: Table, factors: Table, seed: int = 0) -> Score:
    """Mean over factors of (I₁ − I₂) / H, I₁ and I₂ the largest mutual information of a dimension with the factor.

    I(z_j; v_k) is that of the frequencies of 20 bins of equal width of z_j and of the values of v_k (or of
    tenths of it, where there are more than 20), H that of v_k. This is the estimator of Locatello et al.;
    that of Chen et al. takes draws of q(z | x) instead: give draws as codes for theirs. It does not see how
    much of the code's scale a dimension has: one that the prior makes a point still counts by its order.
    Between independent values, I₁ and I₂ are about 19 (M−1)/2N nats each for M values of a factor.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        seed: of the groups of the standard error.

    Raises:
        UserError: tables that do not fit each other, or a factor that takes one value only.

    Source: Chen et al. 2018, https://arxiv.org/abs/1802.04942, equation 6; Locatello et al. 2019,
        https://arxiv.org/abs/1811.12359, appendix C.

    Example:
        >>> factors = np.array([[a, b] for a in range(5) for b in range(5)])
        >>> mig(2.0 * factors + 1, factors).each
        (1.0, 1.0)
    """
    z, y = checked(codes, factors)
    values = [classes(column) for column in y.T]

    def statistic(rows: np.ndarray) -> list[float]:
        found = [value[rows] for value in values]
        gap = gaps(information([bins(column) for column in z[rows].T], found))
        heights = [entropy(value) for value in found]
        return [g / h if h > 0 else 0.0 for g, h in zip(gap.tolist(), heights, strict=True)]

    return jackknifed(statistic, len(z), seed)
