"""MNIST by the objectives, priors and posteriors of the literature, beside the figures that their papers print.

python benchmarks/literature.py FOLDER [--epochs 20] [--minutes 40] [--only vae iwae_5 …]

FOLDER holds `mnist` (the IDX files) and `binarized_mnist/binarized_mnist.npz` (packed bits). All entries have the
papers' networks (200-200, 50 latents), the same optimiser steps and seed, and are scored on the same test images by
the same number of importance samples, so that differences are paired. Papers train for thousands of epochs: with a
short schedule only the order of models can be compared. An entry whose training takes longer than --minutes stops and
is named unfinished; the same command goes on with it. --epochs 1000 --minutes 1000 --samples 5000 on a GPU is the
papers' schedule.
"""

import argparse
import math
import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from machine import record

from vaekit.data.batches import Examples
from vaekit.evaluation import bounds
from vaekit.evaluation.measures import MASS, native
from vaekit.training.config import config_from
from vaekit.training.interrupt import Interrupted
from vaekit.training.reporting import Silent
from vaekit.training.run import Run, load_run, resume, start

NETWORKS = {"net": "mlp", "hidden": [200, 200], "latents": 50}
DYNAMIC, FIXED = "dynamic", "fixed"


@dataclass(frozen=True)
class Entry:
    """A line of the table.

    Args:
        recipe: of vaekit.
        published: test NLL that the paper prints, nats; None where it prints none for these networks.
        paper: which.
        options: of the recipe.
        binarisation: of MNIST: drawn anew for each batch, or the fixed draw of Larochelle & Murray.
        beside: the entry that it is compared with, image by image.
    """

    recipe: str
    published: float | None
    paper: str
    options: dict[str, object] = field(default_factory=dict)
    binarisation: str = DYNAMIC
    beside: str = "vae"


