"""Score the examples of a run, or of other data, beside those that the run was validated on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vaekit.data import Data
from vaekit.data.sources import Source
from vaekit.errors import UserError
from vaekit.evaluation.codes import SPLITS
from vaekit.evaluation.detection import Detection, detection, share_at_least
from vaekit.evaluation.scores import MEANING, Scores, joined, ranking, scores
from vaekit.files import write_text
from vaekit.training.opened import Run

ALL = "all"
"""In place of the name of a split: every example, as the source has them."""
TAIL = 0.01
"""The share of normal examples that lie beyond the threshold of the summary."""
QUANTILES = (0.5, 0.9, 0.99)


@final
@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of N examples, and those of the run's own validation split, to be compared with.

    Args:
        scores: of the examples, as the source has them.
        index: where each stood in the part of the source that it came from, (N,).
        split: which part of the data it is, (N names).
        files: the names of the examples, where the source names them.
        labels: (N,), where the source has them.
        normal: of the run's own validation split; None where its data cannot be had.
        note: why there are none.
    """

    scores: Scores
    index: Int[np.ndarray, " N"]
    split: tuple[str, ...]
    files: tuple[str, ...] | None
    labels: Int[np.ndarray, " N"] | None
    normal: Scores | None
    note: str = ""

    @property
    def ranked(self) -> Float[Tensor, " N"]:
        """The scores; higher is more unusual."""
        return self.scores.ranked

    @property
    def p_values(self) -> Float[Tensor, " N"] | None:
        """How likely a normal example would score as high, (N,); None without a validation split."""
        return None if self.normal is None else share_at_least(self.ranked, self.normal.ranked)

    @property
    def threshold(self) -> float | None:
        """The score that 99 % of the run's own validation examples lie below."""
        return None if self.normal is None else self.normal.ranked.double().quantile(1 - TAIL).item()

    @property
    def beyond(self) -> Bool[Tensor, " N"] | None:
        """Which examples lie above the threshold."""
        return None if self.threshold is None else self.ranked.double() > self.threshold

    @property
    def detection(self) -> Detection | None:
        """How well the score tells label 1 from label 0; None unless the labels are these two."""
        if self.labels is None or set(np.unique(self.labels).tolist()) != {0, 1}:
            return None
        return detection(self.ranked, torch.from_numpy(self.labels == 1).to(self.ranked.device))

    def sorted(self) -> Int[np.ndarray, " N"]:
        """The places of the examples, the most unusual first."""
        return self.ranked.argsort(descending=True, stable=True).cpu().numpy().astype(np.int64)

    def rows(self, order: Sequence[int] | None = None) -> list[list[str]]:
        """The table: a heading, and a row for each example."""
        columns: dict[str, Sequence[object]] = {"index": self.index.tolist()}
        if len(set(self.split)) > 1:
            columns["split"] = self.split
        if self.files is not None:
            columns["file"] = self.files
        if self.labels is not None:
            columns["label"] = self.labels.tolist()
        for name, values in self.scores.columns().items():
            columns[name] = [f"{value:.6g}" for value in values.double().tolist()]
        if self.p_values is not None:
            columns["p_value"] = [f"{value:.6g}" for value in self.p_values.tolist()]
        places = range(len(self.index)) if order is None else order
        return [[*columns], *([str(column[place]) for column in columns.values()] for place in places)]

    def summary(self) -> str:
        """What a person should know of the scores, in a few lines."""
        own = self.scores
        said = [f"{len(own):,} examples scored by {own.by}: {MEANING[own.by]}; higher is more unusual"]
        if own.measure:
            said[0] += f" ({own.measure})"
        if own.ess is not None and own.draws > 1:
            few = (own.ess < 10).double().mean().item()
            said.append(
                f"{own.draws} draws each; {few:.0%} of the examples have an effective sample size under 10"
            )
        said.append("these examples: " + _quantiles(self.ranked))
        if self.normal is None or self.threshold is None or self.beyond is None:
            said.append(f"nothing to compare with: {self.note}")
        else:
            said.append(f"validation ({len(self.normal):,}): " + _quantiles(self.normal.ranked))
            count = int(self.beyond.sum())
            said.append(
                f"{count:,} of {len(own):,} ({count / len(own):.1%}) lie beyond {self.threshold:.6g}, the 99 % "
                "quantile of validation"
            )
        if found := self.detection:
            said.append(
                f"label 1 against label 0 ({found.anomalies:,} and {found.normal:,}): ROC-AUC {found.roc_auc:.4f} ± "
                f"{found.roc_auc_error:.4f} s.e., average precision {found.average_precision:.4f}"
            )
        return "\n".join(said)


