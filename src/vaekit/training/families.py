"""Which runs differ in their seed alone, and in what the others differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from vaekit.data.options import PictureOptions
from vaekit.training.config import RunConfig
from vaekit.training.options import TrainingOptions

_OF_THE_MACHINE = (
    "device",
    "devices",
    "nodes",
    "sheets",
    "tensorboard",
    "speed",
    "precision",
    "layout",
    "compiled",
    "captured",
)
"""Options that say where a run was trained and what was found to be fast there, and not what was trained."""


def families(configs: Mapping[str, RunConfig]) -> tuple[tuple[str, ...], ...]:
    """Group runs that differ in their training seed alone; two of the same seed are no two trainings.

    Args:
        configs: of each run, by its name.

    Example:
        >>> one, other = RunConfig("digits"), RunConfig("digits", training=TrainingOptions(seed=1))
        >>> families({"a": one, "b": other, "c": RunConfig("mnist"), "d": one})
        (('a', 'b'), ('c',), ('d',))
    """
    groups: list[tuple[RunConfig, set[int], list[str]]] = []
    for name, config in configs.items():
        bare, seed = without_seed(config), config.training.seed
        for other, seeds, names in groups:
            if other == bare and seed not in seeds:
                seeds.add(seed)
                names.append(name)
                break
        else:
            groups.append((bare, {seed}, [name]))
    return tuple(tuple(names) for _, _, names in groups)


def without_seed(config: RunConfig) -> RunConfig:
    """A configuration without the seed of its training, and without what says where it ran."""
    plain = TrainingOptions()
    changes = {name: getattr(plain, name) for name in _OF_THE_MACHINE}
    return replace(config, training=replace(config.training, seed=plain.seed, **changes))


def labels(configs: Sequence[RunConfig]) -> tuple[str, ...]:
    """What tells configurations apart, as short as it can be: recipe and data, and options in which they differ.

    Example:
        >>> labels([RunConfig("digits", options={"beta": beta}) for beta in (1.0, 4.0)])
        ('vae beta=1.0', 'vae beta=4.0')
    """
    several = len({config.data for config in configs}) > 1
    facts = [_flat(config) for config in configs]
    names = list(dict.fromkeys(name for each in facts for name in each))
    # Of other recipes' options nothing need be said: the recipe's name stands there.
    differing = [
        name
        for name in names
        if all(name in each for each in facts) and len({repr(each[name]) for each in facts}) > 1
    ]
    found: list[str] = []
    for config, each in zip(configs, facts, strict=True):
        parts = [config.recipe, *([f"on {Path(config.data).name}"] if several else [])]
        found.append(" ".join([*parts, *(f"{name}={each[name]}" for name in differing)]))
    return tuple(found)


def differ_only_in(configs: Sequence[RunConfig], option: str) -> bool:
    """Whether configurations are the same but for their seeds and one option of the recipe that takes several values.

    Example:
        >>> configs = [RunConfig("digits", options={"beta": beta}) for beta in (1.0, 4.0)]
        >>> differ_only_in(configs, "beta"), differ_only_in(configs[:1], "beta")
        (True, False)
    """
    if not all(option in config.options for config in configs):
        return False
    bare = [without_seed(config) for config in configs]
    same = [replace(each, options={**each.options, option: None}) for each in bare]
    return all(each == same[0] for each in same) and len({c.options[option] for c in configs}) > 1


def _flat(config: RunConfig) -> dict[str, object]:
    pictures: dict[str, object] = asdict(config.pictures)
    plain = without_seed(config)
    training = {name: value for name, value in asdict(plain.training).items() if name != "seed"}
    return {
        **config.options,
        **training,
        **{name: pictures[name] for name in asdict(PictureOptions())},
        "levels": config.levels,
        "binarise": config.binarise,
        "split.seed": config.split.seed,
    }
