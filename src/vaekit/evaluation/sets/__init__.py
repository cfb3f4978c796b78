"""How a set of generated vectors compares with a set of real ones: distances, coverage, copying."""

from vaekit.evaluation.sets.comparison import Measured, SetComparison, compare_sets
from vaekit.evaluation.sets.distances import nearest
from vaekit.evaluation.sets.frechet import (
    frechet_distance,
    frechet_error,
    frechet_floor,
    frechet_note,
    frechet_of_moments,
)
from vaekit.evaluation.sets.kernel import KernelDistance, cubic, kernel_distance
from vaekit.evaluation.sets.memorisation import Memorisation, mann_whitney, memorisation
from vaekit.evaluation.sets.prdc import Coverage, coverage, expected_coverage

__all__ = [
    "Coverage",
    "KernelDistance",
    "Measured",
    "Memorisation",
    "SetComparison",
    "compare_sets",
    "coverage",
    "cubic",
    "expected_coverage",
    "frechet_distance",
    "frechet_error",
    "frechet_floor",
    "frechet_note",
    "frechet_of_moments",
    "kernel_distance",
    "mann_whitney",
    "memorisation",
    "nearest",
]
