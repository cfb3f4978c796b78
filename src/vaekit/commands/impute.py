"""vaekit impute: fill missing values with what a model makes of the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vaekit.commands.parser import Arguments, Parser, positive
from vaekit.errors import UserError

if TYPE_CHECKING:
    from vaekit.training.imputed import Imputed

ENDINGS = (".csv", ".npy", ".npz", ".png")
SHOWN = 24
"""Examples of a sheet."""


def main(arguments: Sequence[str]) -> int:
    """Fill what is missing, NaN, or hidden on purpose, write the result and say how good it is."""
    options = Arguments(_parser().parse_args(list(arguments)))
    draws, samples = options.integer("draws"), options.integer("importance_samples")
    positive("--importance_samples", samples)
    if draws < 0:
        raise UserError(f"impute: --draws must be at least 0, got {draws}")
    given = options.optional_text("output")
    if given is not None and Path(given).suffix not in ENDINGS:
        raise UserError(f"impute: {given} should end in one of {', '.join(ENDINGS)}")
    from vaekit.training.imputed import impute_run
    from vaekit.training.run import load_run

    run = load_run(options.text("run"))
    default = run.folder.figures / "impute.png" if run.spec.is_image else run.folder.path / "imputed.csv"
    path = default if given is None else Path(given)
    if path.suffix == ".csv" and run.spec.is_image:
        raise UserError("impute: images are written as .npy, .npz or .png; a .csv is for tables")
    source, split = options.optional_text("data"), options.optional_text("split")
    hide = options.values["hide"]
    found = impute_run(run, source, split, draws, samples, hide, options.integer("seed"), report=print)
    _write(path, found)
    print(found.summary())
    print(f"written to {path}")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="vaekit impute",
        description="Fill missing values (NaN) of a table from the values that are there, or hide some on purpose "
        "and measure how well they come back. Observed values stay as they are, in single precision.",
    )
    parser.add_argument("run", type=str, help="folder of a run, best of missing_data_vae")
    parser.add_argument(
        "data", nargs="?", type=str, default=None, help="a source; default the data of the run"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=str,
        default=None,
        help=".csv (tables) or .npy: the examples filled with conditional means; with --draws a .csv has the draws "
        "too, numbered from 1, and a .npy (M, N, ...) the draws alone; .npz: all arrays; .png: a sheet of the first. "
        "Default RUN/imputed.csv, of images RUN/figures/impute.png",
    )
    parser.add_argument("--draws", type=int, default=0, help="imputations drawn, beside the mean")
    parser.add_argument("--importance_samples", type=int, default=1000, help="draws of z for each example")
    parser.add_argument(
        "--hide", type=float | None, default=None, help="hide this share of the values first, as in 0.3"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is hidden")
    parser.add_argument(
        "--split",
        type=str,
        default=None,
        help="train, validation, test or all; default all of other data, test of the run's own",
    )
    return parser


def _write(path: Path, found: "Imputed") -> None:
    import numpy as np

    from vaekit.commands.examples import save_arrays
    from vaekit.files import replacing, write_text
    from vaekit.report import save_png
    from vaekit.report.imputation import imputation_sheet

    if path.suffix == ".png":
        save_png(imputation_sheet(found.x[:SHOWN], found.mean[:SHOWN], found.missing[:SHOWN]), path)
        return
    mean, draws = found.mean.cpu().numpy(), found.draws.cpu().numpy()
    if path.suffix == ".csv":
        write_text(path, _table(found, [mean, *draws]))
    elif path.suffix == ".npy":
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array(file, draws if len(draws) else mean, allow_pickle=False)
    else:
        arrays = {"mean": mean, "missing": found.missing.cpu().numpy(), "index": found.index}
        arrays |= {"ess": found.filled.ess.cpu().numpy()} | ({"draws": draws} if len(draws) else {})
        save_arrays(path, arrays)


def _table(found: "Imputed", tables: list) -> str:
    """The rows of the mean, and behind them those of each draw."""
    columns = found.spec.columns or ()
    names = [
        columns[place].name if columns and columns[place].name else f"x{place}"
        for place in range(found.spec.dimensions)
    ]
    several = len(tables) > 1
    lines = [",".join([*(["draw"] if several else []), "index", *names])]
    for draw, table in enumerate(tables):
        for index, row in zip(found.index, table, strict=True):
            # Single precision as people write it: the shortest number that is read back as the same bits.
            lines.append(",".join([*([str(draw)] if several else []), str(index), *map(str, row)]))
    return "\n".join(lines) + "\n"
