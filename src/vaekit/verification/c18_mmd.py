"""C18: the U-statistic of the maximum mean discrepancy has mean 0 where both sets are of one distribution."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import Site, Trace
from vaekit.evaluation.sets import cubic, kernel_distance
from vaekit.noise import draw
from vaekit.objectives import MMD
from vaekit.objectives.joint_kernels import joint_imq, joint_rbf
from vaekit.objectives.kernels import Kernel, imq, rbf, two_sample_mmd
from vaekit.objectives.mmd import KernelName
from vaekit.priors import StandardNormal
from vaekit.verification.check import Check, estimate
from vaekit.verification.linear import noise_for

GATE = "C18"
REPETITIONS = 600
FIRST, SECOND, DIMENSIONS = 40, 25, 3
SHIFT = 0.5
KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        "Gaussian": rbf,
        "inverse multiquadric": imq,
        "joint Gaussian": joint_rbf,
        "joint inverse multiquadric": joint_imq,
        "cubic": cubic,
    }
)
EXACT: tuple[KernelName, ...] = ("marginal_rbf", "rbf", "imq")
"""The kernels whose expectations under the prior are exact in the term that models are trained with."""


def checks() -> list[Check]:
    """Run the row: Gretton et al. 2012, A kernel two-sample test, lemma 6.

    A statistic that is always 0 would pass as well; one of two Gaussians that are apart would not.
    """
    return [
        *(
            estimate(GATE, f"mean 0 under H0: {name} kernel", 0.0, _values(0.0, _whole(kernel)))
            for name, kernel in KERNELS.items()
        ),
        *(
            estimate(GATE, f"codes of the prior: the term's mean is 0: {kernel}", 0.0, _terms(kernel))
            for kernel in EXACT
        ),
        estimate(GATE, "mean 0 under H0: kernel distance over subsets", 0.0, _values(0.0, _subsets)),
        estimate(
            GATE, "two Gaussians apart: kernel distance over subsets", _apart(), _values(SHIFT, _subsets)
        ),
    ]


def _values(shift: float, distance: Callable[[Tensor, Tensor], float]) -> Float[Tensor, " n"]:
    """Of pairs of sets of different sizes, the second moved by `shift` in every dimension."""
    generator = torch.Generator().manual_seed(0)
    found: list[float] = []
    for _ in range(REPETITIONS):
        z = torch.randn(FIRST + SECOND, DIMENSIONS, generator=generator, dtype=torch.float64)
        found.append(distance(z[:FIRST], z[FIRST:] + shift))
    return torch.tensor(found, dtype=torch.float64)


def _terms(kernel: KernelName) -> Float[Tensor, " n"]:
    """The term of batches of codes that are drawn from the prior N(0, I)."""
    prior = StandardNormal(DIMENSIONS).double()()
    z = draw(prior, (REPETITIONS, FIRST), noise_for(FIRST, 18), "z")
    term = MMD(kernel=kernel)
    traces = (Trace(codes, (Site("z", codes, prior, prior),), prior) for codes in z)
    return torch.stack([term(trace).mean() for trace in traces])


def _whole(kernel: Kernel) -> Callable[[Tensor, Tensor], float]:
    return lambda x, y: two_sample_mmd(x, y, kernel).item()


def _subsets(x: Tensor, y: Tensor) -> float:
    return kernel_distance(x, y, subsets=5).value


def _apart() -> float:
    """The cubic kernel's MMD² of N(0, I) and N(s 1, I): 3 |M₁|²/d + 3 |M₂|²/d² + |M₃|²/d³.

    M_p is the difference of the moment tensors of order p: s, s² and s³ + s (δ_ij + δ_jk + δ_ik).
    """
    d, s = DIMENSIONS, SHIFT
    all_equal, two_equal, none_equal = d, 3 * d * (d - 1), d * (d - 1) * (d - 2)
    third = all_equal * (s**3 + 3 * s) ** 2 + two_equal * (s**3 + s) ** 2 + none_equal * s**6
    return 3 * s**2 + 3 * s**4 + third / d**3
