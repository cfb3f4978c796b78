"""C6: the importance-weighted bound rises with K to log p(x), and its bias falls as χ²/2K."""

from itertools import pairwise
from math import exp, log, sqrt

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter

from vaekit.core import VAE
from vaekit.objectives import iwae_bound
from vaekit.ppca import PPCA, fit_ppca
from vaekit.recipes.closed_form import linear_layers
from vaekit.verification.check import STANDARD_ERRORS, Check, estimate, standard_error
from vaekit.verification.linear import gaussian_data, noise_for, optimal_linear_vae

GATE = "C6"
LATENTS = 2
SHIFT, WIDENING = 0.4, 1.2
COUNTS = (1, 4, 16, 64)
EXAMPLES = 20_000


def checks() -> list[Check]:
    """Run the row: Burda et al. 2016, https://arxiv.org/abs/1509.00519, theorem 1; Maddison et al. 2017.

    w̄, the mean of w/p(x), has mean 1 exactly: log w̄ − (w̄ − 1) has the bias of log w̄, with less variance.
    """
    x = gaussian_data(EXAMPLES, (9.0, 2.0, 0.3))
    solution = fit_ppca(x, LATENTS)
    vae = optimal_linear_vae(solution)
    spoil(vae)
    gaps = {count: _gap(vae, x, solution, count) for count in COUNTS}
    last = COUNTS[-1]
    return [
        *(_rises(gaps[few], gaps[many], f"IWAE_{many} exceeds IWAE_{few}") for few, many in pairwise(COUNTS)),
        _rises(gaps[last], torch.zeros_like(gaps[last]), f"log p(x) exceeds IWAE_{last}"),
        estimate(GATE, "log p(x) - IWAE_1 = KL(q||p(z|x))", _divergence(), gaps[1], "nats"),
        estimate(GATE, "the weights' mean is p(x): E w/p(x)", 1.0, _ratio(vae, x, solution, 4)),
        estimate(
            GATE, f"2K (log p(x) - IWAE_K) = chi^2 + O(1/K), K = {last}", _bias(last), 2 * last * gaps[last]
        ),
    ]


@torch.no_grad()
def spoil(vae: VAE) -> None:
    """Shift q by 0.4 posterior deviations in every dimension, and widen it by 1.2."""
    _, mean, posterior, _ = linear_layers(vae)
    if not isinstance(posterior.log_std, Parameter):
        raise TypeError("the posterior of a linear VAE shares one scale")
    mean.bias.add_(SHIFT * posterior.log_std.exp())
    posterior.log_std.add_(log(WIDENING))


@torch.no_grad()
def _log_ratios(vae: VAE, x: Float[Tensor, "N D"], solution: PPCA, count: int) -> Float[Tensor, "K N"]:
    """log w − log p(x) of K draws."""
    return vae.trace(x, (count,), noise=noise_for(len(x), count)).log_weight() - solution.log_evidence(x)


def _ratio(vae: VAE, x: Float[Tensor, "N D"], solution: PPCA, count: int) -> Float[Tensor, " N"]:
    return _log_ratios(vae, x, solution, count).exp().mean(0)


def _gap(vae: VAE, x: Float[Tensor, "N D"], solution: PPCA, count: int) -> Float[Tensor, " N"]:
    """log p(x) − IWAE_K of each example, plus the w̄ − 1 of mean 0."""
    log_ratios = _log_ratios(vae, x, solution, count)
    return log_ratios.exp().mean(0) - 1 - iwae_bound(log_ratios)


def _rises(below: Float[Tensor, " N"], above: Float[Tensor, " N"], statement: str) -> Check:
    """One bound's gap is larger than another's by more than chance."""
    error = sqrt(standard_error(below) ** 2 + standard_error(above) ** 2)
    rise = (below.mean() - above.mean()).item()
    text = f"{statement} ({STANDARD_ERRORS:g} s.e.; s.e. {error:.2g})"
    return Check(GATE, text, STANDARD_ERRORS * error, rise, 0.0, "nats", "at_least")


def _divergence() -> float:
    """KL(q ‖ p(z | x)) of normals whose means lie `SHIFT` and whose deviations `WIDENING` apart."""
    return LATENTS * (WIDENING**2 + SHIFT**2 - 1 - 2 * log(WIDENING)) / 2


def _moment(order: int) -> float:
    """E_q[(p(z|x)/q(z))ⁿ] = ∫ pⁿ q¹⁻ⁿ dz, in units of the posterior's deviation.

    For p = N(0, 1), q = N(m, v): v^{(n−1)/2} (n + (1−n)/v)^{−½} exp(n(n−1)m² / 2(nv + 1 − n)).
    """
    v = WIDENING**2
    spread = v ** ((order - 1) / 2) / sqrt(order + (1 - order) / v)
    tilt = exp(order * (order - 1) * SHIFT**2 / (2 * (order * v + 1 - order)))
    return (spread * tilt) ** LATENTS


def _bias(count: int) -> float:
    """2K(log p − E log w̄) = μ₂ + (3μ₂²/2 − 2μ₃/3)/K + O(1/K²), μₙ the central moments of w/p, μ₂ = χ²."""
    second, third = _moment(2), _moment(3)
    chi_square = second - 1
    skew = third - 3 * second + 2
    return chi_square + (1.5 * chi_square**2 - 2 * skew / 3) / count
