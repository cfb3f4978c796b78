"""How far the codes of a batch are from the prior, as a whole: the maximum mean discrepancy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, final

from jaxtyping import Float
from torch import Tensor

from vaekit.core import Trace
from vaekit.errors import UserError, nearest
from vaekit.objectives.algebra import Term
from vaekit.objectives.joint_kernels import Widths, joint_imq, joint_rbf
from vaekit.objectives.kernels import SCALES, Kernel, Parts, mean_over_pairs, rbf
from vaekit.shapes import mean_over_samples

KernelName = Literal["marginal_rbf", "rbf", "imq"]


@final
@dataclass(frozen=True)
class AgainstPrior:
    """A kernel, and its exact expectations under a prior.

    Args:
        kernel: k.
        at: z -> E_{y ~ p} k(z, y).
        within: E_{y, y' ~ p} k(y, y').
    """

    kernel: Kernel
    at: Callable[[Float[Tensor, "*batch d"]], Float[Tensor, "*batch"]]
    within: Float[Tensor, ""]


def _marginal_rbf(prior: Parts, scales: tuple[float, ...]) -> AgainstPrior:
    return AgainstPrior(
        lambda x, y: rbf(x, y, scales), lambda z: prior.rbf_at(z, scales), prior.rbf_within(scales)
    )


def _rbf(prior: Parts, scales: tuple[float, ...]) -> AgainstPrior:
    widths = Widths.of_rbf(prior.means.shape[0], scales)
    return AgainstPrior(
        lambda x, y: joint_rbf(x, y, scales), lambda z: widths.at(prior, z), widths.within(prior)
    )


def _imq(prior: Parts, scales: tuple[float, ...]) -> AgainstPrior:
    widths = Widths.of_imq(prior.means.shape[0], scales)
    return AgainstPrior(
        lambda x, y: joint_imq(x, y, scales), lambda z: widths.at(prior, z), widths.within(prior)
    )


KERNELS: Mapping[str, Callable[[Parts, tuple[float, ...]], AgainstPrior]] = MappingProxyType(
    {"marginal_rbf": _marginal_rbf, "rbf": _rbf, "imq": _imq}
)


@final
@dataclass(frozen=True)
class MMD(Term):
    """MMD²(q(z), p(z)) of the top site, q(z) = E_x q(z | x), unbiased; no nats, but a squared distance.

    Mean over i ≠ j of k(z_i, z_j) − 2 mean E_p k(z_i, y) + E_p k(y, y'), with k(z, y) a sum over six scales. The
    expectations under the prior are exact, so no draw of p adds noise. Where q(z) = p(z) its mean is 0 and its values
    lie on both sides of 0. The mean over examples is over pairs: the term is not per-example.

    Args:
        scales: ℓ² of the kernels.
        kernel: "marginal_rbf", a sum over dimensions of Gaussian kernels, which compares marginals alone; "rbf" or
            "imq", a Gaussian kernel or an inverse multiquadric of the whole vector.

    Source: Gretton et al. 2012, A kernel two-sample test, lemma 6; as the D of Mathieu et al. 2019,
    https://arxiv.org/abs/1812.02833, equation 7; "imq": Tolstikhin et al. 2018, https://arxiv.org/abs/1711.01558.

    Example:
        >>> from vaekit.objectives import KL, NLL
        >>> (NLL() + 4.0 * KL() + 100.0 * MMD()).per_example
        False
    """

    scales: tuple[float, ...] = SCALES
    kernel: KernelName = "marginal_rbf"

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise UserError(f"no kernel is called {self.kernel}; {nearest(self.kernel, KERNELS)}")

    @property
    def name(self) -> str:
        """Its name in logs."""
        return "mmd"

    @property
    def per_example(self) -> bool:
        """No: it compares the examples of a batch with each other."""
        return False

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """One draw."""
        return ()

    def __call__(self, trace: Trace) -> Float[Tensor, " B"]:
        """Return what each example contributes; their mean is the U-statistic, averaged over draws.

        Raises:
            CapabilityError: if the prior is no product of Gaussians or of mixtures of them.
            UserError: for a batch of one example.
        """
        top = trace.sites[0]
        found = KERNELS[self.kernel](Parts.of(top.prior), self.scales)
        within = mean_over_pairs(top.z, found.kernel)
        return mean_over_samples(within - 2 * found.at(top.z) + found.within)
