"""The doctor during training: one line when something goes wrong, once for each illness."""

import math
from collections.abc import Mapping, Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE
from vaekit.evaluation.latent_use import WIDE
from vaekit.likelihoods import FixedScale, GaussianLikelihood

COLLAPSED = 0.5
"""Nats of validation, once the weight of the KL has settled."""
TOO_WIDE, TOO_NARROW = 0.1, 5.0
"""Squared error over a σ² that was fixed beforehand."""
WIDE_SHARE = 0.001
LATE = 0.3
"""Of training, after which a curve says something."""
FEW_STEPS = 200
"""Before so many steps nothing has been learned that could go wrong."""
PATIENCE = 10
"""Validations since the best one, and at least a fifth of all so far."""
LOST = 0.25
"""Of the rate that validation lost since its best."""
LEAST_LOST = 1.0
"""Nats; less is the noise of a curve."""


@final
class Watch:
    """Looks at every validation and says each thing once; it draws no numbers and changes no weights.

    After a resume it knows the rows that came before, and may say again what it said then.

    Args:
        settled: part of training after which the objective no longer changes.
        x: some validation examples, whose posteriors are looked at.
        past: rows of metrics.csv of a run that goes on.
    """

    def __init__(
        self, settled: float, x: Float[Tensor, "B *E"], past: Sequence[Mapping[str, float]] = ()
    ) -> None:
        self.settled, self.x = settled, x
        self.said: set[str] = set()
        self.scores = [_score(row) for row in past]

    @torch.no_grad()
    def look(self, vae: VAE, row: Mapping[str, float], done: float) -> str | None:
        """One line, or None.

        Args:
            vae: as it is now.
            row: of metrics.csv.
            done: part of training, from 0 to 1.
        """
        self.scores.append(_score(row))
        late = done > max(LATE, self.settled) and row.get("step", math.inf) >= FEW_STEPS
        for illness, line in (
            ("not finite", self._broken()),
            ("exploding", self._exploding(vae) if late else None),
            ("scale", self._scale(vae, row) if late else None),
            ("collapse", self._collapse(vae, row) if late else None),
            ("overfitting", self._overfitting(row) if late else None),
        ):
            if line is not None and illness not in self.said:
                self.said.add(illness)
                return f"warning: {line}"
        return None

    def _broken(self) -> str | None:
        if math.isfinite(self.scores[-1]):
            return None
        return "validation is not finite: training is falling apart; a smaller --lr, or --clip 100, keeps it together"

    def _scale(self, vae: VAE, row: Mapping[str, float]) -> str | None:
        likelihood = vae.likelihood
        distortion = row.get("validation_nll_density")
        if not (isinstance(likelihood, GaussianLikelihood) and isinstance(likelihood.scale, FixedScale)):
            return None
        if distortion is None or not math.isfinite(distortion):
            return None
        variance = likelihood.scale().item() ** 2
        dimensions = math.prod(vae.shape)
        # −log p = D/2 (error/σ² + ln 2πσ²).
        ratio = 2 * distortion / dimensions - math.log(2 * math.pi * variance)
        if TOO_WIDE <= ratio <= TOO_NARROW:
            return None
        return (
            f"sigma^2 is fixed at {variance:.3g} and the squared error is {ratio * variance:.3g}: as if beta were "
            f"{1 / max(ratio, 1e-9):.3g}; the recipe vae solves sigma^2"
        )

    def _collapse(self, vae: VAE, row: Mapping[str, float]) -> str | None:
        rate = row.get("validation_kl")
        if rate is None or vae.deterministic or not rate < COLLAPSED:
            return None
        return (
            f"z says {rate:.2f} nats of an example: q has collapsed; try --free_bits 0.1 or a smaller --beta"
        )

    def _exploding(self, vae: VAE) -> str | None:
        if vae.deterministic:
            return None
        wide = ~(vae.encode(self.x).stddev <= WIDE)
        if wide.float().mean().item() <= WIDE_SHARE:
            return None
        return (
            f"{100 * wide.float().mean().item():.1f} % of the posteriors are wider than {WIDE:g} prior deviations: "
            "log sigma is running away; try a smaller --lr, or --clip 100"
        )

    def _overfitting(self, row: Mapping[str, float]) -> str | None:
        finite = [score if math.isfinite(score) else -math.inf for score in self.scores]
        best = max(range(len(finite)), key=finite.__getitem__)
        since = len(self.scores) - 1 - best
        rate = row.get("validation_kl")
        if rate is None or since < max(PATIENCE, len(self.scores) // 5) or not math.isfinite(self.scores[-1]):
            return None
        lost = self.scores[best] - self.scores[-1]
        if lost <= max(LEAST_LOST, LOST * rate):
            return None
        return (
            f"validation was best {since} validations ago and has lost {lost:.1f} nats since: the best model is "
            "kept, and --patience 10 would stop here"
        )


def _score(row: Mapping[str, float]) -> float:
    """The validation ELBO, or minus the loss."""
    for name, value in row.items():
        if name.startswith("validation_elbo_"):
            return value
    return -row.get("validation_loss", math.nan)
