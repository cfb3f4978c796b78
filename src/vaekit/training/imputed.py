"""Fill the missing values of a run's data, or of others, and say how well where the truth is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vaekit.data import Data
from vaekit.data.batches import BLOCK, Examples
from vaekit.data.sources import Source
from vaekit.errors import UserError
from vaekit.evaluation.imputation import Imputation, impute
from vaekit.likelihoods import ObservedOnly
from vaekit.noise import Noise
from vaekit.objectives import Hide
from vaekit.spec import DataSpec
from vaekit.told import plain
from vaekit.training.opened import Run
from vaekit.training.scored import names_of, order_in_source

FEW = 10
"""Effective samples below which a draw or two decide what is filled in."""
VOTES = 100
"""Draws of which a category is the commonest."""
MOST_FOR_MEANS = 50_000
"""Training examples of which the means are taken."""


@final
@dataclass(frozen=True, eq=False)
class Imputed:
    """Examples as they were, as they were filled, and how good that is.

    Args:
        x: the examples as the source has them, NaN where a value is missing, (N, *E).
        filled: what was made of them.
        hidden: the values that were hidden on purpose, so that the truth is known, (N, *E).
        means: of the training examples, (*E): what filling with means would take.
        spreads: their standard deviations, (*E).
        index: where each example stood in the part of the source that it came from, (N,).
        spec: of the data.
        notes: what a person should know.
    """

    x: Float[Tensor, "N *E"]
    filled: Imputation
    hidden: Bool[Tensor, "N *E"]
    means: Float[Tensor, "*E"]
    spreads: Float[Tensor, "*E"]
    index: Int[np.ndarray, " N"]
    spec: DataSpec
    notes: tuple[str, ...] = ()

    @property
    def mean(self) -> Float[Tensor, "N *E"]:
        """The examples, each missing value filled by its conditional mean."""
        return self.filled.mean

    @property
    def draws(self) -> Float[Tensor, "M N *E"]:
        """M imputations, drawn from the conditional distribution of what is missing."""
        return self.filled.draws

    @property
    def missing(self) -> Bool[Tensor, "N *E"]:
        """Which values were filled."""
        return self.filled.missing

    @property
    def rmse(self) -> float:
        """Root of the mean squared error of the values hidden on purpose, in units of each column's deviation."""
        return self._error(self.mean)

    @property
    def rmse_of_means(self) -> float:
        """The same, had they been filled with the training means."""
        return self._error(self.means.expand_as(self.x))

    def _error(self, guess: Tensor) -> float:
        counted = self.hidden & self.numeric
        scale = self.spreads.expand_as(self.x)[counted]
        return ((guess[counted] - self.x[counted]) / scale).double().square().mean().sqrt().item()

    @property
    def numeric(self) -> Bool[Tensor, "*E"]:
        """Which values are numbers: the codes of categories have no distance."""
        found = torch.ones(self.spec.shape, dtype=torch.bool, device=self.x.device)
        for place, column in enumerate(self.spec.columns or ()):
            found[place] = column.kind != "categorical"
        return found

    def summary(self) -> str:
        """What was filled, how well, and what to beware of, in a few lines."""
        count, total = int(self.missing.sum()), self.missing.numel()
        said = [
            f"{count:,} of {total:,} values ({count / total:.1%}) of {len(self.x):,} examples filled",
            *self.notes,
        ]
        whole = self.missing.flatten(1).any(1)
        few = (self.filled.ess[whole] < FEW).double().mean().item()
        said.append(f"{few:.0%} of the incomplete examples have an effective sample size under {FEW}")
        if few > 0.5:
            said[-1] += ": take more --importance_samples, or a model trained with --recipe missing_data_vae"
        if self.hidden.any():
            unit = "deviations of their column" if not self.spec.is_image else "units of x"
            said.append(
                f"error of the {int((self.hidden & self.numeric).sum()):,} hidden numbers, root mean square in {unit}"
                f": {self.rmse:.4f}; filling with the training means: {self.rmse_of_means:.4f}"
            )
        return "\n".join(said)


