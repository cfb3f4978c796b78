"""One turn of one step as a module: the only thing that Fabric wraps."""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Module

from vaekit.core import VAE, Tempered
from vaekit.noise import Noise
from vaekit.objectives import Turn

LOSS, LOG, STATISTIC = "loss/", "log/", "statistic/"


@final
class Step(Module):
    """Trace a batch and return the losses of one turn; a trace never leaves this module.

    Args:
        vae: the model.
        turns: the objective's turns.
    """

    def __init__(self, vae: VAE, turns: Sequence[Turn]) -> None:
        super().__init__()
        self.vae = vae
        self.turns = tuple(turns)
        # Looked for once: a search through all modules at every step is felt in small networks.
        self.adaptive = dict(vae.adaptive)

    def forward(
        self, x: Float[Tensor, "B *E"], noise: Noise, progress: Tensor, turn: int = 0
    ) -> dict[str, Tensor]:
        """Return "loss/PLAYER" and "log/NAME", (), and of each adaptive part "statistic/PART", the mean."""
        losses = self.turns[turn].losses(self.vae, x, noise, progress)
        out = {LOSS + player: loss for player, loss in losses.by_player.items()}
        out |= {LOG + name: value for name, value in losses.scalars.items()}
        likelihood = self.vae.likelihood
        if losses.trace is None:
            return out
        if isinstance(likelihood, Tempered) and LOG + "nll" in out:
            # What is logged as nll has the meaning it has in validation, whatever the loss is made of.
            with torch.no_grad():
                scored = likelihood.scored(losses.trace.likelihood)
                out[LOG + "nll_tempered"] = out[LOG + "nll"]
                out[LOG + "nll"] = -scored.log_prob(x).mean()
        with torch.no_grad():
            for name, part in self.adaptive.items():
                out[STATISTIC + name] = part.statistic(losses.trace).mean(0)
        return out

    def observe(self, out: Mapping[str, Tensor]) -> None:
        """Let the adaptive parts see their means over the whole batch, once the players have moved."""
        for name, part in self.adaptive.items():
            if STATISTIC + name in out:
                part.observe(out[STATISTIC + name])
