"""How long an evaluation takes: 10,000 test images, 500 importance samples, 200-200 hidden units, 50 latents.

`OMP_NUM_THREADS=2 python benchmarks/evaluation.py` trains for one epoch, so that the weights are no longer random,
and times the evaluation of MNIST's test images. The folder with MNIST's IDX files goes to --data.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from machine import record

from vaekit.evaluation import evaluate
from vaekit.training.config import config_from
from vaekit.training.reporting import reporter_for
from vaekit.training.run import start

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist"
MODEL = {"recipe": "vae", "binarise": "dynamic", "net": "mlp", "hidden": [200, 200], "latents": 50}
SAMPLES = 500


def main(data: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = config_from({"data": str(data), "epochs": 1, "prior": "standard", **MODEL})
        run = start(config, reporter_for(), Path(folder) / "run")
        test = run.examples("test")
        started = time.monotonic()
        evaluation = evaluate(run.vae, test, run.spec, importance_samples=SAMPLES)
        seconds = time.monotonic() - started
    figure = evaluation.figure(f"IWAE-{SAMPLES}")
    record(
        "evaluation",
        {
            "model": "vae, 200-200 hidden units, 50 latents, 1 epoch of MNIST, dynamic binarisation",
            "test images": len(test),
            "importance samples": SAMPLES,
            "threads": torch.get_num_threads(),
            "seconds": round(seconds, 1),
            f"IWAE-{SAMPLES}, nats (mass)": round(figure.value, 3),
            "standard error over test images": round(figure.standard_error, 3),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED)
    main(parser.parse_args().data)
