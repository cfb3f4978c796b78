"""Everything that decides a run, as one typed record and as a flat YAML file."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal, final

import yaml

from vaekit.data.options import PictureOptions
from vaekit.data.packs.description import is_pack_of_pictures
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import is_pictures
from vaekit.errors import UserError, nearest
from vaekit.recipes.table import find, parameters_of
from vaekit.training.options import TrainingOptions


@final
@dataclass(frozen=True)
class RunConfig:
    """What a run is: its data, its recipe with options, and how it trains.

    Args:
        data: the source as it was named.
        recipe: the name of the recipe.
        options: of the recipe, complete.
        levels: of the stored values, where the source does not say.
        binarise: dynamic or fixed, or None.
        split: fractions and seed of the splits.
        training: epochs, batch size, seed and so on.
        pictures: how pictures in files are made to fit.
        condition: what the model is told of each example: "labels", "attributes" or names of attributes; or nothing.
        condition_prior: whether its latents have one prior for all conditions or one for each.
        columns: of a table, what each holds: kinds with commas between, or auto; None: numbers like any others.
        labelled: how many training examples tell their labels, equally many of each class; None: all.
    """

    data: str
    recipe: str = "vae"
    options: Mapping[str, object] = field(default_factory=dict)
    levels: int | None = None
    binarise: Literal["dynamic", "fixed"] | None = None
    split: SplitOptions = field(default_factory=SplitOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    pictures: PictureOptions = field(default_factory=PictureOptions)
    condition: str | None = None
    condition_prior: Literal["shared", "learned"] = "shared"
    labelled: int | None = None
    columns: str | None = None

    def to_yaml(self) -> str:
        """One flat mapping, in the grammar that `vaekit train --config` reads."""
        flat: dict[str, object] = {
            "data": self.data,
            "levels": self.levels,
            "binarise": self.binarise,
            "columns": self.columns,
            "condition": self.condition,
            "condition_prior": self.condition_prior,
            "labelled": self.labelled,
            "split": asdict(self.split),
            "recipe": self.recipe,
            **self.options,
            **asdict(self.training),
            **asdict(self.pictures),
        }
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}
        return yaml.safe_dump(plain, sort_keys=False)


def recipe_for(data: str) -> str:
    """The recipe that suits a source where none is named: photo_vae for pictures in files or from them, else vae.

    Example:
        >>> recipe_for("digits")
        'vae'
    """
    return "photo_vae" if is_pictures(data) or is_pack_of_pictures(data) else "vae"


def config_from(flat: Mapping[str, object], where: str = "the configuration") -> RunConfig:
    """Turn a flat mapping into a typed record.

    Raises:
        UserError: for an unknown key, with the nearest one, or a value of the wrong kind.

    Example:
        >>> config_from({"data": "digits", "epochs": 3, "latents": 4}).options["latents"]
        4
        >>> config_from({"data": "digits", "epoch": 3})
        Traceback (most recent call last):
        vaekit.errors.UserError: the configuration has the unknown key epoch; did you mean epochs?
    """
    values = dict(flat)
    recipe = str(values.pop("recipe", None) or recipe_for(str(values.get("data"))))
    find(recipe)
    options = parameters_of(recipe)
    training_names = {f.name for f in fields(TrainingOptions)}
    picture_names = {f.name for f in fields(PictureOptions)}
    own = {"data", "levels", "binarise", "split", "condition", "condition_prior", "labelled", "columns"}
    known = own | set(options) | training_names | picture_names
    if unknown := [key for key in values if key not in known]:
        raise UserError(
            f"{where} has the unknown key {unknown[0]}; {nearest(unknown[0], known | {'recipe'})}"
        )
    if not isinstance(values.get("data"), str):
        raise UserError(
            f"{where} names no data: give digits, a folder of pictures or of IDX files, a .npy, .npz or .parquet "
            "file, or hf:NAME"
        )
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    merged = {**options, **{name: value for name, value in values.items() if name in options}}
    levels = values.get("levels")
    if levels is not None and (isinstance(levels, bool) or not isinstance(levels, int)):
        raise UserError(f"{where}: levels must be a whole number, got {levels}")
    split = values.get("split") or {}
    try:
        return RunConfig(
            data=str(values["data"]),
            recipe=recipe,
            options=merged,
            levels=levels,
            binarise=values.get("binarise"),  # pyright: ignore[reportArgumentType]
            split=split if isinstance(split, SplitOptions) else SplitOptions(**split),  # pyright: ignore
            training=TrainingOptions(**{n: values[n] for n in training_names if n in values}),  # pyright: ignore
            pictures=PictureOptions(**{n: values[n] for n in picture_names if n in values}),  # pyright: ignore
            columns=_condition(values.get("columns")),
            condition=_condition(values.get("condition")),
            condition_prior=values.get("condition_prior") or "shared",  # pyright: ignore[reportArgumentType]
            labelled=values.get("labelled"),  # pyright: ignore[reportArgumentType]
        )
    except TypeError as error:
        raise UserError(f"{where} cannot be read: {error}") from error


def _condition(given: object) -> str | None:
    """Names that a configuration, or a command line, gives as a list are one text."""
    if given is None or isinstance(given, str):
        return given
    return ",".join(map(str, given)) if isinstance(given, tuple | list) else str(given)


@final
class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as YAML 1.2 and people do; YAML 1.1 wants 1.0e-3."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_mapping(path: Path) -> dict[str, object]:
    """Read the keys of a config.yaml without judging them.

    Raises:
        UserError: if it is missing or not a configuration.
    """
    try:
        flat = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot read the configuration {path}: {error}") from error
    if not isinstance(flat, dict):
        raise UserError(f"{path} is not a configuration: it holds no keys")
    return flat


def read_config(path: Path) -> RunConfig:
    """Read a config.yaml.

    Raises:
        UserError: if it is missing or not a configuration.
    """
    return config_from(read_mapping(path), str(path))
