"""vaekit train: from data to a measured model."""

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vaekit.commands import INTERRUPTED
from vaekit.commands.parser import Parser, with_lists
from vaekit.data.options import PictureOptions
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import JOINT
from vaekit.errors import UserError
from vaekit.recipes.options import Shared
from vaekit.recipes.table import RECIPES, find
from vaekit.training.options import TrainingOptions

if TYPE_CHECKING:
    from vaekit.training.config import RunConfig

FLAGS = ("--print_config", "--help", "-h")
WITH_RESUME = ("--resume", "--devices", "--nodes", "--report")
OWN = ("config", "more", "out", "report", "resume", "print_config")


def main(arguments: Sequence[str]) -> int:
    """Parse in two stages: the recipe first, then its own options; then train, evaluate and draw."""
    given = with_sizes(with_lists(arguments))
    parsed = parser_for(recipe_named(given)).parse_args(given)
    flat = {name: value for name, value in parsed.as_dict().items() if name not in OWN}
    # A positional argument is not read from a configuration by the parser.
    flat["data"] = flat["data"] or in_configuration(given, "data")
    if parsed["more"]:
        flat["data"] = JOINT.join([str(flat["data"]), *parsed["more"]])
    out = None if parsed["out"] is None else Path(parsed["out"])
    if parsed["resume"] is None and flat["data"] is None:
        raise UserError("train: which data? Try: vaekit train digits")
    if parsed["resume"] is not None and (extra := beside_resume(given)):
        raise UserError(f"train: --resume goes on with the run as it is; leave out {extra}")
    for typed, other in (("minutes", "epochs"), ("epochs", "minutes")):
        if _value(given, f"--{typed}") is not None and _value(given, f"--{other}") is None:
            flat[other] = None  # of the configuration: what is typed overrides it
    from vaekit.training.config import config_from

    # Everything that can be wrong about the options is found before torch is imported.
    config = None if parsed["resume"] is not None else config_from(flat, "train")
    from vaekit.training.launch import launch, stop_without_launcher
    from vaekit.training.ranks import from_environment

    rank = from_environment()
    if rank.world == 1:
        devices, nodes = devices_for(given, config, parsed["resume"], parsed["devices"], parsed["nodes"])
        if devices * nodes > 1:
            return launch(["train", *arguments], devices, nodes)
    from vaekit.commands.finish import complete
    from vaekit.training.interrupt import Interrupted, terminated_as_interrupted
    from vaekit.training.reporting import Silent, reporter_for
    from vaekit.training.run import resume, start
    from vaekit.training.team import joined

    reporter = Silent() if rank.rank else reporter_for(sys.stdout)
    with terminated_as_interrupted():
        stop_without_launcher()
        try:
            run = (
                resume(Path(parsed["resume"]), reporter, flat["data"])
                if config is None
                else start(config, reporter, out)
            )
        except Interrupted as request:
            reporter.say(f"\n{request.sentence()}")
            return INTERRUPTED
        except UserError as error:
            if rank.rank and not joined():  # then rank 0, which speaks for all, cannot learn of it
                print(f"vaekit: process {rank.rank} of {rank.world}: {error}", file=sys.stderr)
            raise
        if rank.rank:
            return 0
        try:
            complete(run, run.data(), reporter, next_steps=True, page=parsed["report"])
        except KeyboardInterrupt:
            print(f"\nstopped; the model is saved; to measure and draw it: {run.resume_command}")
            return INTERRUPTED
    return 0


def devices_for(
    arguments: Sequence[str], config: "RunConfig | None", run: str | None, devices: int | None, nodes: int
) -> tuple[int, int]:
    """How many processes on how many machines: as typed; of a run that goes on, else as it was.

    Raises:
        UserError: if there is no such run.
    """
    if config is not None:
        return config.training.devices or 1, config.training.nodes
    from vaekit.training.config import read_config
    from vaekit.training.folder import existing_folder

    former = read_config(existing_folder(Path(str(run))).config).training
    typed = _value(arguments, "--nodes") is not None
    return devices or former.devices or 1, nodes if typed else former.nodes


def recipe_named(arguments: Sequence[str]) -> str:
    """The recipe that the arguments, or the configuration they name, ask for; else the one that suits the data.

    Raises:
        UserError: if there is no such recipe.

    Example:
        >>> recipe_named(["digits", "--recipe", "iwae"])
        'iwae'
    """
    name = _value(arguments, "--recipe") or in_configuration(arguments, "recipe")
    if name is None:
        from vaekit.training.config import recipe_for

        data = first_word(arguments) or in_configuration(arguments, "data")
        name = "vae" if data is None else recipe_for(data)
    find(name)
    return name


def first_word(arguments: Sequence[str]) -> str | None:
    """The first argument that is neither an option nor an option's value; None where there is none.

    Example:
        >>> first_word(["--epochs", "5", "faces", "more-faces", "--lr=0.01"])
        'faces'
    """
    value = False
    for argument in arguments:
        if value or argument.startswith("-"):
            value = not value and "=" not in argument and argument not in FLAGS
        else:
            return argument
    return None


