"""Faces at 64×64: the post's model, the same with its scale mended, and what else an honest VAE has to offer.

`python benchmarks/photographs.py ablation` trains the conv `vae` with one thing changed at a time, each for
the same computing time, and measures all on validation: it chose the default for photographs.
`python benchmarks/photographs.py headline` trains `mse_vae`, `vae` and the default for the same epochs and
measures them on test, `mse_vae` also with its sigma solved; it draws their sheets side by side.
Both take folders of pictures by --data (several are joined), and --out for the runs: a run that is there
already is not trained again, an unfinished one is resumed.
"""

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from machine import RESULTS, record
from PIL import Image
from torch import Tensor

import vaekit
from vaekit.core import VAE
from vaekit.data import Data
from vaekit.data.batches import Examples, epoch_order
from vaekit.evaluation import Evaluation, evaluate, with_solved_sigma
from vaekit.noise import Noise
from vaekit.recipes.recipe import build_recipe
from vaekit.report.explore import samples
from vaekit.report.pictures import reconstructions
from vaekit.report.sheets import Captions, sheet
from vaekit.training.config import config_from
from vaekit.training.device import engine
from vaekit.training.fit_prior import fit_prior
from vaekit.training.loop import Trainer
from vaekit.training.metrics import read_metrics
from vaekit.training.model_file import load_model
from vaekit.training.plan import Plan
from vaekit.training.reporting import reporter_for
from vaekit.training.run import Run, load_data, start

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FACES = f"{SHARED / 'celeba'} + {SHARED / 'celeba-half'}"
NETWORK: Mapping[str, object] = {"net": "conv", "size": "base", "latents": 128}
TRAINING: Mapping[str, object] = {"batch_size": 64, "precision": "bfloat16"}


@dataclass(frozen=True)
class Entry:
    """One model to train: a recipe and what differs from the baseline."""

    recipe: str = "vae"
    options: Mapping[str, object] = field(default_factory=dict)


SMALL: Mapping[str, object] = {"size": "small"}
"""The ablation's network: what is to be learned of the parts shows at a third of the cost."""
RESIDUAL: Mapping[str, object] = {"net": "resnet", "size": "tiny"}

ABLATION: Mapping[str, Entry] = {
    "vae: one solved sigma": Entry(),
    "cosine bands, whitening .5": Entry("photo_vae"),
    "cosine bands, whitening .5, EMA .998": Entry("photo_vae", {"ema": 0.998}),
    "cosine bands, whitening .5, residual network": Entry("photo_vae", RESIDUAL),
    "cosine bands, whitening .5, two levels": Entry("hierarchical_vae", {"sigma": "dct"}),
    "Haar bands, whitening .5": Entry("photo_vae", {"sigma": "haar"}),
    "cosine bands, whitening 0": Entry("photo_vae", {"whitening": 0.0}),
    "cosine bands, whitening 1": Entry("photo_vae", {"whitening": 1.0}),
    "vae: logistic mixture": Entry(options={"likelihood": "logistic_mixture"}),
    "vae: no warm-up": Entry(options={"warmup": 0.0}),
    "cosine bands, whitening .25": Entry("photo_vae", {"whitening": 0.25}),
    "cosine bands, whitening .75": Entry("photo_vae", {"whitening": 0.75}),
}


def configuration(entry: Entry, data: str, **training: object):
    return config_from(
        {"data": data, "recipe": entry.recipe, **NETWORK, **TRAINING, **training, **entry.options}
    )


def step_costs(data: Data, source: str, entries: Mapping[str, Entry], rounds: int = 7) -> dict[str, float]:
    """Seconds of a step of each entry: medians over rounds in which all entries take turns."""
    trainers: dict[str, Trainer] = {}
    for name, entry in entries.items():
        config = configuration(entry, source, **SMALL)
        recipe = build_recipe(entry.recipe, data.spec, **config.options)
        train, validation = Examples.of(data, "train"), Examples.of(data, "validation")
        trainers[name] = Trainer(recipe, train, validation, config.training, engine("auto"))
    durations: dict[str, list[float]] = {name: [] for name in entries}
    for turn in range(rounds + 1):
        for name, trainer in trainers.items():
            plan = Plan(1_000_000, trainer.steps_per_epoch)
            indices = epoch_order(0, turn, len(trainer.train_examples))[: trainer.batch_size]
            trainer.vae.train()
            before = time.monotonic()
            for _ in range(3):
                trainer.take_step(0, plan, indices)
            durations[name].append((time.monotonic() - before) / 3)
    return {name: statistics.median(values[1:]) for name, values in durations.items()}


def trained(folder: Path, entry: Entry, source: str, epochs: int, **training: object) -> Run:
    """The finished run in this folder, trained or resumed first where it is not finished."""
    if (folder / "config.yaml").is_file():
        return vaekit.resume(folder)
    return start(configuration(entry, source, epochs=epochs, **training), reporter_for(), folder)


