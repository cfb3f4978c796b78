"""vaekit verify: the science gate, here and now."""

from collections.abc import Sequence

from vaekit.commands.parser import Arguments, Parser


def main(arguments: Sequence[str]) -> int:
    """Run every check and print statement, expected, measured and tolerance; 1 if one fails."""
    parser = Parser(
        prog="vaekit verify", description="Check the mathematics against closed forms, on this machine."
    )
    parser.add_argument("only", nargs="*", type=str, help="names of checks, C1 for instance; default all")
    options = Arguments(parser.parse_args(list(arguments)))
    from vaekit.verification import run_gate

    passed = failed = 0
    for check in run_gate(options.texts("only")):
        print(check, flush=True)
        passed, failed = passed + check.passed, failed + (not check.passed)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0
