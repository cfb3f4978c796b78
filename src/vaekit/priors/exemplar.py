"""The exemplar prior: training examples, encoded, with one width for all."""

from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import Module, Parameter

from vaekit.bounded import softly_bounded
from vaekit.errors import UserError
from vaekit.priors.diagonal_mixture import DiagonalMixture
from vaekit.priors.encoded import EncodedPrior, evenly_chosen
from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents, top_posterior

_SAME = 3e-5
"""Keys that differ by less are of the same example, in single precision too."""


@final
class ExemplarPrior(EncodedPrior):
    """p(z) = (1/M) Σ_m N(z; μ(x_m), σ² I), μ the posterior's mean and σ a parameter. Its KL is a Monte-Carlo value.

    The x_m are M training examples, which the prior holds, and with it every file of the model. Until `start` has
    seen data they are random numbers.

    Args:
        encoder: the model's own.
        posterior: of the top site.
        latents: d, dimensions of z.
        shape: of an example.
        exemplars: M, at least 2: an example is never its own prior in training.

    Raises:
        UserError: for fewer than two exemplars.

    Source: Norouzi et al. 2020, https://arxiv.org/abs/2004.04795, equations 4–6.

    Example:
        >>> from vaekit.posteriors import DiagonalGaussian
        >>> prior = ExemplarPrior(torch.nn.Identity(), DiagonalGaussian(6, 0, 2), 2, (6,), exemplars=5)
        >>> prior().log_prob(torch.zeros(4, 2)).shape
        torch.Size([4])
    """

    exemplars: Tensor

    def __init__(
        self, encoder: Module, posterior: Module, latents: int, shape: tuple[int, ...], exemplars: int
    ) -> None:
        if exemplars < 2:
            raise UserError(f"an exemplar prior needs at least two exemplars, got {exemplars}")
        super().__init__(encoder, posterior, latents)
        self.register_buffer("exemplars", torch.rand(exemplars, *shape))
        self.log_std = Parameter(torch.zeros(()))

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One with as many exemplars."""
        return cls(
            saved.vae.encoder,
            top_posterior(saved.vae),
            top_latents(saved.vae),
            saved.vae.shape,
            len(saved.tensors["exemplars"]),
        )

    @torch.no_grad()
    def start(self, x: Float[Tensor, "N *E"]) -> None:
        """Hold examples, evenly spaced over these."""
        self.exemplars.copy_(evenly_chosen(x, len(self.exemplars)))

    def mixture(self) -> DiagonalMixture:
        """The mixture, batch shape ()."""
        mean = self.posteriors_of(self.exemplars).mean
        std = softly_bounded(self.log_std).exp().expand_as(mean)
        return DiagonalMixture(mean.new_zeros(len(mean)), mean, std, keys_of(self.exemplars))


def keys_of(x: Float[Tensor, "N *E"]) -> Float[Tensor, " N"]:
    """A number for each example by which to know it again: Σ_i x_i cos(i²)."""
    wide = x.flatten(1) if x.device.type == "mps" else x.flatten(1).double()
    place = torch.arange(1, wide.shape[1] + 1, device=x.device, dtype=wide.dtype)
    return wide @ place.square().cos()


def own_components(p: DiagonalMixture, x: Float[Tensor, "B *E"]) -> Bool[Tensor, "B K"]:
    """Which components of a mixture come from the example itself; all but one at most, and none where it has no keys.

    Example:
        >>> x = torch.rand(3, 4)
        >>> p = DiagonalMixture(torch.zeros(2), torch.zeros(2, 1), torch.ones(2, 1), keys_of(x[1:]))
        >>> own_components(p, x).tolist()
        [[False, False], [True, False], [False, True]]
    """
    if p.keys is None:
        return torch.zeros(len(x), len(p.means), dtype=torch.bool, device=x.device)
    own = (keys_of(x)[:, None] - p.keys).abs() < _SAME
    # Where all exemplars are the same example there is no other to take: all stay.
    return own & ~own.all(-1, keepdim=True)
