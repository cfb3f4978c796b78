"""Runs as pages see them, made without training."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from vaekit.data.records import Data, Split
from vaekit.diagnosis import Advice, Diagnosis, Finding
from vaekit.evaluation import Evaluation, Figure
from vaekit.priors import StandardNormal
from vaekit.recipes.recipe import build_recipe
from vaekit.report.explore import has_dimensions
from vaekit.report.page import Subject

ROWS = [
    {
        "epoch": float(epoch),
        "train_nll": 40.0 + 100 / epoch,
        "train_kl": 5.0,
        "validation_elbo_mass": -60.0 - 90 / epoch,
        "validation_nll_mass": 50.0,
        "validation_kl": 6.0,
    }
    for epoch in range(1, 13)
]
BAD = Finding(
    "calibration",
    "wrong scale",
    "0.01",
    "0.9 to 1.1",
    "bad",
    "as if beta were 100",
    Advice("solve it", "vaekit train --config run/config.yaml --sigma solved"),
)
FINE = Finding("active units", "collapse", "4 of 4, 8.41 nats", "at least 1", "good")
UNREAD = Finding("use of the codes", "dead codes", "", "", "unread", "this model has no codebook")


def evaluation(elbo: float = 90.0, error: float = 1.0, examples: int = 40) -> Evaluation:
    figures = (
        Figure("-ELBO", elbo, error, "nats", "mass"),
        Figure("-ELBO", elbo / 60, error / 60, "bits/dim", "mass"),
        Figure("rate (KL)", 6.0, 0.1, "nats"),
        Figure("PSNR", 10 + elbo / 10, 0.001, "dB"),
        Figure("active units", 3.0, math.nan, "", "of 4"),
    )
    return Evaluation("test", examples, 5, figures, "codes: there are none")


def subject(
    recipe: str = "vae",
    shape: tuple[int, ...] = (1, 12, 10),
    levels: int | None = 4,
    name: str = "run",
    n: int = 40,
    options: Mapping[str, object] | None = None,
    prior: bool = True,
    tested: int | None = None,
) -> Subject:
    """A run of an untrained model; two classes."""
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(3, n, *shape, generator=generator)
    stored = values if levels is None else (values * (levels - 1)).round().to(torch.uint8)
    labels = np.arange(n) % 2
    sizes = (n, n, n if tested is None else tested)
    train, validation, test = (
        Split(part.numpy()[:size], labels[:size]) for part, size in zip(stored, sizes, strict=True)
    )
    data = Data("squares", train, validation, test, levels, None, levels, label_names=("round", "square"))
    torch.manual_seed(0)
    given = {"latents": 4, "hidden": (16,), "net": "mlp"} if options is None else dict(options)
    vae = build_recipe(recipe, data.spec, **given).model.eval()
    if prior and has_dimensions(vae):
        vae.latents.replace_top(StandardNormal(next(iter(vae.latents.sites.values()))))
    return Subject(
        name,
        vae,
        data,
        "squares",
        recipe,
        given,
        12,
        ROWS,
        {"evaluation.json": evaluation()},
        Diagnosis(f"runs/{name}", (FINE, BAD, UNREAD)),
        "data: squares\nrecipe: vae\nepochs: 12\nlr: null\nseed: 0\n",
        {"vaekit": "0", "torch": "2"},
    )


def measured(run: Subject, name: str, figures: Evaluation | None) -> Subject:
    """The same run under another name, with other figures."""
    return replace(run, name=name, evaluations={} if figures is None else {"evaluation.json": figures})
