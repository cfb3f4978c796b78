"""vaekit evaluate: figures of one run, or of several with intervals over their seeds."""

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from vaekit.commands import INTERRUPTED
from vaekit.commands.parser import Arguments, Parser
from vaekit.metrics import FAST, METRICS, Measuring, chosen

if TYPE_CHECKING:
    from vaekit.evaluation import Evaluation
    from vaekit.training.reporting import Reporter


def main(arguments: Sequence[str]) -> int:
    """Score a split of every run, and write evaluation.json in its folder."""
    parser = _parser()
    parsed = parser.parse_args(list(arguments))
    options = Arguments(parsed)
    runs, source = _runs_and_data(options)
    settings = Measuring(**{field.name: parsed[field.name] for field in fields(Measuring)})
    metrics = options.texts("metrics")
    chosen(metrics, settings.features)  # a mistake is told before anything dear is imported
    from vaekit.training.folder import program
    from vaekit.training.interrupt import terminated_as_interrupted
    from vaekit.training.reporting import reporter_for

    reporter = reporter_for(sys.stdout)
    asked = _Asked(options, settings, metrics, source, reporter)
    with terminated_as_interrupted():
        try:
            if len(runs) == 1:
                path, evaluation = asked.of_run(runs[0])
                print(evaluation.table())
                print(f"written to {path}")
            else:
                from vaekit.commands.several_runs import evaluate_several, summary_path

                target = summary_path(runs, options.optional_text("out"))
                evaluate_several(runs, target, asked.of_several, print)
        except KeyboardInterrupt:
            again = [word for word in arguments if word != "--fresh"]
            print(
                "\nstopped; what was measured is kept; to go on: "
                + shlex.join([program(), "evaluate", *again])
            )
            return INTERRUPTED
        finally:
            reporter.close()
    return 0


def _parser() -> Parser:
    groups = "; ".join(f"{name}: {summary}" for name, summary in METRICS.items())
    parser = Parser(
        prog="vaekit evaluate",
        description="Measure one run, or several: those that differ in their training seed alone are taken "
        f"together, with a 95 % interval. Groups of metrics: {groups}.",
    )
    parser.add_argument("runs", nargs="+", type=str, help="folders of runs; after a single one, other data")
    parser.add_argument(
        "--metrics",
        nargs="+",
        type=str,
        default=[],
        help=f"groups, by spaces or commas, or all; default {','.join(FAST)}, and samples,memorisation "
        "where --features is given",
    )
    parser.add_argument(
        "--data", type=str, default=None, help="other data; default those each run was trained on"
    )
    parser.add_argument("--split", type=str, default="test", help="train, validation or test")
    parser.add_argument(
        "--sigma",
        type=Literal["solved", "dct", "haar"] | None,
        default=None,
        help="score the means of a Gaussian model with sigma^2 solved anew on validation: one, or one per band",
    )
    parser.add_class_arguments(Measuring)
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--fresh", action="store_true", help="measure anew what was measured already")
    parser.add_argument(
        "--out", type=str, default=None, help="of several runs, the .json of all; default beside them"
    )
    return parser


def _runs_and_data(options: Arguments) -> tuple[list[str], str | None]:
    """The folders, each once, and other data: `evaluate RUN DATA` or --data."""
    names, source = options.texts("runs"), options.optional_text("data")
    last_is_run = (Path(names[-1]) / "config.yaml").is_file()
    if source is None and len(names) == 2 and not last_is_run:
        source = names.pop()
    return list(dict.fromkeys(names)), source


@final
class _Asked:
    """What is asked of every run."""

    def __init__(
        self,
        options: Arguments,
        settings: Measuring,
        metrics: Sequence[str],
        source: str | None,
        reporter: "Reporter",
    ) -> None:
        self.options = options
        self.settings = settings
        self.metrics = metrics
        self.source = source
        self.reporter = reporter

    def of_several(self, folder: str, number: int) -> "Evaluation":
        """Measure one of several runs."""
        return self.of_run(folder, f"run {number}: ")[1]

    def of_run(self, folder: str, where: str = "") -> "tuple[Path, Evaluation]":
        """Measure a run and write its file.

        Args:
            folder: of the run.
            where: which of several it is, for the progress line.
        """
        from vaekit.evaluation.suite import Journal
        from vaekit.training.device import engine
        from vaekit.training.measuring import evaluation_path, measure_run, write_evaluation
        from vaekit.training.run import load_run

        run = load_run(folder)
        run.vae.to(engine(self.options.text("device")).device)
        split, sigma = self.options.text("split"), self.options.optional_text("sigma")
        evaluation = measure_run(
            run,
            self.source,
            split,
            self.settings,
            self.metrics,
            sigma,
            Journal(run.folder.path / "evaluation", self.options.flag("fresh")),
            _Progress(self.reporter, where, f"{split} split", self.settings).show,
            self.reporter.say,
        )
        self.reporter.close()
        path = evaluation_path(run, self.source, split, sigma)
        write_evaluation(path, evaluation)
        return path, evaluation


@final
class _Progress:
    """The progress of one run, group by group."""

    def __init__(self, reporter: "Reporter", where: str, split: str, settings: Measuring) -> None:
        self.reporter = reporter
        self.where = where
        self.split = split
        self.samples = settings.importance_samples
        self.group = ""
        self.started = 0.0

    def show(self, group: str, fraction: float) -> None:
        """Show a line where it is time for one."""
        if group != self.group:
            self.group, self.started = group, time.monotonic()
        if self.reporter.due():
            what = f"{group}, {self.split}"
            what += f", {self.samples} importance samples" if group == "bounds" else ""
            self.reporter.progress(fraction, self.where + what, {}, time.monotonic() - self.started)
