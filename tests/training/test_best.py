from pathlib import Path

import vaekit
from vaekit.evaluation import bounds
from vaekit.evaluation.measures import native
from vaekit.training.metrics import read_metrics


def test_the_best_checkpoint_is_one_of_the_final_objective(tmp_path: Path) -> None:
    """A capacity that rises for half of training: before, a smaller rate has the better ELBO."""
    run = vaekit.train(
        "digits",
        "beta_vae_capacity",
        out=tmp_path / "run",
        quiet=True,
        capacity=12.0,
        over=0.5,
        epochs=12,
        latents=3,
        prior="standard",
        sheets=0,
    )
    rows = read_metrics(run.folder.metrics)
    rate, _ = bounds(run.vae, run.examples("validation"), {"density": native})
    saved = min(rows, key=lambda row: abs(row["validation_kl"] - rate.mean().item()))
    assert abs(saved["validation_kl"] - rate.mean().item()) < 1e-3
    assert saved["step"] >= rows[-1]["step"] / 2
    elbos = [row["validation_elbo_density"] for row in rows]
    settled = [elbo for elbo, row in zip(elbos, rows, strict=True) if row["step"] >= rows[-1]["step"] / 2]
    assert saved["validation_elbo_density"] == max(settled)
    assert max(elbos) > max(settled), "the planted case: an earlier row has the better ELBO"
