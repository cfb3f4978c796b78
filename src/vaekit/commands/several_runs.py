"""vaekit evaluate of several runs: those that differ in their seed alone are taken together."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vaekit.errors import UserError
from vaekit.evaluation import Evaluation
from vaekit.evaluation.rate_distortion import RateDistortion, RatePoint, beta_of, rate_distortion
from vaekit.evaluation.suite.seeds import Family, Spread, family, table, to_json
from vaekit.files import write_text
from vaekit.report import save_png
from vaekit.report.rate_distortion import rate_distortion_figure
from vaekit.report.style import as_image
from vaekit.training.config import RunConfig, read_config
from vaekit.training.families import differ_only_in, families, labels
from vaekit.training.model_file import ModelFacts
from vaekit.training.opened import finished_folder, load_run


def evaluate_several(
    folders: Sequence[str],
    target: Path,
    of_run: Callable[[str, int], Evaluation],
    say: Callable[[str], None],
) -> None:
    """Measure runs one after the other, print them side by side and write one file of all.

    Args:
        folders: of the runs.
        target: the file, .json.
        of_run: measures one of them, given its number.
        say: shows a line that stays.
    """
    configs = {folder: read_config(finished_folder(folder).config) for folder in folders}
    measured: dict[str, Evaluation] = {}
    for number, folder in enumerate(folders, 1):
        say(f"{folder} ({number} of {len(folders)})")
        measured[folder] = of_run(folder, number)
    found = _families(configs, measured)
    say(table(found))
    extra: dict[str, object] = {}
    picture = None
    if differ_only_in([*configs.values()], "beta"):
        try:
            curve = rate_distortion([_point(each) for each in found])
        except UserError as error:
            say(f"no rate-distortion curve: {error}")
        else:
            picture = target.with_name(f"{target.stem}-rate-distortion.png")
            save_png(as_image(rate_distortion_figure(curve)), picture)
            say(curve_table(curve))
            if any(config.options.get("prior", "standard") != "standard" for config in configs.values()):
                say(
                    "  rates are under priors fitted after training; theory's slopes belong to --prior standard"
                )
            extra["rate_distortion"] = curve_facts(curve)
    write_text(target, to_json(found, extra))
    say(f"written to {target}, and each run's own to its folder")
    if picture is not None:
        say(f"picture: {picture}")


def summary_path(folders: Sequence[str], out: str | None) -> Path:
    """Where the figures of several runs go: as asked, else evaluation-runs.json beside the first of them.

    Raises:
        UserError: for a name that is no .json, or a folder that is not there.
    """
    path = Path(folders[0]).resolve().parent / "evaluation-runs.json" if out is None else Path(out)
    if path.suffix != ".json":
        raise UserError(f"--out must end in .json, got {out}")
    if not path.parent.is_dir():
        raise UserError(f"--out: there is no folder {path.parent}")
    return path


def _families(configs: Mapping[str, RunConfig], measured: Mapping[str, Evaluation]) -> list[Family]:
    grouped = families(configs)
    names = labels([configs[members[0]] for members in grouped])
    return [
        family(name, members, [measured[member] for member in members])
        for name, members in zip(names, grouped, strict=True)
    ]


def _point(found: Family) -> RatePoint:
    """The place of a family: means over its trainings, with the standard error over them, or of one over examples."""
    facts: ModelFacts = load_run(found.runs[0]).facts
    beta = beta_of(found.label, facts.build().turns)
    rate, distortion = (_nats(found, name) for name in ("rate (KL)", "distortion"))
    return RatePoint(
        beta,
        rate.value,
        distortion.value,
        rate.error,
        distortion.error,
        found.label,
        distortion.measure,
    )


def _nats(found: Family, name: str) -> Spread:
    for figure in found.figures:
        if figure.name == name and figure.unit == "nats":
            return figure
    raise UserError(f"{found.label} has no {name} in nats: measure the group bounds as well")


def curve_table(curve: RateDistortion) -> str:
    """Lines for a terminal: every model, the slope to the next, and what contradicts theory."""
    lines = [
        "rate-distortion over beta (nats):",
        f"  {'beta':>8} {'rate':>12} {'distortion':>12}  slope to the next",
    ]
    for index, point in enumerate(curve.points):
        slope = ""
        if index < len(curve.chords):
            chord = curve.chords[index]
            low, high = -chord.second.beta, -chord.first.beta
            slope = f"  {chord.slope:.4g}, in theory between {low:g} and {high:g}"
        lines.append(f"  {point.beta:>8g} {point.rate:>12.4f} {point.distortion:>12.4f}{slope}")
    return "\n".join([*lines, *(f"  {sentence}" for sentence in curve.violations)])


def curve_facts(curve: RateDistortion) -> dict[str, object]:
    """As JSON has it."""
    return {
        "points": [
            {
                "name": point.name,
                "beta": point.beta,
                "rate": point.rate,
                "distortion": point.distortion,
                "rate_error": point.rate_error,
                "distortion_error": point.distortion_error,
                "measure": point.measure,
            }
            for point in curve.points
        ],
        "slopes": [None if chord.slope != chord.slope else chord.slope for chord in curve.chords],
        "violations": list(curve.violations),
    }
