"""The VampPrior: a mixture of the model's own posteriors at inputs that are learned."""

from collections.abc import Mapping
from typing import Literal, cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)
from torch.nn import Module, Parameter

from vaekit.errors import CapabilityError, UserError
from vaekit.priors.diagonal_mixture import DiagonalMixture
from vaekit.priors.encoded import EncodedPrior, evenly_chosen
from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents, top_posterior

Range = Literal["unit", "real"]
_NOISE = 0.01
"""Standard deviation that sets pseudo-inputs apart which start from the same example."""
_EDGE = 0.02
"""How far from 0 and 1 they start, so that the sigmoid lets them move."""


@final
class VampPrior(EncodedPrior):
    """p(z) = (1/K) Σ_k q(z | u_k) with pseudo-inputs u_k that are learned. Its KL is a Monte-Carlo value.

    The gradient reaches encoder and posterior through the prior, too. Until `start` sees data the u_k are random.

    Args:
        encoder: the model's own.
        posterior: of the top site.
        latents: d, dimensions of z.
        shape: of an example.
        components: K.
        range: of the data; in "unit" u_k is a sigmoid and stays within (0, 1), in "real" it is free.

    Raises:
        UserError: for fewer than one component.
        CapabilityError: where q(z | u) is drawn from, if it is no Gaussian.

    Source: Tomczak & Welling 2018, https://arxiv.org/abs/1705.07120, equation 9.

    Example:
        >>> from vaekit.posteriors import DiagonalGaussian
        >>> prior = VampPrior(torch.nn.Identity(), DiagonalGaussian(6, 0, 2), 2, (6,), components=5)
        >>> prior().log_prob(torch.zeros(4, 2)).shape
        torch.Size([4])
    """

    def __init__(
        self,
        encoder: Module,
        posterior: Module,
        latents: int,
        shape: tuple[int, ...],
        components: int,
        range: Range = "unit",
    ) -> None:
        if components < 1:
            raise UserError(f"a mixture needs at least one component, got {components}")
        super().__init__(encoder, posterior, latents)
        self.range: Range = range
        self.raw = Parameter(torch.randn(components, *shape))

    @property
    def options(self) -> Mapping[str, object]:
        """The range of the data."""
        return {"range": self.range}

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One with as many pseudo-inputs."""
        count, reach = len(saved.tensors["raw"]), cast(Range, saved.options["range"])
        return cls(
            saved.vae.encoder, top_posterior(saved.vae), top_latents(saved.vae), saved.vae.shape, count, reach
        )

    @property
    def inputs(self) -> Float[Tensor, "K *E"]:
        """u, in the range of the data."""
        return self.raw.sigmoid() if self.range == "unit" else self.raw

    @torch.no_grad()
    def start(self, x: Float[Tensor, "N *E"]) -> None:
        """Start the pseudo-inputs at examples, evenly spaced over these, with a little noise."""
        chosen = evenly_chosen(x, len(self.raw)).to(self.raw)
        if self.range == "unit":
            chosen = chosen.clamp(_EDGE, 1 - _EDGE).logit()
        noise = torch.randn(self.raw.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        self.raw.copy_(chosen + _NOISE * noise.to(self.raw))

    def mixture(self) -> Distribution:
        """The mixture of the posteriors, all of the same weight."""
        q = self.posteriors_of(self.inputs)
        even = self.raw.new_zeros(len(self.raw))
        if isinstance(q, Independent) and isinstance(q.base_dist, Normal):
            return DiagonalMixture(even, q.base_dist.loc, q.base_dist.scale)
        if isinstance(q, MultivariateNormal):
            return MixtureSameFamily(Categorical(logits=even, validate_args=False), q, validate_args=False)
        raise CapabilityError(
            f"a VampPrior mixes Gaussian posteriors, and this model's are of the kind {type(q).__name__}: "
            "use --posterior diagonal, or another prior"
        )
