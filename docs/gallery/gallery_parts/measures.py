"""Figures of measures: what rate and distortion trade, and where an estimate says nothing any more."""

import math
from dataclasses import replace

import numpy as np
import torch

from gallery_parts.studio import Drawn, Studio
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.evaluation.aggregate import ENCODED, information, two_sample
from vaekit.evaluation.rate_distortion import RatePoint, rate_distortion
from vaekit.objectives import KL, NLL
from vaekit.ppca import fit_ppca
from vaekit.recipes.closed_form import linear_layers, set_to_ppca
from vaekit.recipes.recipe import build_recipe
from vaekit.report import as_image
from vaekit.report.rate_distortion import rate_distortion_figure
from vaekit.report.style import BLUE, INK, MUTED, ORANGE, dress, new_figure
from vaekit.verification.linear import optimal_linear_vae, sigma_trace

BETAS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
LATENTS = 16
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
SIGNAL, EXAMPLES = 3.0, 6000


def curve(_studio: Studio) -> Drawn:
    """The linear VAE of the digits over β, in closed form: its rate and distortion, exact."""
    x = Examples.of(load("digits"), "train").all().flatten(1).double()
    solution = fit_ppca(x, LATENTS)
    points: list[RatePoint] = []
    for beta in BETAS:
        vae = optimal_linear_vae(replace(solution, noise=beta * solution.noise))
        linear_layers(vae)[3].variance.fill_(solution.noise)
        trace = sigma_trace(vae, x)
        points.append(RatePoint(beta, KL()(trace).mean().item(), NLL()(trace).mean().item()))
    found = rate_distortion(points)
    numbers = {
        "least": BETAS[0],
        "most": BETAS[-1],
        "high": found.points[0].rate,
        "low": found.points[-1].rate,
    }
    return Drawn(as_image(rate_distortion_figure(found)), numbers)


def saturation(_studio: Studio) -> Drawn:
    """Perfect linear models of more and more latents, read by an estimate that knows N codes."""
    mutual, marginal, area, truth = [], [], [], []
    for latents in SIZES:
        rng = np.random.default_rng(latents)
        basis = np.linalg.qr(rng.normal(size=(latents + 16, latents)))[0]
        signal = rng.normal(size=(EXAMPLES, latents)) * SIGNAL
        x = signal @ basis.T + rng.normal(size=(EXAMPLES, latents + 16))
        data = load(x.astype(np.float32))
        model = build_recipe("ppca", data.spec, latents=latents).model.eval()
        set_to_ppca(model, torch.as_tensor(np.asarray(data.train.array)))
        found = information(model, Examples.of(data, "train"))
        told = two_sample(model, Examples.of(data, "train"), Examples.of(data, "test"))
        mutual.append(found.mutual)
        marginal.append(found.marginal)
        area.append((told.auc, told.standard_error))
        truth.append(latents / 2 * math.log(1 + SIGNAL**2))
    figure = new_figure(9.6, 3.9)
    left, right = figure.subplots(1, 2)
    dress(left, "Nats, of models whose q(z) is p(z) exactly", "latents", "nats")
    left.plot(
        SIZES, truth, color=MUTED, linewidth=1.4, linestyle=(0, (4, 3)), label="mutual information, true"
    )
    left.plot(SIZES, mutual, color=BLUE, linewidth=1.9, marker="o", markersize=4, label="estimated")
    left.plot(
        SIZES, np.maximum(marginal, 0.02), color=ORANGE, linewidth=1.9, marker="o", markersize=4,
        label="rate − estimate; true 0, drawn from .02 up",
    )  # fmt: skip
    left.axhline(math.log(ENCODED), color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
    left.text(1, 1.15 * math.log(ENCODED), f"ln N, N = {ENCODED:,} codes", fontsize=9.5, color=INK)
    left.set_yscale("log")
    dress(right, "A classifier between codes and prior", "latents", "AUC on held-out codes")
    values, errors = np.array(area).T
    right.errorbar(SIZES, values, 2 * errors, color=BLUE, linewidth=1.9, marker="o", markersize=4, capsize=2)
    right.axhline(0.5, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    right.axhline(0.55, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 3)))
    right.text(1, 0.555, "good up to here", fontsize=9.5, color=INK)
    right.set_ylim(0.4, 0.65)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.tick_params(which="minor", length=0)
    left.legend(fontsize=9.5, labelcolor=INK, framealpha=0.9, edgecolor="none", loc="lower right")
    numbers = {
        "codes": ENCODED,
        "latents": SIZES[-1],
        "true": truth[-1],
        "wrong": marginal[-1],
        "auc": values[-1],
    }
    return Drawn(as_image(figure), numbers)
