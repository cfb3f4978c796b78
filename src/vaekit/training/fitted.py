"""What fitting a prior gives."""

from dataclasses import dataclass, replace
from typing import final

import torch

from vaekit.core import Prior


@final
@dataclass(frozen=True)
class FittedPrior:
    """A prior chosen on validation.

    Args:
        prior: p(z) for the top site.
        name: what was chosen, for people.
        gain: E_q log p_fitted(z) − E_q log p_plain(z) on validation, nats per example: what bits/dim gain.
        plain: the prior without a fit: N(0, I), all codes alike, or another that the model was trained with.
        what: of which the gain is, where it is not nats of the evidence.
        at_least: whether p_fitted is only bounded from below, and so the gain.
    """

    prior: Prior
    name: str
    gain: float
    plain: str = "N(0, I)"
    what: str = ""
    at_least: bool = False

    def to_device(self, device: torch.device) -> "FittedPrior":
        """The same on a device."""
        return replace(self, prior=self.prior.to(device))

    def sentence(self) -> str:
        """What was gained, for people."""
        unit = f"nats {self.what}".rstrip()
        gain = f"{'at least ' if self.at_least else ''}{self.gain:+.2f} {unit}"
        return f"{self.name}, {gain} per validation example over {self.plain}"
