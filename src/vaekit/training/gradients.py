"""Gradients of a turn over a whole batch, in micro-batches and over all processes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import final

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor
from torch.nn import Parameter

from vaekit.noise import Noise
from vaekit.objectives import Turn
from vaekit.objectives.algebra import MODEL
from vaekit.training.step import LOSS
from vaekit.training.team import averaged, mean_over_processes


@final
class Gradients:
    """Takes the gradients of turns.

    Args:
        step: a `Step` as the engine wrapped it.
        turns: of the step.
        players: the parameters of each.
        fabric: the engine.
    """

    def __init__(
        self,
        step: _FabricModule,
        turns: Sequence[Turn],
        players: Mapping[str, list[Parameter]],
        fabric: Fabric,
    ) -> None:
        self.step, self.turns, self.players, self.fabric = step, tuple(turns), players, fabric

    def of_turn(
        self, index: int, batches: Sequence[tuple[Tensor, Noise]], fraction: Tensor
    ) -> dict[str, Tensor]:
        """Leave the gradients of a turn in its players, and return what the step put out.

        Args:
            index: of the turn.
            batches: this process's micro-batches.
            fraction: of training that is done.

        Returns:
            The means over micro-batches and processes of what `Step` returns, detached.
        """
        turn, several = self.turns[index], self.fabric.world_size > 1
        # Which parameters a player of a game reaches is for its turn to say; DDP expects a gradient in all.
        by_ddp = several and turn.players == (MODEL,)
        outputs: list[dict[str, Tensor]] = []
        for place, (x, noise) in enumerate(batches):
            waits = several and not (by_ddp and place == len(batches) - 1)
            with self.fabric.no_backward_sync(self.step) if waits else nullcontext():
                out: dict[str, Tensor] = self.step(x, noise, fraction, index)
                losses = {player: out[LOSS + player] / len(batches) for player in turn.players}
                differentiate(turn, losses, self.players, self.fabric.backward, add=place > 0)
            outputs.append({name: value.detach() for name, value in out.items()})
        if several and not by_ddp:
            self._exchange([p for player in turn.players for p in self.players[player]])
        return averaged(outputs, self.fabric)

    def _exchange(self, parameters: Sequence[Parameter]) -> None:
        reached = [(p, p.grad) for p in parameters if p.grad is not None]
        means = mean_over_processes([gradient for _, gradient in reached], self.fabric)
        for (parameter, _), mean in zip(reached, means, strict=True):
            parameter.grad = _laid_like(parameter, mean)


def differentiate(
    turn: Turn,
    losses: Mapping[str, Tensor],
    players: Mapping[str, list[Parameter]],
    backward: Callable[[Tensor], None],
    add: bool = False,
) -> None:
    """Leave in every player's parameters the gradient of its loss; all are taken before any player steps.

    Args:
        turn: whose players move.
        losses: of each.
        players: the parameters of each.
        backward: of a turn with one player.
        add: to the gradients that are there, those of other micro-batches.
    """
    if len(turn.players) == 1:
        (player,) = turn.players
        if not add:
            for parameter in players[player]:
                parameter.grad = None
        backward(losses[player])
        return
    for player in turn.players:
        own, last = players[player], player == turn.players[-1]
        gradients = torch.autograd.grad(losses[player], own, retain_graph=not last, allow_unused=True)
        for parameter, gradient in zip(own, gradients, strict=True):
            if gradient is None:
                parameter.grad = parameter.grad if add else None
            elif add and parameter.grad is not None:
                parameter.grad += gradient
            else:
                parameter.grad = _laid_like(parameter, gradient)


def _laid_like(parameter: Parameter, gradient: Tensor) -> Tensor:
    """The gradient with the strides of its parameter: fused optimisers walk through the memory of both alike."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