def impute_run(
    run: Run,
    source: Source | None = None,
    split: str | None = None,
    draws: int = 0,
    importance_samples: int = 1000,
    hide: float | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda fraction: None,
    report: Callable[[str], None] = lambda line: None,
) -> Imputed:
    """Fill every value that is missing, and those that are hidden on purpose.

    Args:
        run: a trained model.
        source: other data; default those the run was trained on.
        split: train, validation or test, or all; default all of other data, and test of its own.
        draws: M, imputations drawn beside the mean.
        importance_samples: K.
        hide: share of the values to hide first, whatever they are, to see how well they come back.
        seed: of what is hidden.
        progress: told the fraction done.
        report: told what a person should know of the data while they are loaded.

    Raises:
        UserError: if the data do not fit the model, nothing is missing, or the model cannot fill values.
    """
    hidden = None if hide is None else _hider(hide, seed)
    names = names_of(split, source is None)
    data = run.data(source, report, gaps=True)
    if hide is None and not any(np.isnan(data.split(name).array).any() for name in names):
        raise UserError(
            f"nothing is missing in {data.name}: to see how well values come back, hide some: --hide 0.3"
        )
    own, notes = _own(run, data, source)
    means, spreads = _moments(Examples.of(own, "train", run.vae.device).head(MOST_FOR_MEANS))
    if not isinstance(run.vae.likelihood, ObservedOnly):
        notes.append(
            "the model was trained on complete examples: its encoder sees the training mean in place of a missing "
            "value, for which importance weights make up"
        )
    found: list[Imputation] = []
    given: list[Tensor] = []
    categories = [i for i, column in enumerate(run.spec.columns or ()) if column.kind == "categorical"]
    wanted = max(draws, VOTES) if categories else draws
    for place, name in enumerate(names):
        examples = run.examples(name, data)
        found.append(
            impute(
                run.vae,
                examples,
                means,
                importance_samples,
                wanted,
                hidden,
                lambda fraction, place=place: progress((place + fraction) / len(names)),
            )
        )
        given.append(plain(examples.all()))
    order = torch.from_numpy(order_in_source(data, names)).to(run.vae.device)
    x, filled = torch.cat(given)[order], _voted(_joined(found), categories, draws).take(order)
    index = np.concatenate([data.split(name).index_in_source for name in names])[order.cpu().numpy()]
    # In units of x where all values have the same.
    spreads = torch.ones_like(spreads) if run.spec.is_image else spreads
    return Imputed(x, filled, filled.missing & ~x.isnan(), means, spreads, index, run.spec, tuple(notes))


def _hider(share: float, seed: int) -> Callable[[Tensor, Noise], Tensor]:
    rule = Hide(share)
    return lambda x, noise: rule(x, replace(noise, seed=seed, key=("hide", *noise.key)))


def _own(run: Run, data: Data, source: Source | None) -> tuple[Data, list[str]]:
    """The run's own data, of which means are taken; where they cannot be had, the others."""
    if source is None:
        return data, []
    try:
        return run.data(gaps=True), []
    except UserError as error:
        return data, [f"means are those of {data.name}: {error}"]


def _moments(examples: Examples) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each value over what was observed; 0 and 1 where nothing was or varies."""
    count, total, squares = (torch.zeros(examples.values.shape[1:], dtype=torch.float64) for _ in range(3))
    for blocks in (False, True):
        mean = total / count.clamp(min=1)
        for _, x, _ in examples.in_order(1000 // BLOCK):
            values = plain(x).cpu().double()
            if blocks:
                squares += (values - mean).square().nansum(0)
            else:
                count += (~values.isnan()).sum(0)
                total += values.nansum(0)
    mean = total / count.clamp(min=1)
    deviation = (squares / count.clamp(min=1)).sqrt()
    spread = torch.where(deviation > 0, deviation, 1.0)
    return mean.float().to(examples.device), spread.float().to(examples.device)


def _voted(filled: Imputation, categories: list[int], draws: int) -> Imputation:
    """The same with so many draws, and in place of a mean of categories' codes the code that most draws have."""
    mean = filled.mean.clone()
    for column in categories:
        most = filled.draws[..., column].mode(0).values
        mean[:, column] = torch.where(filled.missing[:, column], most, mean[:, column])
    return replace(filled, mean=mean, draws=filled.draws[:draws])


def _joined(parts: list[Imputation]) -> Imputation:
    return Imputation(
        torch.cat([part.mean for part in parts]),
        torch.cat([part.draws for part in parts], 1),
        torch.cat([part.missing for part in parts]),
        torch.cat([part.ess for part in parts]),
    )
