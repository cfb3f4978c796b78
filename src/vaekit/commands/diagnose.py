"""vaekit diagnose: what is wrong with a model, and what to type next."""

import sys
import time
from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser


def main(arguments: Sequence[str]) -> int:
    """Ask the doctor about a run and write diagnosis.json."""
    parser = Parser(
        prog="vaekit diagnose",
        description="Take every measure that says what is wrong with a model, with one next step for each.",
    )
    parser.add_argument("run", type=str, help="folder of a run")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda or mps")
    options = Arguments(parser.parse_args(list(arguments)))
    from vaekit.diagnosis.table import diagnosis_table
    from vaekit.files import write_text
    from vaekit.training.device import engine
    from vaekit.training.diagnosing import diagnose_run
    from vaekit.training.reporting import reporter_for
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    run.vae.to(engine(options.text("device")).device)
    reporter = reporter_for(sys.stdout)
    started = time.monotonic()

    def asking(done: float, about: str) -> None:
        if reporter.due():
            reporter.progress(done, about, {}, time.monotonic() - started)

    try:
        found = diagnose_run(run, asking=asking)
    finally:
        reporter.close()
    write_text(run.folder.diagnosis, found.to_json())
    print(diagnosis_table(found))
    print(f"written to {run.folder.diagnosis}")
    return 0
