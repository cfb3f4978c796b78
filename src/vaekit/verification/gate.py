"""The gate: every row of closed forms that vaekit is held to, one after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from vaekit.errors import UserError, nearest
from vaekit.verification import (
    agreement,
    bands,
    c1_linear_vae,
    c2_rotated,
    c3_divergences,
    c4_levels,
    c5_continuous_bernoulli,
    c6_importance,
    c7_gradients,
    c8_double,
    c9_discrete,
    c10_concrete,
    c11_annealed,
    c13_decomposition,
    c15_factors,
    c16_coverage,
    c17_frechet,
    c18_mmd,
    c19_flows,
    c20_two_levels,
)
from vaekit.verification.check import Check

GATES: Mapping[str, Callable[[], list[Check]]] = MappingProxyType(
    {
        "C1": c1_linear_vae.checks,
        "C2": c2_rotated.checks,
        "C3": c3_divergences.checks,
        "C4": c4_levels.checks,
        "C5": c5_continuous_bernoulli.checks,
        "C6": c6_importance.checks,
        "C7": c7_gradients.checks,
        "C8": c8_double.checks,
        "C9": c9_discrete.checks,
        "C10": c10_concrete.checks,
        "C11": c11_annealed.checks,
        "C13": c13_decomposition.checks,
        "C15": c15_factors.checks,
        "C16": c16_coverage.checks,
        "C17": c17_frechet.checks,
        "C18": c18_mmd.checks,
        "C19": c19_flows.checks,
        "C20": c20_two_levels.checks,
        "bands": bands.checks,
        "agreement": agreement.checks,
    }
)
"""Each row's name and its checks, in order."""


def run_gate(only: Sequence[str] = ()) -> Iterator[Check]:
    """Run the gate and give its checks as they are done, row by row.

    Every check runs vaekit's own parts and compares them with an independent closed form, with fixed seeds.
    A statistical check allows 4.5 standard errors: were the seeds not fixed, a right program would fail one
    of them with probability 7e-6, and all of them with less than 3e-4. The four chi-squares of C10 ask p > .001.

    Args:
        only: names of rows; none means all.

    Raises:
        UserError: for an unknown name, with the nearest one, before anything runs.

    Example:
        >>> all(check.passed for check in run_gate(["C5"]))
        True
        >>> run_gate(["C21"])
        Traceback (most recent call last):
        vaekit.errors.UserError: the gate has no row C21; did you mean C2?
    """
    for name in only:
        if name not in GATES:
            raise UserError(f"the gate has no row {name}; {nearest(name, GATES)}")
    rows = [name for name in GATES if name in only or not only]
    return (check for name in rows for check in GATES[name]())
