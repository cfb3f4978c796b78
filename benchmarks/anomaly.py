"""Anomalies in tables: a VAE trained on normal rows and scored by IWAE, beside isolation forest, PCA and PPCA.

python benchmarks/anomaly.py FOLDER_OF_NPZ [--seeds 5]

Each .npz holds X and y, 1 for an anomaly. Of the normal rows one half, drawn anew for each seed, is for training and
validation; the test set is the other half and all anomalies. Columns are standardised by the training half. The
settings were fixed beforehand, but for the number of steps, which was cut for time after one score of PPCA had been
seen. What was measured is kept in results/anomaly.json after each
seed, and an interrupted benchmark goes on from there.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import RESULTS, record
from scipy.stats import t as student_t
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

import vaekit
from vaekit.evaluation.detection import detection
from vaekit.training.scored import Scored

SETTINGS: dict[str, dict[str, Any]] = {
    "vaekit vae": {"recipe": "vae"},
    "vaekit vae, sigma per dimension": {"recipe": "vae", "sigma": "per_dimension"},
}
"""Of the VAE; all else as `train` below says, or as the recipe has it."""
STEPS, BATCH, HIDDEN, LR = 2000, 64, (64, 64), 2e-3
IMPORTANCE_SAMPLES = 100
VALIDATION = 0.1
"""Of the training half."""
KEPT = 0.9
"""Of the variance, by the principal components."""

Parts = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    runs = earlier()
    for path in sorted(chosen.folder.glob("*.npz")):
        name = path.stem.split("_", 1)[-1]
        with np.load(path) as arrays:
            x, y = arrays["X"].astype(np.float64), arrays["y"].astype(int).ravel()
        for seed in range(chosen.seeds):
            if f"{name}/{seed}" in runs:
                continue
            runs[f"{name}/{seed}"] = {
                "rows": {
                    "normal": int((y == 0).sum()),
                    "anomalies": int((y == 1).sum()),
                    "columns": x.shape[1],
                },
                "figures": measured(halves(x, y, seed), seed),
            }
            record("anomaly", {"settings": settings(), "table": table(runs), "runs": runs})
    print("\n".join(lines(table(runs))))


def earlier() -> dict[str, dict]:
    """What was measured with the same settings."""
    try:
        kept = json.loads((RESULTS / "anomaly.json").read_text())
    except (OSError, ValueError):
        return {}
    return kept["runs"] if kept["settings"] == json.loads(json.dumps(settings())) else {}


def settings() -> dict[str, object]:
    common = {"steps": STEPS, "batch_size": BATCH, "hidden": HIDDEN, "lr": LR, "latents": "max(2, D // 3)"}
    return {**SETTINGS, "of each": common, "importance_samples": IMPORTANCE_SAMPLES, "PCA keeps": KEPT}


def halves(x: np.ndarray, y: np.ndarray, seed: int) -> Parts:
    """Standardised training, validation and test rows."""
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(y == 0))
    half = len(normal) // 2
    held = max(1, round(VALIDATION * half))
    mean, std = x[normal[:half]].mean(0), x[normal[:half]].std(0)
    z = ((x - mean) / np.where(std > 0, std, 1)).astype(np.float32)
    test = np.concatenate([normal[half:], np.flatnonzero(y == 1)])
    return {
        "x_train": z[normal[held:half]],
        "x_valid": z[normal[:held]],
        "x_test": z[test],
        "y_test": y[test],
    }


def measured(parts: Parts, seed: int) -> dict[str, dict[str, float]]:
    """ROC-AUC and average precision of each method on one division of one set."""
    latents = max(2, parts["x_train"].shape[1] // 3)
    whole = np.concatenate([parts["x_train"], parts["x_valid"]])
    found: dict[str, np.ndarray | torch.Tensor] = {}
    for name, own in SETTINGS.items():
        found[name] = trained(parts, seed, latents=latents, **own).ranked
    found["vaekit ppca, exact evidence"] = trained(parts, seed, recipe="ppca", latents=latents).ranked
    forest = IsolationForest(random_state=seed).fit(whole)
    found["isolation forest"] = -forest.score_samples(parts["x_test"])
    pca = PCA(KEPT, svd_solver="full").fit(whole)
    again = pca.inverse_transform(pca.transform(parts["x_test"]))
    found["PCA, reconstruction error"] = np.square(parts["x_test"] - again).mean(1)
    return {name: figures(scores, parts["y_test"]) for name, scores in found.items()}


def trained(parts: Parts, seed: int, recipe: str, **options: Any) -> Scored:
    epochs = max(1, round(STEPS * BATCH / len(parts["x_train"])))
    training: dict[str, Any] = (
        {} if recipe == "ppca" else {"hidden": HIDDEN, "epochs": epochs, "batch_size": BATCH, "lr": LR}
    )
    with tempfile.TemporaryDirectory() as folder:
        common: dict[str, Any] = {
            "seed": seed,
            "device": "cpu",
            "sheets": 0,
            "speed": "plain",
            "out": f"{folder}/run",
            "quiet": True,
        }
        run = vaekit.train(parts, recipe, **common, **training, **options)
        return vaekit.score(run, split="test", importance_samples=IMPORTANCE_SAMPLES)


def figures(scores: np.ndarray | torch.Tensor, y: np.ndarray) -> dict[str, float]:
    found = detection(torch.as_tensor(scores), torch.from_numpy(y == 1))
    return {"roc_auc": found.roc_auc, "average_precision": found.average_precision}


def table(runs: dict[str, dict]) -> dict[str, dict[str, dict[str, str]]]:
    """Mean ± half-width of the 95 % t-interval over seeds."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for name in dict.fromkeys(key.split("/")[0] for key in runs):
        own = [run["figures"] for key, run in runs.items() if key.split("/")[0] == name]
        found[name] = {
            method: {figure: interval([each[method][figure] for each in own]) for figure in own[0][method]}
            for method in own[0]
        }
    return found


def interval(values: list[float]) -> str:
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:.4f}"
    half = student_t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:.4f} ± {half:.4f}"


def lines(found: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    rows = ["| set | method | ROC-AUC | average precision |", "|---|---|---|---|"]
    for name, methods in found.items():
        rows += [f"| {name} | {method} | {' | '.join(own.values())} |" for method, own in methods.items()]
    return rows


if __name__ == "__main__":
    main()
