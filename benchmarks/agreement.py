"""Does the fast way of training end where plain float32 ends? The same runs in both, over several seeds.

`python benchmarks/agreement.py` trains the conv `vae` on a folder of pictures (--data), once in plain float32 and
once as --precision and --layout say, with the same seeds, and compares the test bounds: the mean difference of
the pairs beside the spread over seeds.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from machine import RESULTS, record

import vaekit

CELEBA = Path(__file__).resolve().parents[2] / "shared" / "data" / "celeba"
TRAINING: Mapping[str, Any] = {"net": "conv", "size": "small", "latents": 64, "batch_size": 64}


def bound(data: str, seed: int, epochs: int, recipe: str, way: Mapping[str, Any]) -> float:
    """Test −ELBO, nats per picture, of one run."""
    with tempfile.TemporaryDirectory() as folder:
        run = vaekit.train(
            data,
            recipe,
            out=f"{folder}/run",
            quiet=True,
            seed=seed,
            epochs=epochs,
            sheets=0,
            **TRAINING,
            **way,
        )
        return vaekit.evaluate(run, importance_samples=1).value("-ELBO")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(CELEBA))
    parser.add_argument("--recipe", default="vae")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", default="bfloat16")
    parser.add_argument("--layout", default="channels_last")
    given = parser.parse_args()
    fast = {"speed": "plain", "precision": given.precision, "layout": given.layout}
    ways: Mapping[str, Mapping[str, Any]] = {"plain": {"speed": "plain"}, "fast": fast}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(given.seeds):
        for name, way in ways.items():
            found[name].append(bound(given.data, seed, given.epochs, given.recipe, way))
            print(f"seed {seed} {name}: {found[name][-1]:.2f} nats", flush=True)
    pairs = [fast - plain for fast, plain in zip(found["fast"], found["plain"], strict=True)]
    record(
        f"agreement_{given.recipe}",
        {
            "test_nelbo_nats": found,
            "mean_difference": statistics.mean(pairs),
            "spread_of_differences": statistics.stdev(pairs),
            "spread_over_seeds_plain": statistics.stdev(found["plain"]),
        },
    )
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
