"""Hamiltonian Monte Carlo: draws from a density that is known up to a constant, several chains at once."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.errors import UserError

LogDensity = Callable[[Tensor], Tensor]
"""Maps points (N, d) to log p up to a constant, (N,) nats, each point by itself."""


@final
@dataclass(frozen=True)
class HMC:
    """How the chains move.

    Args:
        step_size: of the leapfrog integrator, at the start of the warm-up.
        steps: of the integrator for one proposal.
        warm_up: proposals that are thrown away while the step size finds the wanted acceptance; 0 keeps it.
        acceptance: the acceptance that is wanted, averaged over chains.
        jitter: each proposal's step size is drawn from (1 ± jitter) of it, so that no orbit closes on itself and
            sharply bent tails, where long steps are refused, are entered and left.

    Raises:
        UserError: for a number out of its range.
    """

    step_size: float = 0.1
    steps: int = 12
    warm_up: int = 200
    acceptance: float = 0.9
    jitter: float = 0.5

    def __post_init__(self) -> None:
        ranges = {
            "step_size must be above 0": self.step_size > 0,
            "steps must be at least 1": self.steps >= 1,
            "warm_up must not be negative": self.warm_up >= 0,
            "acceptance must lie between 0 and 1": 0 < self.acceptance < 1,
            "jitter must lie in [0, 1)": 0 <= self.jitter < 1,
        }
        for rule, holds in ranges.items():
            if not holds:
                raise UserError(f"HMC: {rule}, got {getattr(self, rule.split()[0]):g}")


@final
@dataclass(frozen=True)
class Chains:
    """What the chains leave behind.

    Args:
        draws: after the warm-up, (T, N, d).
        acceptance: mean probability of acceptance after the warm-up.
        step_size: that the warm-up ended with.
    """

    draws: Float[Tensor, "T N d"]
    acceptance: float
    step_size: float

    @property
    def points(self) -> Float[Tensor, "M d"]:
        """All draws of all chains, (T·N, d)."""
        return self.draws.flatten(0, 1)


def leapfrog(
    log_density: LogDensity,
    position: Float[Tensor, "N d"],
    momentum: Float[Tensor, "N d"],
    step_size: float | Float[Tensor, "N 1"],
    steps: int,
) -> tuple[Float[Tensor, "N d"], Float[Tensor, "N d"]]:
    """Follow Hamilton's equations for H = −log p(x) + ‖v‖²/2 by L steps: reversible, and keeps volume.

    v ← v + (ε/2) ∇log p(x), x ← x + ε v, v ← v + (ε/2) ∇log p(x).

    Args:
        log_density: log p up to a constant.
        position: x, (N, d).
        momentum: v, (N, d).
        step_size: ε, one number or one for each chain.
        steps: L.

    Source: Neal 2011, https://arxiv.org/abs/1206.1901, equations 2.28 to 2.30.

    Example:
        >>> x, v = leapfrog(lambda x: -x.square().sum(-1) / 2, torch.ones(1, 1), torch.zeros(1, 1), 0.01, 157)
        >>> abs(x.item()) < 1e-3, round(v.item(), 3)  # a quarter of the circle
        (True, -1.0)
    """
    momentum = momentum + step_size / 2 * _slope(log_density, position)
    for step in range(steps):
        position = position + step_size * momentum
        kick = step_size if step < steps - 1 else step_size / 2
        momentum = momentum + kick * _slope(log_density, position)
    return position, momentum


def proposal(
    log_density: LogDensity,
    position: Float[Tensor, "N d"],
    momentum: Float[Tensor, "N d"],
    step_size: float | Float[Tensor, "N 1"],
    steps: int,
) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
    """Where a leapfrog path ends, and the probability min(1, e^{H(x, v) − H(x', v')}) of going there.

    Args:
        log_density: log p up to a constant.
        position: x, (N, d).
        momentum: v ~ N(0, I), (N, d).
        step_size: ε, one number or one for each chain.
        steps: L.

    Source: Neal 2011, https://arxiv.org/abs/1206.1901, figure 2.
    """
    end, final = leapfrog(log_density, position, momentum, step_size, steps)
    with torch.no_grad():
        before = log_density(position) - momentum.square().sum(-1) / 2
        after = log_density(end) - final.square().sum(-1) / 2
    # A path that diverged, to a NaN or an infinite density, is refused.
    gain = torch.where(end.isfinite().all(-1), after - before, -torch.inf).nan_to_num(
        nan=-torch.inf, posinf=-torch.inf
    )
    return end, gain.clamp(max=0).exp()


def hmc(
    log_density: LogDensity,
    start: Float[Tensor, "N d"],
    draws: int,
    options: HMC | None = None,
    seed: int = 0,
) -> Chains:
    """Draw from p by Hamiltonian Monte Carlo, N chains side by side.

    A fresh v ~ N(0, I), a leapfrog path to (x', v'), accepted with probability min(1, e^{H(x, v) − H(x', v')}).

    Args:
        log_density: log p up to a constant, (N, d) → (N,).
        start: where each chain begins, (N, d).
        draws: T of each chain, after the warm-up.
        options: step size, path length and warm-up.
        seed: of the momenta and the acceptance.

    Raises:
        UserError: if the density of a start is not finite, or fewer than one draw is asked for.

    Source: Duane et al. 1987, Hybrid Monte Carlo; Neal 2011, https://arxiv.org/abs/1206.1901, figure 2.

    Example:
        >>> chains = hmc(lambda x: -x.square().sum(-1) / 2, torch.zeros(50, 2), draws=100)
        >>> chains.draws.shape, bool((chains.points.var(0) - 1).abs().max() < 0.2)
        (torch.Size([100, 50, 2]), True)
    """
    options = options or HMC()
    if draws < 1:
        raise UserError(f"at least one draw is needed, got {draws}")
    if not bool(log_density(start).isfinite().all()):
        raise UserError("a chain starts where log p is not finite; start inside the support")
    generator = torch.Generator(device=start.device).manual_seed(seed)
    position, log_step = start.detach(), log(options.step_size)
    averaged = log_step
    for turn in range(1, options.warm_up + 1):
        position, accepted = _propose(log_density, position, exp(log_step), options, generator)
        # Robbins–Monro: half of the warm-up finds the place, the other half settles there and is averaged.
        late = max(1, turn - options.warm_up // 2)
        log_step += (accepted - options.acceptance) / late**0.6
        averaged += (log_step - averaged) / late
    kept, rates = [], []
    for _ in range(draws):
        position, accepted = _propose(log_density, position, exp(averaged), options, generator)
        kept.append(position)
        rates.append(accepted)
    return Chains(torch.stack(kept), sum(rates) / draws, exp(averaged))


def _propose(
    log_density: LogDensity, position: Tensor, step_size: float, options: HMC, generator: torch.Generator
) -> tuple[Tensor, float]:
    """One proposal of every chain, and their mean probability of acceptance."""
    chains, like = position.shape[0], {"dtype": position.dtype, "device": position.device}
    momentum = torch.randn(position.shape, generator=generator, **like)
    uniform, chance = torch.rand(2, chains, generator=generator, **like)
    step = step_size * (1 + options.jitter * (2 * uniform.unsqueeze(-1) - 1))
    end, probability = proposal(log_density, position, momentum, step, options.steps)
    moved = torch.where((chance < probability).unsqueeze(-1), end, position)
    return moved, probability.mean().item()


def _slope(log_density: LogDensity, position: Tensor) -> Tensor:
    """∇log p of every point, differentiable where the point is."""
    tracked = position.requires_grad
    with torch.enable_grad():
        x = position if tracked else position.detach().requires_grad_()
        (slope,) = torch.autograd.grad(log_density(x).sum(), x, create_graph=tracked)
    return slope
