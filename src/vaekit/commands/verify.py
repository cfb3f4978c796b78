"""vaekit verify: the science gate, here and now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vaekit.commands.parser import Arguments, Parser

if TYPE_CHECKING:
    from vaekit.verification import Check

RELATIONS = {"equal": "expected", "at_most": "expected at most", "at_least": "expected at least"}


def main(arguments: Sequence[str]) -> int:
    """Run every check and print statement, expected, measured and tolerance; 1 if one fails."""
    parser = Parser(
        prog="vaekit verify", description="Check the mathematics against closed forms, on this machine."
    )
    parser.add_argument("only", nargs="*", type=str, help="names of checks, C1 for instance; default all")
    options = Arguments(parser.parse_args(list(arguments)))
    from vaekit.verification import run_gate

    print("each check: what theory expects, what vaekit measured here, and how far apart they may be\n")
    passed = failed = 0
    for check in run_gate(options.texts("only")):
        print(line(check), flush=True)
        passed, failed = passed + check.passed, failed + (not check.passed)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


def line(check: "Check") -> str:
    """Two lines for one check: the statement, and the three numbers."""
    verdict = "ok  " if check.passed else "FAIL"
    unit = f" {check.unit}" if check.unit else ""
    return (
        f"{verdict}  {check.gate:<9}  {check.statement}\n"
        f"                 {RELATIONS[check.relation]} {check.expected:.8g}{unit}, measured {check.measured:.8g}, "
        f"tolerance {check.tolerance:.2g}"
    )
