"""How unusual a model finds each example."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, final, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE, Sequential
from vaekit.data.batches import Examples
from vaekit.errors import UserError, nearest
from vaekit.evaluation.bounds import Bound, bounds
from vaekit.evaluation.measures import measures_for
from vaekit.spec import DataSpec

ScoreName = Literal["iwae", "elbo", "nll", "rate", "error"]
MEANING: Mapping[str, str] = {
    "iwae": "−log p(x), bounded by IWAE, nats",
    "elbo": "−ELBO, nats",
    "nll": "distortion −E_q log p(x|z), nats",
    "rate": "rate KL(q(z|x) ‖ p(z)), nats",
    "error": "squared error of the reconstruction, mean over values",
}
"""What each score is; the larger, the more unusual."""
_BOUNDED = ("iwae", "elbo", "nll", "rate")


@final
@dataclass(frozen=True, eq=False)
class Scores:
    """What a model says of each of N examples; the larger a score, the more unusual the example.

    Args:
        by: which of them ranks.
        measure: of the nats: the mass of x, a density of x, or a bound; "" where the model has no evidence.
        draws: K of the IWAE bound.
        values: by name of the score (`MEANING`), (N,) each; what the model does not have is left out.
        ess: effective sample size of the K importance weights, (N,), between 1 and K; None without evidence.
        bits_per_dimension: the IWAE bound in bits for each observed value, (N,); None without evidence.
    """

    by: ScoreName
    measure: str
    draws: int
    values: Mapping[str, Float[Tensor, " N"]]
    ess: Float[Tensor, " N"] | None = None
    bits_per_dimension: Float[Tensor, " N"] | None = None

    def __len__(self) -> int:
        return len(self.ranked)

    @property
    def ranked(self) -> Float[Tensor, " N"]:
        """The scores that rank."""
        return self.values[self.by]

    def columns(self) -> dict[str, Float[Tensor, " N"]]:
        """Everything said of each example, by name, as a table shows it."""
        found = dict(self.values)
        if self.ess is not None and self.draws > 1:
            found["ess"] = self.ess
        if self.bits_per_dimension is not None:
            found["bits_per_dimension"] = self.bits_per_dimension
        return found

    def take(self, places: Tensor) -> "Scores":
        """Those of some examples, in this order."""
        return replace(
            self,
            values={name: values[places] for name, values in self.values.items()},
            ess=None if self.ess is None else self.ess[places],
            bits_per_dimension=None if self.bits_per_dimension is None else self.bits_per_dimension[places],
        )


def joined(parts: list[Scores]) -> Scores:
    """The scores of several sets of examples by one model, one after the other."""
    first = parts[0]

    def cat(found: list[Tensor | None]) -> Tensor | None:
        known = [each for each in found if each is not None]
        return torch.cat(known) if known else None

    return replace(
        first,
        values={name: torch.cat([part.values[name] for part in parts]) for name in first.values},
        ess=cat([part.ess for part in parts]),
        bits_per_dimension=cat([part.bits_per_dimension for part in parts]),
    )


def ranking(vae: VAE, by: str | None) -> ScoreName:
    """The score that ranks: as asked; default the IWAE bound, or the reconstruction error where there is no evidence.

    Raises:
        UserError: if the model does not have it, or no score has that name.
    """
    if by is None:
        by = "iwae" if vae.lacks_evidence is None else "error"
    if by not in get_args(ScoreName):
        raise UserError(f"no score is called {by}; {nearest(by, get_args(ScoreName))}")
    if by in _BOUNDED and vae.lacks_evidence is not None:
        raise UserError(f"--by {by} needs a likelihood of x: {vae.lacks_evidence}; use --by error")
    if by == "error" and isinstance(vae.likelihood, Sequential):
        raise UserError(
            "--by error needs a reconstruction that is a mean, and this model draws x value by value: leave --by out"
        )
    return next(name for name in get_args(ScoreName) if name == by)


@torch.no_grad()
def scores(
    vae: VAE,
    examples: Examples,
    spec: DataSpec,
    by: str | None = None,
    importance_samples: int = 100,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Scores:
    """Score every example of a split. An example's score depends on its place in the split, for its draws, alone.

    Args:
        vae: put into evaluation mode.
        examples: the split.
        spec: of the data.
        by: which score ranks; default the IWAE bound, or the reconstruction error where there is no evidence.
        importance_samples: K of the IWAE bound.
        progress: told the fraction done.

    Raises:
        UserError: if K < 1, or the model does not have the score.

    Source: the bound: Burda et al. 2016, https://arxiv.org/abs/1509.00519, equation 8; as a score of anomalies: An &
    Cho 2015, Variational autoencoder based anomaly detection using reconstruction probability, whose score is "nll".
    """
    vae.eval()
    chosen = ranking(vae, by)
    found: dict[str, Tensor] = {}
    bound: Bound | None = None
    measure, draws = "", 1
    if vae.lacks_evidence is None:
        draws = 1 if vae.deterministic else importance_samples  # all of them would be the same
        _, first, noise = next(examples.in_order(1))
        measures = measures_for(vae.likelihood, vae.trace(first, noise=noise).likelihood, spec)
        measure = next(iter(measures))
        rate, by_measure = bounds(vae, examples, {measure: measures[measure]}, draws, progress=progress)
        bound = by_measure[measure]
        found = {"iwae": -bound.iwae, "elbo": -bound.elbo, "nll": bound.distortion, "rate": rate}
    error, observed = _errors(vae, examples)
    if error is not None:
        found["error"] = error
    bits = None
    if bound is not None:
        bits = -bound.iwae / observed.to(bound.iwae) * spec.dimensions * spec.bits_per_dimension(1.0)
    return Scores(chosen, measure, draws, found, None if bound is None else bound.ess, bits)


def _errors(vae: VAE, examples: Examples) -> tuple[Tensor | None, Tensor]:
    """Of each example the mean squared error of its observed values, and how many these are."""
    errors: list[Tensor] = []
    counts: list[Tensor] = []
    for _, x, _ in examples.in_order():
        seen = ~x.isnan().flatten(1)
        counts.append(seen.sum(1))
        if not isinstance(vae.likelihood, Sequential):
            error = (x - vae.reconstruct(x)).square().flatten(1)
            errors.append(error.masked_fill(~seen, 0).sum(1) / counts[-1].clamp(min=1))
    return torch.cat(errors) if errors else None, torch.cat(counts).clamp(min=1)