def row(found: Evaluation) -> dict[str, float]:
    """What the tables show of an evaluation; bits/dim of the mass, exact or bounded from above."""
    return {
        "bits/dim": found.value("-ELBO", "mass", "bits/dim"),
        "rate (KL), nats": found.value("rate (KL)"),
        "MSE": found.value("MSE", unit=""),
        "explained, f .125-.25": found.value("explained, f 0.125-0.25", unit=""),
        "explained, f > .25": found.value("explained, f > 0.25", unit=""),
        "power, f > .25": found.value("power, f > 0.25", unit=""),
    }


def rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4 if abs(value) < 10 else 1) for name, value in figures.items()}


def ablation(source: str, out: Path, epochs: int, only: list[str]) -> None:
    entries = {name: entry for name, entry in ABLATION.items() if not only or any(o in name for o in only)}
    data = load_data(configuration(Entry(), source), source)
    costs = step_costs(data, source, entries)
    reference = next(iter(costs.values()))
    table = measured_before(epochs)
    for name, entry in entries.items():
        fair = max(1, round(epochs * reference / costs[name]))
        run = trained(out / slug(name), entry, source, fair, **SMALL)
        found = row(vaekit.evaluate(run, split="validation", importance_samples=1))
        best, _ = load_model(run.folder.best)
        unfitted = replace(run, vae=best.eval())
        before = row(vaekit.evaluate(unfitted, split="validation", importance_samples=1))["bits/dim"]
        table[name] = {
            "epochs in the same time": fair,
            "seconds of a step": round(costs[name], 3),
            **rounded(found),
            "bits/dim with N(0, I)": round(before, 4),
        }
        facts = {"split": "validation", "epochs of the baseline": epochs, "models": table}
        record("photographs_ablation", facts)


def measured_before(epochs: int) -> dict[str, object]:
    """The rows of an earlier call with as many epochs: the ablation can be made in several sittings."""
    path = RESULTS / "photographs_ablation.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    return dict(found["models"]) if found.get("epochs of the baseline") == epochs else {}


def headline(source: str, out: Path, epochs: int, seeds: int) -> None:
    models = {"mse_vae": Entry("mse_vae"), "vae": Entry("vae"), "photo_vae": Entry("photo_vae")}
    rows: dict[str, list[dict[str, float]]] = {}
    minutes: dict[str, list[float]] = {}
    shown: dict[str, VAE] = {}
    for name, entry in models.items():
        for seed in range(seeds):
            run = trained(out / f"{slug(name)}-{seed}", entry, source, epochs, seed=seed)
            minutes.setdefault(name, []).append(
                round(read_metrics(run.folder.metrics)[-1]["seconds"] / 60, 1)
            )
            scored = {name: run.vae} | (mended(run) if entry.recipe == "mse_vae" else {})
            for title, vae in scored.items():
                found = evaluate(vae, run.examples("test"), run.spec, "test", importance_samples=10)
                rows.setdefault(title, []).append(row(found))
                shown.setdefault(title, vae)
    table: dict[str, object] = {}
    for title, found in rows.items():
        columns = {key: [each[key] for each in found] for key in found[0]}
        table[title] = rounded({key: statistics.mean(values) for key, values in columns.items()})
        if seeds > 1:
            spread = {key: statistics.stdev(values) for key, values in columns.items()}
            table[f"{title}, standard deviation over seeds"] = rounded(spread)
    facts = {"split": "test", "epochs": epochs, "seeds": seeds, "models": table}
    record("photographs", {**facts, "minutes of training": minutes})
    data = load_data(configuration(Entry(), source), source)
    x = Examples.of(data, "test").first(16)
    draw(shown, x, out)


def mended(run: Run) -> dict[str, VAE]:
    """The same decoder with σ² solved, and with a prior fitted to q(z) besides."""
    train, validation = run.examples("train"), run.examples("validation")
    solved = with_solved_sigma(run.vae, validation, run.spec, "solved")
    fitted, _ = fit_prior(solved, train, validation, "gmm", run.config.training.seed)
    return {"mse_vae, sigma solved": solved, "mse_vae, sigma solved, prior fitted": fitted}


def draw(models: Mapping[str, VAE], x: Tensor, out: Path) -> None:
    """Sample sheets, and reconstruction sheets, of all models beside each other; photographs, so not for docs/."""
    noise = Noise(0, (), ())
    samples_of = [
        sheet(samples(vae, 64, noise=noise), 8, captions=Captions(name)) for name, vae in models.items()
    ]
    beside(samples_of, out / "samples-side-by-side.png")
    beside([reconstructions(vae, x, 8) for vae in models.values()], out / "reconstructions-side-by-side.png")


def slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name).strip("-").lower()


def beside(pictures: list[Image.Image], target: Path) -> None:
    """Put pictures next to each other."""
    whole = Image.new("RGB", (sum(p.width for p in pictures), max(p.height for p in pictures)), "white")
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width
    whole.save(target)
    print(f"written {target}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=["ablation", "headline"])
    parser.add_argument("--data", default=FACES)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of the ablation")
    given = parser.parse_args()
    if given.which == "ablation":
        ablation(given.data, given.out, given.epochs or 5, given.only)
    else:
        headline(given.data, given.out, given.epochs or 27, given.seeds)


if __name__ == "__main__":
    main()
