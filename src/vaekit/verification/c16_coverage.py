"""C16: density and coverage of two sets of one distribution have known means, whatever the distribution is."""

from collections.abc import Callable

import torch

from vaekit.evaluation.sets import Coverage, coverage
from vaekit.verification.check import Check, estimate

GATE = "C16"
TOLERANCE = 0.005
DIMENSIONS = 2
K = 5


def checks() -> list[Check]:
    """Run the row: Naeem et al. 2020, https://arxiv.org/abs/2002.09797.

    So many repetitions that 4.5 standard errors, .0042 to .0048, are below the tolerance of .005.
    """
    large = _repeat(80, 1000, 1000, K, seed=0)
    small = _repeat(4000, 100, 100, K, seed=1)
    uneven = _repeat(1500, 200, 100, 3, seed=2)
    recalled = _column(small, lambda found: found.recall)
    precise = _column(small, lambda found: found.precision)
    return [
        _mean("coverage at N = M = 1000, k = 5", 0.9690, _column(large, lambda found: found.coverage)),
        _mean("density at N = M = 100, k = 5", 1.0, _column(small, lambda found: found.density)),
        estimate(GATE, "density at N = M = 1000, k = 5", 1.0, _column(large, lambda found: found.density)),
        _mean(
            "coverage at N = 200, M = 100, k = 3",
            1 - (199 * 198 * 197) / (299 * 298 * 297),
            _column(uneven, lambda found: found.coverage),
        ),
        estimate(
            GATE, "density at N = 200, M = 100, k = 3", 1.0, _column(uneven, lambda found: found.density)
        ),
        estimate(GATE, "precision less recall at N = M = 100", 0.0, precise - recalled),
    ]


def _repeat(times: int, real: int, generated: int, k: int, seed: int) -> list[Coverage]:
    """Of two sets of a standard normal, drawn anew each time."""
    generator = torch.Generator().manual_seed(seed)
    found: list[Coverage] = []
    for _ in range(times):
        x = torch.randn(real + generated, DIMENSIONS, generator=generator, dtype=torch.float64)
        found.append(coverage(x[:real], x[real:], k))
    return found


def _column(found: list[Coverage], of: Callable[[Coverage], float]) -> torch.Tensor:
    return torch.tensor([of(one) for one in found], dtype=torch.float64)


def _mean(statement: str, expected: float, values: torch.Tensor) -> Check:
    return Check(GATE, statement, expected, values.mean().item(), TOLERANCE)