BURDA, RAINFORTH, TUCKER = "Burda et al. 2016", "Rainforth et al. 2018", "Tucker et al. 2019"
# Burda et al. have no warm-up of the KL, so that none of the dynamic entries has one. A VampPrior can follow q to a
# rate of 0 at once: its paper warms up, and vaekit starts its codes standardised. So do both for the VAE beside it.
WARM: dict[str, object] = {"warmup": 0.3}
ENTRIES: dict[str, Entry] = {
    "vae": Entry("vae", 86.76, BURDA, {"warmup": 0.0}),
    "iwae_5": Entry("iwae", 85.54, BURDA, {"samples": 5}),
    "vae_fixed": Entry(
        "vae", 88.71, "Tomczak & Welling 2018", WARM | {"standardise": True}, FIXED, "vae_fixed"
    ),
    "vamp_fixed": Entry(
        "vamp", 85.57, "Tomczak & Welling 2018", WARM | {"components": 500}, FIXED, "vae_fixed"
    ),
    "iwae_50": Entry("iwae", 84.78, BURDA, {"samples": 50}),
    "dreg_50": Entry("dreg", 84.32, TUCKER, {"samples": 50}, beside="iwae_50"),
    "dreg_5": Entry("dreg", 84.90, TUCKER, {"samples": 5}, beside="iwae_5"),
    "vae_5": Entry("miwae", 86.47, BURDA, {"samples": 1, "groups": 5}),
    "piwae_8_8": Entry("piwae", 84.46, RAINFORTH, {"samples": 8, "groups": 8}),
    "miwae_8_8": Entry("miwae", 84.97, RAINFORTH, {"samples": 8, "groups": 8}),
    "ciwae_64": Entry("ciwae", 84.57, RAINFORTH, {"samples": 64, "share": 0.05}),
    "iwae_50_fixed": Entry("iwae", 87.10, "Tomczak & Welling 2018", {"samples": 50}, FIXED, "vae_fixed"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/literature"))
    parser.add_argument("--only", nargs="*", default=list(ENTRIES), choices=list(ENTRIES))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        scored = given.out / f"{name}.npz"
        if scored.is_file():
            continue
        print(f"{name}: training", flush=True)
        run = trained(name, given)
        if run is None:
            print(f"{name}: not finished in {given.minutes:g} minutes; the same command goes on", flush=True)
            continue
        with torch.no_grad():
            np.savez(scored, allow_pickle=False, **scores(run, given.samples))
        report(given)
    report(given)


def trained(name: str, given: argparse.Namespace) -> Run | None:
    """The finished run of an entry; None where its time was too short."""
    entry, path = ENTRIES[name], given.out / name
    timer = threading.Timer(60 * given.minutes, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        if (path / "model.safetensors").is_file():
            return load_run(path)
        if (path / "config.yaml").is_file():
            return resume(path, Silent())
        told = {
            "data": str(data_of(entry.binarisation, given)),
            "binarise": "dynamic" if entry.binarisation == DYNAMIC else None,
            "recipe": entry.recipe,
            "epochs": given.epochs,
            "seed": given.seed,
            "sheets": 0,
        }
        prior = {} if entry.recipe == "vamp" else {"prior": "standard"}
        return start(config_from(told | NETWORKS | prior | entry.options), Silent(), path)
    except Interrupted:
        return None
    finally:
        timer.cancel()


def data_of(binarisation: str, given: argparse.Namespace) -> Path:
    """Where the data are; packed bits are unpacked once."""
    if binarisation == DYNAMIC:
        return given.folder / "mnist"
    path = given.out / "binarized.npz"
    if not path.is_file():
        with np.load(given.folder / "binarized_mnist" / "binarized_mnist.npz") as packed:
            bits = {part: np.unpackbits(packed[part], 1).reshape(-1, 28, 28) for part in packed}
            np.savez(path, allow_pickle=False, **bits)
    return path


def scores(run: Run, samples: int) -> dict[str, np.ndarray]:
    """Per test image, nats: −IWAE of so many samples, −ELBO and rate; and the training's facts."""
    data = run.data()
    test = Examples.of(data, "test", seed=12345)
    rate, found = bounds(run.vae.eval(), test, {MASS: native}, samples)
    metrics = np.genfromtxt(run.folder.metrics, delimiter=",", names=True)
    return {
        "nll": -found[MASS].iwae.double().numpy(),
        "elbo": -found[MASS].elbo.double().numpy(),
        "rate": rate.double().numpy(),
        "steps": np.atleast_1d(metrics["step"])[-1],
        "seconds": np.atleast_1d(metrics["seconds"])[-1],
        "samples": np.array(samples),
    }


def report(given: argparse.Namespace) -> None:
    """Write the table of what is there."""
    found = {name: dict(np.load(path)) for name in ENTRIES if (path := given.out / f"{name}.npz").is_file()}
    rows: dict[str, dict[str, object]] = {}
    for name, values in found.items():
        entry, nll = ENTRIES[name], values["nll"]
        row: dict[str, object] = {
            "test NLL, nats": round(float(nll.mean()), 3),
            "standard error": round(float(nll.std(ddof=1)) / math.sqrt(len(nll)), 3),
            "published": entry.published,
            "paper": entry.paper,
            "test -ELBO": round(float(values["elbo"].mean()), 3),
            "rate": round(float(values["rate"].mean()), 3),
            "steps": int(values["steps"]),
            "minutes": round(float(values["seconds"]) / 60, 1),
        }
        if entry.beside != name and entry.beside in found:
            gain = found[entry.beside]["nll"] - nll
            row[f"better than {entry.beside} by"] = round(float(gain.mean()), 3)
            row["standard error of that"] = round(float(gain.std(ddof=1)) / math.sqrt(len(gain)), 4)
        rows[name] = row
    unfinished = [name for name in ENTRIES if name not in found]
    record(
        "literature",
        {
            "measure": f"IWAE-{given.samples} of 10,000 test images, mass",
            "networks": "200-200 tanh, 50 latents",
            "epochs": given.epochs,
            "seed": given.seed,
            "table": rows,
            "not trained": unfinished,
        },
    )


if __name__ == "__main__":
    main()
