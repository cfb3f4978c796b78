"""A feature space of MNIST: what it can do on the test set, and what it costs.

python benchmarks/features.py MNIST [--kind classifier] [--epochs 4] [--seeds 1]

The accuracy of the nearest neighbour, in features and in pixels, is that of 2,000 test images among 10,000 training
images; of a contrastive network, which has seen no label, it is the one figure that tells what its features know.
"""

import argparse
import time
from pathlib import Path

import torch
from machine import record
from torch import Tensor

from vaekit.data import Data, load
from vaekit.data.batches import Examples
from vaekit.features import FeatureOptions, FeatureSpace, fit_space, open_space
from vaekit.training.reporting import reporter_for

KNOWN, ASKED = 10_000, 2_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--kind", choices=["classifier", "contrastive"], default="classifier")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    data = load(chosen.mnist)
    rows = {
        f"seed {seed}": row(data, FeatureOptions(kind=chosen.kind, epochs=chosen.epochs, seed=seed))
        for seed in range(chosen.seeds)
    }
    record(
        f"features_{chosen.kind}",
        {
            "threads": torch.get_num_threads(),
            **rows,
            "accuracy of the nearest neighbour in pixels": nearest(open_space("pixels", data.spec), data),
        },
    )


def row(data: Data, options: FeatureOptions) -> dict[str, object]:
    """Train one space."""
    reporter = reporter_for()
    started, used = time.monotonic(), time.process_time()

    def watch(done: float, where: str, loss: Tensor) -> None:
        if reporter.due():
            reporter.progress(done, where, {"loss": loss.item()}, time.monotonic() - started)

    fitted = fit_space(data, options, "cpu", watch)
    quality = fitted.facts.quality
    return {
        "space": fitted.space.describe(),
        "epochs": fitted.facts.epochs,
        "seconds": round(time.monotonic() - started, 1),
        "seconds of the processor": round(time.process_time() - used, 1),
        "test images": quality and quality.examples,
        f"test {quality and quality.measure}": quality and round(quality.value, 4),
        "accuracy of the nearest neighbour in features": nearest(fitted.space, data),
    }


def nearest(space: FeatureSpace, data: Data) -> float:
    """The fraction of test images whose nearest training image, in features, is of their class."""
    known, labels = data.train.labels, data.test.labels
    if known is None or labels is None:
        raise ValueError("these data have no labels")
    a = space.features_of(Examples.of(data, "train").head(KNOWN))
    b = space.features_of(Examples.of(data, "test").head(ASKED))
    found = torch.cdist(b, a).argmin(1)
    right = torch.from_numpy(known)[found] == torch.from_numpy(labels[: len(b)])
    return round(right.double().mean().item(), 4)


if __name__ == "__main__":
    main()
