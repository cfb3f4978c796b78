"""MNIST, dynamic binarisation, 200-200 hidden units, 50 latents: the figures that papers report.

`python benchmarks/mnist.py single` trains `vae` for 20 minutes (or --epochs) and scores the test set by IWAE-500.
`python benchmarks/mnist.py pair` trains `vae` and `iwae` (K = 5) with the same optimiser steps and compares
them on the same test images. Both take the folder with MNIST's IDX files by --data.
"""

import argparse
import math
import tempfile
import time
from pathlib import Path

import torch
from machine import record

from vaekit.core import VAE
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.evaluation import bounds
from vaekit.evaluation.measures import MASS, native
from vaekit.training.config import config_from
from vaekit.training.reporting import reporter_for
from vaekit.training.run import Run, start

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist"
PAPER = {"binarise": "dynamic", "net": "mlp", "hidden": [200, 200], "latents": 50, "prior": "standard"}


def train(folder: str, data: Path, recipe: str, **options: object) -> Run:
    config = config_from({"data": str(data), "recipe": recipe, **PAPER, **options})
    return start(config, reporter_for(), Path(folder) / recipe)


def nll(vae: VAE, run: Run, samples: int):
    """Per-example −IWAE of the test set (N,) and its −ELBO, nats (mass)."""
    data = load(run.config.data, binarise="dynamic", split=run.config.split)
    test = Examples.of(data, "test", seed=12345)
    rate, by_measure = bounds(vae, test, {MASS: native}, samples)
    return -by_measure[MASS].iwae.double(), -by_measure[MASS].elbo.double(), rate.double()


def single(data: Path, minutes: float | None, epochs: int | None, samples: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        run = train(folder, data, "vae", minutes=minutes, epochs=epochs)
        took = (time.monotonic() - started) / 60
        iwae, elbo, rate = nll(run.vae, run, samples)
        record(
            "mnist_single",
            {
                "epochs": run.config.training.epochs,
                "minutes of training": round(took, 1),
                "threads": torch.get_num_threads(),
                f"test IWAE-{samples}, nats (mass)": round(iwae.mean().item(), 3),
                "standard error over test images": round(iwae.std().item() / math.sqrt(len(iwae)), 3),
                "test -ELBO, nats (mass)": round(elbo.mean().item(), 3),
                "rate (KL), nats": round(rate.mean().item(), 3),
            },
        )


def pair(data: Path, epochs: int, samples: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Warm-up belongs to the default vae; the papers' comparison has none, so neither model gets one.
        plain = train(folder, data, "vae", epochs=epochs, warmup=0.0)
        weighted = train(folder, data, "iwae", epochs=epochs, samples=5)
        a, _, _ = nll(plain.vae, plain, samples)
        b, _, _ = nll(weighted.vae, weighted, samples)
        gap = a - b
        record(
            "mnist_pair",
            {
                "epochs": epochs,
                f"vae: test IWAE-{samples}, nats (mass)": round(a.mean().item(), 3),
                f"iwae K=5: test IWAE-{samples}, nats (mass)": round(b.mean().item(), 3),
                "paired difference vae - iwae, nats": round(gap.mean().item(), 3),
                "standard error of the difference": round(gap.std().item() / math.sqrt(len(gap)), 4),
            },
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["single", "pair"])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--epochs", type=int, help="instead of --minutes; 60 for the pair")
    parser.add_argument("--samples", type=int, default=500)
    given = parser.parse_args()
    if given.what == "single":
        single(given.data, None if given.epochs else given.minutes, given.epochs, given.samples)
    else:
        pair(given.data, given.epochs or 60, given.samples)
