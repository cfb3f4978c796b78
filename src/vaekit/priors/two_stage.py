"""The prior of the two-stage VAE: a second, small VAE of the codes."""

from collections.abc import Mapping
from typing import NoReturn, cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Linear, Parameter

from vaekit.bounded import softly_bounded
from vaekit.core import Bounded, Learner
from vaekit.errors import CapabilityError, UserError
from vaekit.nets import hidden_layers
from vaekit.noise import Noise
from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents
from vaekit.priors.pushforward import PushforwardPrior, normal_log_density

UNKNOWN = "its prior is a second VAE, whose density is an integral without a value, and with it log p(x)"


_START = -1.0
"""log γ of scaled codes at the start: with γ = 1 a decoder that says the mean of all is no worse, and stays so."""


@final
class TwoStagePrior(PushforwardPrior, Learner, Bounded):
    """p(z) = ∫ N(u; 0, I) N(z; m(u), γ² I) du with u of as many dimensions as z, γ a parameter.

    It is drawn from by u and then z; its density is only bounded from below, and asking for it is refused.

    Args:
        latents: d, dimensions of z and of u.
        width: of the two hidden layers of encoder and decoder.

    Raises:
        UserError: for a size under 1.

    Source: Dai & Wipf 2019, https://arxiv.org/abs/1903.05789, section 4.

    Example:
        >>> prior = TwoStagePrior(latents=3, width=8)
        >>> prior().sample((5,)).shape
        torch.Size([5, 3])
        >>> prior().log_prob(torch.zeros(3))
        Traceback (most recent call last):
        vaekit.errors.CapabilityError: its prior is a second VAE, whose density is an integral without a value, \
and with it log p(x)
    """

    def __init__(self, latents: int, width: int = 256) -> None:
        if min(latents, width) < 1:
            raise UserError(
                f"a second stage needs at least one latent and hidden unit, got {latents} and {width}"
            )
        super().__init__(latents, 2 * latents)
        self.width = width
        self.encoder = hidden_layers(latents, (width, width), "relu")
        self.posterior = Linear(width, 2 * latents)
        self.decoder = hidden_layers(latents, (width, width), "relu")
        self.centre = Linear(width, latents)
        self.log_std = Parameter(torch.full((), _START))

    @property
    def lacks_density(self) -> str:
        """That it is an integral."""
        return UNKNOWN

    @property
    def options(self) -> Mapping[str, object]:
        """The width."""
        return {"width": self.width}

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One of the same size."""
        return cls(top_latents(saved.vae), cast(int, saved.options["width"]))

    def push(self, u: Float[Tensor, "*B m"]) -> Float[Tensor, "*B d"]:
        """m(u) + γ ε; the first half of the numbers is u, the second ε."""
        source, noise = u.chunk(2, -1)
        return self.scaling.outwards(self.centre(self.decoder(source)) + self._std * noise)

    def log_density(self, z: Float[Tensor, "*B d"], temperature: float = 1.0) -> NoReturn:
        """Refuse."""
        raise CapabilityError(UNKNOWN)

    def loss(self, z: Float[Tensor, "B d"], noise: Noise) -> Float[Tensor, " B"]:
        """Minus the evidence lower bound of a code, nats: −log w of one draw of u."""
        return -self._log_weight(z, noise, 1)[0]

    def bound(self, z: Float[Tensor, "B d"], noise: Noise, draws: int) -> Float[Tensor, " B"]:
        """log (1/K) Σ_k w_k, whose mean is at most log p(z), nats."""
        log_weight = self._log_weight(z, noise, draws)
        return log_weight.logsumexp(0) - torch.tensor(draws).log()

    @property
    def _std(self) -> Tensor:
        return softly_bounded(self.log_std).exp()

    def _log_weight(self, z: Float[Tensor, "B d"], noise: Noise, draws: int) -> Float[Tensor, "K B"]:
        """log N(u; 0, I) + log p(z | u) − log q(u | z), u ~ q."""
        y = self.scaling.inwards(z)
        mean, log_std = self.posterior(self.encoder(y)).chunk(2, -1)
        log_std = softly_bounded(log_std)
        eps = noise.normal("prior/second", (draws, *y.shape), 1, y)
        u = mean + log_std.exp() * eps
        log_q = normal_log_density(eps) - log_std.sum(-1)
        apart = (y - self.centre(self.decoder(u))) / self._std
        log_likelihood = normal_log_density(apart) - self.latents * softly_bounded(self.log_std)
        return normal_log_density(u) + log_likelihood - self.scaling.log_volume - log_q
