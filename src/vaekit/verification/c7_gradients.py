"""C7: the score-function gradient of ‖z‖² is (D+2)(D+4)/4 times as noisy as the pathwise one."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, Normal

from vaekit.core import Site
from vaekit.noise import draw
from vaekit.priors import StandardNormal
from vaekit.verification.check import Check, standard_error
from vaekit.verification.linear import noise_for

GATE = "C7"
DIMENSIONS = 128
DRAWS = 40_000
CHUNK = 10_000
DEVIATION = 0.5
RELATIVE = 0.02


def checks() -> list[Check]:
    """Run the row: Mohamed et al. 2020, Monte Carlo gradient estimation, https://arxiv.org/abs/1906.10652."""
    parts = [_squared_gradients(key) for key in range(DRAWS // CHUNK)]
    pathwise = torch.cat([path for path, _ in parts])
    score = torch.cat([score for _, score in parts])
    variance = DEVIATION**2
    ratio = (DIMENSIONS + 2) * (DIMENSIONS + 4) / 4
    found = (score.mean() / pathwise.mean()).item()
    return [
        _within("pathwise: Var = 4 sigma^2", 4 * variance, pathwise),
        _within("score function: Var = sigma^2 (D+2)(D+4)", 4 * variance * ratio, score),
        Check(GATE, f"ratio of the variances at D = {DIMENSIONS}", ratio, found, RELATIVE * ratio, "times"),
    ]


def _within(statement: str, expected: float, values: Float[Tensor, " n"]) -> Check:
    """Allow two percent, ten standard errors or more."""
    text = f"{statement} (2%; s.e. {standard_error(values) / expected:.2%})"
    return Check(GATE, text, expected, values.mean().item(), RELATIVE * expected)


def _squared_gradients(key: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """g² of each draw, averaged over coordinates: E g = 0 at μ = 0, so that its mean is the variance."""
    mean = torch.zeros(CHUNK, DIMENSIONS, dtype=torch.float64, requires_grad=True)
    std = torch.full_like(mean, DEVIATION)
    q = Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)
    z = draw(q, (CHUNK,), noise_for(CHUNK, key), "z")
    (pathwise,) = torch.autograd.grad(z.square().sum(), mean, retain_graph=True)
    fixed = Site("z", z.detach(), StandardNormal(DIMENSIONS)(), q)
    value = fixed.z.square().sum(-1)
    (score,) = torch.autograd.grad((value * fixed.log_q).sum(), mean)
    return pathwise.square().mean(-1), score.square().mean(-1)
