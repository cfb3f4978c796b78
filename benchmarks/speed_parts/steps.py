"""The main table: who trains how many images in a second, each in a process of its own, in turns."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from vaekit.memory import keep_freed_memory

from . import ours, pythae_side
from .bare import bare, floats
from .network import LATENTS, SHAPE, plain, training_flops
from .packing import packed
from .pictures import faces, pictures_folder, training_files
from .post import PostDataset, full_table, post
from .rounds import Contender, apart, ratios, spread, take_turns

POST = "post's pipeline"
PYTHAE = "Pythae, in memory"
EPOCHS = 27
"""Of the run that the cost of packing is spread over: as many as benchmarks/photographs.py trains."""


def bare_name(precision: str) -> str:
    return f"bare loop, {precision}"


def own_name(precision: str) -> str:
    return f"bare loop, vaekit's networks, {precision}"


def precision_of(name: str) -> str:
    """Of a contender by its name; the post and Pythae know float32 only."""
    return "bfloat16" if name.endswith("bfloat16") else "float32"


def our_name(recipe: str, precision: str) -> str:
    return f"vaekit {recipe}, {precision}"


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Args:
        rounds: turns of everybody.
        steps: in one turn.
        batch: images in a step.
    """

    rounds: int = 7
    steps: int = 8
    batch: int = 64


def names_of(recipes: Sequence[str]) -> list[str]:
    """Everybody who takes part."""
    found = [POST, *([PYTHAE] if pythae_side.installed() else [])]
    for precision in ours.PRECISIONS:
        found += [bare_name(precision), own_name(precision)]
    return found + [our_name(recipe, precision) for recipe in recipes for precision in ours.PRECISIONS]


def contender(celeba: Path, source: Path, batch: int, threads: int, name: str) -> Contender:
    """One of them by name, with its own copy of the same network; called in a process of its own."""
    torch.set_num_threads(threads)
    if name == POST:
        return post(POST, plain(), _post_dataset(celeba), batch)
    data, precision = ours.load_from(source), precision_of(name)
    if name.startswith("vaekit"):
        keep_freed_memory()  # as its command line does
        return ours.contender(name, ours.trainer_for(name.split()[1].rstrip(","), data, precision, batch))
    images = floats(ours.train_images(data))
    if name == PYTHAE:
        return _pythae(images, batch)
    network = ours.own_network(ours.build("vae", data.spec).model) if name == own_name(precision) else plain()
    return bare(name, network, images, batch, precision)


def _post_dataset(celeba: Path) -> PostDataset:
    return PostDataset(full_table(training_files(celeba)), pictures_folder(celeba))


def _pythae(images: Tensor, batch: int) -> Contender:
    network = plain()
    decoder = nn.Sequential(network.decoder, nn.Sigmoid())
    return pythae_side.pythae(
        PYTHAE, pythae_side.model(SHAPE, LATENTS, network.encoder, decoder, "mse"), images, batch
    )


def measure(size: Size, recipes: Sequence[str] = ("vae", "photo_vae")) -> dict[str, object]:
    """The section "steps" of the results."""
    with faces() as (celeba, words), packed(celeba) as (pack, watched, count):
        names, threads = names_of(recipes), torch.get_num_threads()
        with apart(names, size.batch, contender, celeba, pack, size.batch, threads) as contenders:
            found = take_turns(contenders, size.rounds, size.steps)
    rates = found.rates
    packing_rate = count / watched.seconds
    flops = training_flops(plain())
    return {
        "pictures": words,
        "batch": size.batch,
        "rounds": size.rounds,
        "steps in a turn": size.steps,
        "threads": torch.get_num_threads(),
        "Pythae": "0.1.2" if pythae_side.installed() else "not installed: left out",
        "GFLOP per training image": round(flops / 1e9, 4),
        "images/s": {name: spread(values) for name, values in rates.items()},
        "processors used": {name: spread(values, 2) for name, values in found.processors.items()},
        "undisturbed": undisturbed(found.processors, torch.get_num_threads()),
        "GFLOP/s": {name: round(statistics.median(v) * flops / 1e9, 1) for name, v in rates.items()},
        f"images/s, packing included, {EPOCHS} epochs": {
            name: round(with_packing(statistics.median(values), packing_rate, EPOCHS), 1)
            for name, values in rates.items()
            if name.startswith("vaekit")
        },
        "packing, images/s": round(packing_rate),
        "ratios": compared(rates, recipes),
    }


def undisturbed(processors: Mapping[str, Sequence[float]], threads: int) -> bool:
    """Whether the bare loops, which do nothing but compute, had all their processors in most rounds.

    Example:
        >>> undisturbed({"bare loop, float32": [1.9, 1.2, 1.95], "other": [1.0, 1.0, 1.0]}, threads=2)
        True
    """
    bare_loops = [values for name, values in processors.items() if name.startswith("bare loop")]
    return all(statistics.median(values) >= 0.9 * threads for values in bare_loops)


def with_packing(rate: float, packing_rate: float, epochs: int) -> float:
    """Images/s of a run of so many epochs that packs first.

    Example:
        >>> with_packing(rate=100.0, packing_rate=100.0, epochs=1)
        50.0
    """
    return epochs / (epochs / rate + 1 / packing_rate)


def compared(rates: Mapping[str, Sequence[float]], recipes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Each of vaekit's against the bare loop of its precision, against Pythae and against the post."""
    found: dict[str, dict[str, float]] = {}
    for recipe in recipes:
        for precision in ours.PRECISIONS:
            name = our_name(recipe, precision)
            for other in (bare_name(precision), own_name(precision), PYTHAE, POST):
                if other in rates and name in rates:
                    found[f"{name} / {other}"] = ratios(rates, name, other)
    return found
