"""C5: the continuous Bernoulli's constant and mean, near λ = ½ too."""

from math import atanh, log

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vaekit.likelihoods import ContinuousBernoulliLikelihood
from vaekit.verification.check import Check, compare

GATE = "C5"
EXACT = 1e-6
FAR = (0.001, 0.1, 0.3, 0.7, 0.9, 0.999)
NEAR_HALF = tuple(0.5 + sign * offset for offset in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5) for sign in (-1, 1))
NODES = 20_001


def checks() -> list[Check]:
    """Run the row: Loaiza-Ganem & Cunningham 2019, https://arxiv.org/abs/1907.06845, equations 3, 8 and 9."""
    found = [*_closed_form(FAR, torch.float64), *_closed_form(NEAR_HALF, torch.float32), *_quadrature()]
    tenth = _distribution((0.1,), torch.float64)
    half = _distribution((0.5,), torch.float32)
    return [
        *found,
        Check(GATE, "mean at lambda = .1 is .330, not .1", 0.330, tenth.mean.item(), 5e-4),
        Check(GATE, "mean at lambda = 1/2 exactly", 0.5, half.mean.item(), EXACT),
        Check(
            GATE,
            "density at lambda = 1/2 exactly",
            0.0,
            half.log_prob(torch.tensor([0.3])).item(),
            EXACT,
            "nats",
        ),
    ]


def _distribution(rates: tuple[float, ...], dtype: torch.dtype) -> Distribution:
    """The likelihood's distribution for these λ, batch shape (n,)."""
    logits = torch.tensor([[log(rate / (1 - rate))] for rate in rates], dtype=dtype)
    return ContinuousBernoulliLikelihood((1,))(logits)


def _closed_form(rates: tuple[float, ...], dtype: torch.dtype) -> list[Check]:
    """log C = log p(x) − x log λ − (1 − x) log(1 − λ), and the mean, by Python's own floats."""
    p = _distribution(rates, dtype)
    x = 0.25
    constants = [log(2 * atanh(1 - 2 * rate) / (1 - 2 * rate)) for rate in rates]
    densities = [c + x * log(r) + (1 - x) * log(1 - r) for c, r in zip(constants, rates, strict=True)]
    means = [rate / (2 * rate - 1) + 1 / (2 * atanh(1 - 2 * rate)) for rate in rates]
    kind = f"lambda {min(rates):g} to {max(rates):g}, {str(dtype).removeprefix('torch.')}"
    measured = p.log_prob(torch.full((len(rates), 1), x, dtype=dtype))
    return [
        compare(
            GATE,
            f"log density by C = 2 atanh(1-2l)/(1-2l): {kind}",
            _double(densities),
            measured,
            EXACT,
            "nats",
        ),
        compare(
            GATE, f"mean l/(2l-1) + 1/(2 atanh(1-2l)): {kind}", _double(means), p.mean.squeeze(-1), EXACT
        ),
    ]


def _double(values: list[float]) -> Float[Tensor, " n"]:
    return torch.tensor(values, dtype=torch.float64)


def _quadrature() -> list[Check]:
    """The density integrates to 1, and x under it to the mean, by Simpson's rule."""
    p = _distribution(FAR, torch.float64)
    x = torch.linspace(0, 1, NODES, dtype=torch.float64)
    weights = torch.full_like(x, 2.0)
    weights[1::2] = 4.0
    weights[0] = weights[-1] = 1.0
    weights = weights / (3 * (NODES - 1))
    density = p.log_prob(x.reshape(NODES, 1, 1)).exp()
    total = weights @ density
    mean = (weights * x) @ density
    return [
        compare(GATE, "density integrates to 1", torch.ones_like(total), total, EXACT),
        compare(GATE, "integral of x p(x) = mean", mean, p.mean.squeeze(-1), EXACT),
    ]
