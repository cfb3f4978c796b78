"""The abstract parts of a model: prior, posterior, latents, likelihood."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Module

Measure = Literal["density", "mass", "none"]
Choose = Callable[[str, Distribution, Tensor | None], Tensor]
"""(site name, p(z_l | z_<l, c), top-down state) -> z_l of shape (*S, B, *E_l)."""


class Prior(Module, ABC):
    """p(z), or p(z | c): a module that returns a distribution of batch shape () or (B,)."""

    @abstractmethod
    def forward(self, context: Tensor | None = None) -> Distribution:
        """Return the prior, given the state above it or a condition."""


class Posterior(Module, ABC):
    """q(z | x), from the encoder's features and, in a hierarchy, the state above the site."""

    @abstractmethod
    def forward(self, features: Tensor, prior: Distribution, state: Tensor | None) -> Distribution:
        """Return q with batch shape (B,) or, where a state is given, (*S, B)."""


class Latents(Module, ABC):
    """The order in which sites are visited; it owns the priors."""

    @property
    @abstractmethod
    def sites(self) -> Mapping[str, int]:
        """Name and number of dimensions of each site, top first."""

    @property
    @abstractmethod
    def state_features(self) -> Mapping[str, int]:
        """Number of features of the top-down state each site's posterior sees (0: none)."""

    @property
    @abstractmethod
    def out_features(self) -> int:
        """Number of features of h, what the decoder sees."""

    @property
    @abstractmethod
    def top(self) -> Prior:
        """The prior of the top site, the one that `fit_prior` replaces."""

    @abstractmethod
    def replace_top(self, prior: Prior) -> None:
        """Put another prior at the top site."""

    @abstractmethod
    def forward(self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None) -> Tensor:
        """Visit every site once and return h of shape (*S, B, H)."""


class Generative(Latents, ABC):
    """Capability: latents that walk on to x by themselves, without a decoder."""

    @property
    @abstractmethod
    def lacks_evidence(self) -> str | None:
        """Why a single x has no evidence of its own, as a sentence; None where it has."""

    @abstractmethod
    def to_data(
        self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None
    ) -> Distribution:
        """Visit every site once and return p(x | z) with batch shape (*S, B), or one that is broadcast to it."""


class Likelihood(Module, ABC):
    """p(x | h): turns the decoder's output into a distribution over x."""

    @property
    @abstractmethod
    def measure(self) -> Measure:
        """What log_prob is: a log-density of x, the log-mass of its level, or nothing ("none")."""

    @property
    @abstractmethod
    def parameters_per_value(self) -> int:
        """How many decoder outputs one data value needs."""

    def outputs(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of what the decoder makes for one example of this shape: those of each value, channels first."""
        return (shape[0] * self.parameters_per_value, *shape[1:])

    @abstractmethod
    def forward(self, h: Tensor) -> Distribution:
        """Map (*S, B, K·C, H, W) or (*S, B, K·D) to a distribution over x with batch shape (*S, B)."""

    @abstractmethod
    def centre(self, distribution: Distribution) -> Tensor:
        """The picture of a distribution: its mean, or its location where the mean is dear."""
