"""C8: doubly reparameterised gradients have the mean of the importance-weighted bound's, and a signal that rises."""

from collections.abc import Mapping
from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE
from vaekit.objectives import IWAE, DReG, Term
from vaekit.ppca import fit_ppca
from vaekit.verification.c6_importance import spoil
from vaekit.verification.check import Check, estimate
from vaekit.verification.linear import gaussian_data, noise_for, optimal_linear_vae

GATE = "C8"
COUNTS = (4, 16, 64)
REPEATS = 20_000
AT_ONCE = 250_000
SLOPE = 0.1


def checks() -> list[Check]:
    """Run the row: Tucker et al. 2019, https://arxiv.org/abs/1810.04152, equation 8.

    Gradients are those of one example, taken often, with respect to what its encoder says. The signal is the mean
    of the quieter estimate, since both means are shown to be the same.
    """
    vae, x = _spoiled()
    found = {count: _gradients(vae, x, count) for count in COUNTS}
    return [
        *(
            estimate(
                GATE,
                f"DReG - IWAE gradient, K = {count}, coordinate {j}",
                0.0,
                (pair["double"] - pair["plain"])[:, j],
                "nats",
            )
            for count, pair in found.items()
            for j in range(x.shape[1])
        ),
        _slope("signal/noise of IWAE falls as K^-1/2: slope in log K", -0.5, found, "plain"),
        _slope("signal/noise of DReG rises as K^1/2: slope in log K", 0.5, found, "double"),
    ]


def _spoiled() -> tuple[VAE, Float[Tensor, "1 D"]]:
    """A linear model at its optimum with a posterior that misses, and one example."""
    data = gaussian_data(2_000, (9.0, 2.0, 0.3))
    vae = optimal_linear_vae(fit_ppca(data, 2))
    spoil(vae)
    return vae, data[:1]


def _gradients(vae: VAE, x: Float[Tensor, "1 D"], count: int) -> dict[str, Float[Tensor, "n F"]]:
    """Independent gradients of both estimates on the same draws."""
    terms: dict[str, Term] = {"double": DReG(count), "plain": IWAE(count)}
    parts: dict[str, list[Tensor]] = {name: [] for name in terms}
    size = min(REPEATS, AT_ONCE // count)
    for start in range(0, REPEATS, size):
        features = vae.features(x).detach().expand(size, -1).clone().requires_grad_()
        noise = noise_for(size, count * REPEATS + start)
        trace = vae.trace(x.expand(size, -1), (count,), noise=noise, features=features)
        for name, term in terms.items():
            (gradient,) = torch.autograd.grad(term(trace).sum(), features, retain_graph=True)
            parts[name].append(gradient)
    return {name: torch.cat(found) for name, found in parts.items()}


def _slope(statement: str, expected: float, found: Mapping[int, Mapping[str, Tensor]], name: str) -> Check:
    """The regression slope of log(|mean| / deviation) on log K."""
    ratios = [
        (pair["double"].mean(0).norm() / pair[name].std(0).norm()).log().item() for pair in found.values()
    ]
    places = [log(count) for count in found]
    middle, height = sum(places) / len(places), sum(ratios) / len(ratios)
    rise = sum((a - middle) * (b - height) for a, b in zip(places, ratios, strict=True))
    slope = rise / sum((a - middle) ** 2 for a in places)
    return Check(GATE, statement, expected, slope, SLOPE)
