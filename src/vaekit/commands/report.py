"""vaekit report: a run as one page that opens from disk."""

import sys
from collections.abc import Sequence
from pathlib import Path

from vaekit.commands.parser import Arguments, Parser
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Write report.html in the folder of every run."""
    parser = Parser(
        prog="vaekit report",
        description="Write a run as one HTML page that opens from disk: the model, its training, samples, "
        "reconstructions, the doctor's findings, all figures, and how to repeat it.",
    )
    parser.add_argument("runs", nargs="+", type=str, help="folders of runs")
    parser.add_argument(
        "-o", "--out", type=str, default=None, help="of one run, the .html; default in its folder"
    )
    parser.add_argument(
        "--data", type=str, default=None, help="where the data are now; default those each run was trained on"
    )
    parser.add_argument("--quick", action="store_true", help="do not ask the doctor")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    options = Arguments(parser.parse_args(list(arguments)))
    runs, out = list(dict.fromkeys(options.texts("runs"))), options.optional_text("out")
    if out is not None and len(runs) > 1:
        raise UserError(
            "report: -o names one page; several runs have theirs in their folders (or vaekit compare)"
        )
    from vaekit.training.device import engine
    from vaekit.training.paging import diagnosis_of, write_report
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    reporter = reporter_for(sys.stdout)
    for name in runs:
        run = load_run(name)
        run.vae.to(engine(options.text("device")).device)
        data = run.data(options.optional_text("data"), reporter.say)
        diagnosis = None if options.flag("quick") else diagnosis_of(run, data)
        path = write_report(run, data, diagnosis, None if out is None else Path(out))
        reporter.say(f"written to {path}")
    return 0
