"""MIG on drawn sprites whose five factors are known: VAE, β-VAE and β-TCVAE over seeds.

python benchmarks/disentanglement.py [--seeds 5] [--epochs 20]

Every model has the same networks, 10 latents, a Gaussian likelihood with σ = .1 and the same steps; only objective
and seed differ. The mutual information gap and its companions are measured on the test split by `vaekit evaluate`,
and their means are given with 95 % t-intervals over seeds. An interrupted benchmark goes on from what runs/ holds.
"""

import argparse
import math
import statistics
from pathlib import Path

from machine import record
from scipy.stats import t as student_t

import vaekit
from vaekit.training.run import Run

MODELS: dict[str, dict[str, object]] = {
    "vae": {"recipe": "vae"},
    "beta_vae, beta 4": {"recipe": "beta_vae", "beta": 4.0},
    "beta_tcvae, beta 6": {"recipe": "beta_tcvae", "beta": 6.0},
}
MEASURES = ("MIG", "DCI disentanglement", "SAP", "FactorVAE score", "modularity")
ALIKE: dict[str, object] = {"net": "conv", "size": "small", "latents": 10, "sigma": 0.1, "prior": "standard"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("runs/disentanglement"))
    given = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {name: {} for name in MODELS}
    # Seed by seed, so that a benchmark that was stopped has all models of some seeds.
    for seed in range(given.seeds):
        for name in MODELS:
            run = trained(name, seed, given.epochs, given.out)
            evaluation = vaekit.evaluate(run, metrics=("factors", "bounds"), importance_samples=1, keep=True)
            values = {figure.name: figure.value for figure in evaluation.figures}
            for measure in (*MEASURES, "rate (KL)"):
                found[name].setdefault(measure, []).append(values[measure])
        record(
            "disentanglement",
            {
                "data": "sprites, test split",
                "likelihood": "Gaussian, sigma 0.1",
                "epochs": given.epochs,
                "seeds": seed + 1,
                "mean and half-width of the 95 % t-interval": {
                    name: {measure: interval(values) for measure, values in by_measure.items()}
                    for name, by_measure in found.items()
                },
                "every seed": {name: by_measure["MIG"] for name, by_measure in found.items()},
            },
        )


def trained(name: str, seed: int, epochs: int, out: Path) -> Run:
    """The finished run of a model and a seed."""
    path = out / f"{name.split(',')[0]}-{seed}"
    if (path / "model.safetensors").is_file():
        return vaekit.load(path)
    if path.is_dir():
        return vaekit.resume(path, quiet=True)
    options = {**ALIKE, **MODELS[name], "epochs": epochs, "seed": seed, "sheets": 0}
    return vaekit.train("sprites", out=path, quiet=True, **options)


def interval(values: list[float]) -> tuple[float, float | None]:
    """Mean, and t(n − 1) s/√n where there are several."""
    if len(values) < 2:
        return round(values[0], 4), None
    half = student_t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return round(statistics.mean(values), 4), round(float(half), 4)


if __name__ == "__main__":
    main()
