"""vaekit compare: runs side by side, the best in bold."""

import sys
from collections.abc import Sequence
from pathlib import Path

from vaekit.commands.parser import Arguments, Parser
from vaekit.errors import UserError


def main(arguments: Sequence[str]) -> int:
    """Print the figures of runs side by side, and write them with pictures as one page."""
    parser = Parser(
        prog="vaekit compare",
        description="Write runs side by side as one HTML page that opens from disk, and print their figures; "
        "the best are set in bold where the figures compare.",
    )
    parser.add_argument("runs", nargs="+", type=str, help="folders of runs")
    parser.add_argument(
        "-o", "--out", type=str, default="compare.html", help="the .html; default compare.html"
    )
    parser.add_argument("--quick", action="store_true", help="do not ask the doctor")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    options = Arguments(parser.parse_args(list(arguments)))
    names = list(dict.fromkeys(options.texts("runs")))
    if len(names) < 2:
        raise UserError("compare: name at least two runs; vaekit report shows a single one")
    from vaekit.report.page import comparison, terminal_table
    from vaekit.training.device import engine
    from vaekit.training.paging import diagnosis_of, subject_of, write_page
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    reporter = reporter_for(sys.stdout)
    device = engine(options.text("device")).device
    subjects = []
    for run in map(load_run, names):
        run.vae.to(device)
        data = run.data(report=reporter.say)
        diagnosis = None if options.flag("quick") else diagnosis_of(run, data)
        subjects.append(subject_of(run, data, diagnosis))
    path = Path(options.text("out"))
    write_page(path, comparison(subjects))
    print(terminal_table(subjects, sys.stdout.isatty()))
    print(f"written to {path}")
    return 0
