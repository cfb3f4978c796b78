"""The embedded digits: `vae` with 16 latents against the exact evidence of probabilistic PCA.

Both are densities of uniformly dequantised pixels of the same held-out images, with the same dequantisation.
"""

import math
import tempfile
from pathlib import Path

import torch
from machine import record

from vaekit.data.batches import Examples
from vaekit.evaluation import bounds
from vaekit.evaluation.measures import DEQUANTISED, measures_for
from vaekit.ppca import fit_ppca
from vaekit.training.config import config_from
from vaekit.training.reporting import reporter_for
from vaekit.training.run import start

LATENTS = 16


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = start(config_from({"data": "digits", "latents": LATENTS}), reporter_for(), Path(folder) / "run")
    data = run.data()
    test = Examples.of(data, "test")
    x = test.all()
    measures = measures_for(run.vae.likelihood, run.vae.trace(x[:1]).likelihood, run.spec)
    _, by_measure = bounds(run.vae, test, {DEQUANTISED: measures[DEQUANTISED]}, importance_samples=500)
    bound = by_measure[DEQUANTISED]

    ppca = fit_ppca(
        Examples.of(data, "train").all().flatten(1).double(), LATENTS, run.spec.quantisation_variance
    )
    evidence = torch.cat(
        [ppca.log_evidence(dequantised(test, where, x, 17)) for where, x, _ in test.in_order()]
    )
    gap = bound.elbo.double() - evidence
    record(
        "digits",
        {
            "held-out examples": len(test),
            "latents": LATENTS,
            "vae: -ELBO, nats (density of uniformly dequantised x)": round(-bound.elbo.mean().item(), 3),
            "vae: IWAE-500, nats (same density)": round(-bound.iwae.mean().item(), 3),
            "ppca: exact -log p, nats (same density)": round(-evidence.mean().item(), 3),
            "paired difference, nats": round(gap.mean().item(), 3),
            "standard error of the difference": round(gap.std().item() / math.sqrt(len(gap)), 3),
        },
    )


def dequantised(test: Examples, where: slice, x: torch.Tensor, levels: int) -> torch.Tensor:
    """The very y = x + u that the VAE's density is asked at, (B, D) float64."""
    u = test.noise(where, 0).uniform("dequantise", x.shape, 0, x)
    return (x + (u - 0.5) / (levels - 1)).flatten(1).double()


if __name__ == "__main__":
    main()
