"""All metrics of disentanglement of one table of codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from vaekit.errors import UserError
from vaekit.evaluation.factors.dci import DCI, dci
from vaekit.evaluation.factors.factor_vae import factor_vae_score
from vaekit.evaluation.factors.mig import mig
from vaekit.evaluation.factors.modularity import explicitness, modularity
from vaekit.evaluation.factors.sap import sap
from vaekit.evaluation.factors.score import Score
from vaekit.evaluation.factors.tables import Table

MOST_EXAMPLES = 10_000


@final
@dataclass(frozen=True, eq=False)
class Disentanglement:
    """How well dimensions of the code and factors correspond; every number is between 0 and 1.

    Args:
        factors: names of the factors, in the order of what is given by factor.
        left_out: names of those that take one value only in these examples.
        examples: how many were used.
        mig: mutual information gap, by factor.
        dci: disentanglement, completeness and informativeness.
        sap: separated attribute predictability, by factor.
        factor_vae: the FactorVAE score, by factor; guessing has 1/K.
        modularity: by dimension.
        explicitness: by factor; guessing has ½.
    """

    factors: tuple[str, ...]
    left_out: tuple[str, ...]
    examples: int
    mig: Score
    dci: DCI
    sap: Score
    factor_vae: Score
    modularity: Score
    explicitness: Score


def disentanglement(
    codes: Table,
    factors: Table,
    names: Sequence[str],
    seed: int = 0,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Disentanglement:
    """Measure a table of codes in every way there is, on at most 10,000 examples.

    Args:
        codes: means of q(z | x), (N, d).
        factors: what each example was made from, (N, K).
        names: of the factors.
        seed: of the examples chosen and of everything drawn.
        progress: told the fraction done.

    Raises:
        UserError: tables that do not fit each other, or fewer than two factors that change.

    Example:
        >>> factors = np.array([[a, b, 7] for a in range(5) for b in range(5)] * 8)
        >>> found = disentanglement(2.0 * factors, factors, ["shape", "size", "colour"])
        >>> found.mig.value, found.factors, found.left_out
        (1.0, ('shape', 'size'), ('colour',))
    """
    if factors.ndim != 2 or factors.shape[1] != len(names):
        raise UserError(
            f"factors have shape {tuple(factors.shape)}, but there are {len(names)} names of them"
        )
    if len(codes) != len(factors):
        raise UserError(f"{len(codes)} codes have the factors of {len(factors)} examples")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(codes))[:MOST_EXAMPLES])
    codes, factors = codes[chosen], factors[chosen]
    varies = (
        [k for k in range(len(names)) if bool((factors[:, k] != factors[0, k]).any())] if len(factors) else []
    )
    if len(varies) < 2:
        raise UserError(
            f"disentanglement compares factors: two or more must change, and {len(varies)} of them do"
        )
    factors = factors[:, varies]

    def measured(metric: Callable[[Table, Table, int], Score], done: float) -> Score:
        score = metric(codes, factors, seed)
        progress(done)
        return score

    return Disentanglement(
        tuple(names[k] for k in varies),
        tuple(name for k, name in enumerate(names) if k not in varies),
        len(codes),
        measured(mig, 0.1),
        dci(codes, factors, seed),
        measured(sap, 0.7),
        measured(factor_vae_score, 0.8),
        measured(modularity, 0.9),
        measured(explicitness, 1.0),
    )