def in_configuration(arguments: Sequence[str], key: str) -> str | None:
    """What the configuration that the arguments name says of a key; None without one.

    Raises:
        UserError: if the configuration cannot be read.
    """
    path = _value(arguments, "--config")
    if path is None:
        return None
    from vaekit.training.config import read_mapping

    value = read_mapping(Path(path)).get(key)
    return None if value is None else str(value)


def with_sizes(arguments: Sequence[str]) -> list[str]:
    """Let height and width be written without brackets: --image_size 128 104, or 128,104, or 128 for both.

    Example:
        >>> with_sizes(["--image_size", "128", "104", "faces"])
        ['--image_size', '[128,104]', 'faces']
    """
    result: list[str] = []
    words = deque(arguments)
    while words:
        name, equals, value = words.popleft().partition("=")
        if name != "--image_size" or not (equals or words):
            result.append(name + equals + value)
            continue
        sides = (value if equals else words.popleft()).split(",")
        if len(sides) == 1 and sides[0].isdigit() and words and words[0].isdigit():
            sides.append(words.popleft())
        result += [name, f"[{','.join(sides)}]" if len(sides) > 1 else sides[0]]
    return result


def beside_resume(arguments: Sequence[str]) -> str | None:
    """The first option that may not stand beside --resume; None where there is none.

    The data may be named there, where they have moved.

    Example:
        >>> beside_resume(["--resume", "runs/digits-vae-001", "--devices=2", "--epochs", "200"])
        '--epochs'
    """
    skip = False
    for argument in arguments:
        if skip or argument.startswith(tuple(f"{option}=" for option in WITH_RESUME)):
            skip = False
        elif argument in WITH_RESUME:
            skip = True
        elif argument.startswith("-"):
            return argument
    return None


def _value(arguments: Sequence[str], option: str) -> str | None:
    """The last value given to an option, before the parser that needs it can be built."""
    found = None
    for index, argument in enumerate(arguments):
        if argument == option and index + 1 < len(arguments):
            found = arguments[index + 1]
        elif argument.startswith(f"{option}="):
            found = argument.partition("=")[2]
    return found


def parser_for(recipe: str) -> Parser:
    """The parser of `vaekit train --recipe RECIPE`: the recipe's options come from its signature."""
    function = find(recipe).load()
    parser = Parser(prog="vaekit train", description=f"Train a model. Options are those of recipe {recipe}.")
    parser.add_argument(
        "--config", action="config", help="a config.yaml; options given beside it override it"
    )
    parser.add_argument(
        "data",
        nargs="?",
        type=str,
        help="digits, shapes, sprites, a folder of pictures or of IDX files, a .npy, .npz or .parquet file, hf:NAME",
    )
    parser.add_argument(
        "more", nargs="*", type=str, help="further folders of pictures, taken together with the first"
    )
    parser.add_argument("--recipe", type=str, default=recipe, help=f"one of {', '.join(RECIPES)}")
    parser.add_argument(
        "--out", type=str, default=None, help="run folder; default runs/DATA-RECIPE-001, numbered"
    )
    parser.add_argument(
        "--resume", type=str, default=None, metavar="RUN", help="go on with an interrupted run"
    )
    parser.add_argument(
        "--report",
        type=Literal["full", "quick", "none"],
        default="full",
        help="report.html when training ends: full, quick (without the doctor) or none",
    )
    parser.add_argument("--levels", type=int | None, default=None, help="levels of whole numbers in an array")
    parser.add_argument(
        "--binarise",
        type=Literal["dynamic", "fixed"] | None,
        default=None,
        help="two levels, drawn anew or once",
    )
    parser.add_argument(
        "--columns",
        type=str | None,
        default=None,
        help="what the columns of a table hold: real, positive, count, binary or categorical:K for each, with commas "
        "between (real*3: three in turn), or auto",
    )
    parser.add_argument(
        "--condition",
        type=str | None,
        default=None,
        help="what the model is told of each example: labels, attributes, or names of attributes with commas between",
    )
    parser.add_argument(
        "--condition_prior",
        type=Literal["shared", "learned"],
        default="shared",
        help="one prior of the latents for all conditions, or one learned for each",
    )
    parser.add_argument(
        "--labelled", type=int | None, default=None, help="how many training examples tell their labels"
    )
    parser.add_class_arguments(SplitOptions, "split")
    defaults = {}
    for parameter in signature(function).parameters.values():
        if isinstance(parameter.default, Shared):
            parser.add_class_arguments(type(parameter.default), None)
            defaults = asdict(parameter.default)
    parser.add_function_arguments(function, None, skip={"spec", "architecture", "networks"})
    parser.add_class_arguments(TrainingOptions, None)
    parser.add_class_arguments(PictureOptions, None)
    parser.set_defaults(defaults)
    return parser