def score_run(
    run: Run,
    source: Source | None = None,
    split: str | None = None,
    by: str | None = None,
    importance_samples: int = 100,
    progress: Callable[[float], None] = lambda fraction: None,
    report: Callable[[str], None] = lambda line: None,
) -> Scored:
    """Score every example of a split.

    Args:
        run: a trained model.
        source: other data; default those the run was trained on.
        split: train, validation or test, or all; default all of other data, and test of its own.
        by: iwae, elbo, nll, rate or error; default iwae, or error where the model has no evidence.
        importance_samples: K of the IWAE bound.
        progress: told the fraction done.
        report: told what a person should know of the data while they are loaded.

    Raises:
        UserError: if the data do not fit the model, or the model does not have the score.
    """
    ranking(run.vae, by)
    names = names_of(split, source is None)
    data = run.data(source, report)
    parts = [
        scores(
            run.vae,
            run.examples(name, data),
            run.spec,
            by,
            importance_samples,
            _share(progress, place, len(names)),
        )
        for place, name in enumerate(names)
    ]
    own, note = data, ""
    if source is not None:
        own, note = _own(run)
    if own is data and "validation" in names:
        normal = parts[names.index("validation")]
    else:
        examples = None if own is None else run.examples("validation", own)
        normal = None if examples is None else scores(run.vae, examples, run.spec, by, importance_samples)
    order = order_in_source(data, names)
    splits = [data.split(name) for name in names]
    which = np.repeat(np.array(names), [len(split) for split in splits])[order]
    files = [name for split in splits for name in split.names or ()]
    labels = [split.labels for split in splits if split.labels is not None]
    return Scored(
        joined(parts).take(torch.from_numpy(order).to(run.vae.device)),
        np.concatenate([split.index_in_source for split in splits])[order],
        tuple(which.tolist()),
        tuple(files[place] for place in order) if len(files) == len(order) else None,
        np.concatenate(labels)[order].astype(np.int64) if len(labels) == len(splits) else None,
        normal,
        note,
    )


def names_of(split: str | None, own: bool) -> tuple[str, ...]:
    """The splits that a word stands for; default test of the run's own data, and all of others.

    Raises:
        UserError: for another word.
    """
    if split is None:
        split = "test" if own else ALL
    if split == ALL:
        return SPLITS
    if split not in SPLITS:
        raise UserError(f"there is no split {split}: say {', '.join(SPLITS)} or {ALL}")
    return (split,)


def order_in_source(data: Data, names: Sequence[str]) -> Int[np.ndarray, " N"]:
    """How to order the splits' examples, one split after the other, as the source has them.

    A source that brings splits of its own keeps these, one after the other.
    """
    places = np.concatenate([data.split(name).index_in_source for name in names])
    order = np.argsort(places, kind="stable").astype(np.int64)
    return order if len(np.unique(places)) == len(places) else np.arange(len(places))


def write_scores(path: Path, scored: Scored, ranked: bool = False) -> None:
    """Write a row for each example, as the source has them or the most unusual first.

    Raises:
        UserError: if the name does not end in .csv.
    """
    if path.suffix != ".csv":
        raise UserError(f"{path}: scores are written as .csv; give a name that ends in .csv")
    rows = scored.rows(scored.sorted().tolist() if ranked else None)
    write_text(path, "".join(",".join(map(_cell, row)) + "\n" for row in rows))


def _cell(text: str) -> str:
    """A cell of a table, in quotes where it must be."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text


def _own(run: Run) -> tuple[Data | None, str]:
    try:
        return run.data(), ""
    except UserError as error:
        return None, str(error)


def _share(progress: Callable[[float], None], place: int, count: int) -> Callable[[float], None]:
    return lambda fraction: progress((place + fraction) / count)


def _quantiles(values: Tensor) -> str:
    found = values.double().quantile(torch.tensor(QUANTILES, dtype=torch.float64, device=values.device))
    return ", ".join(f"{q:.0%} below {value:.6g}" for q, value in zip(QUANTILES, found.tolist(), strict=True))
