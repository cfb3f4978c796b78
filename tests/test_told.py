from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vaekit.told import Told, context_of, plain, told_as

N = 6


@pytest.fixture
def x() -> Told:
    """Row n is full of n, and its condition says so."""
    values = torch.arange(float(N)).reshape(N, 1, 1, 1).expand(N, 1, 2, 2).clone()
    return Told.of(values, torch.eye(N))


def says_what_it_holds(part: Tensor) -> bool:
    context = context_of(part)
    return context is not None and context.argmax(-1).tolist() == plain(part).flatten(1)[:, 0].tolist()


MOVES: dict[str, Callable[[Tensor], Tensor]] = {
    "a slice": lambda x: x[1:4],
    "a slice of a slice": lambda x: x[1:][::2],
    "rows by index": lambda x: x[torch.tensor([4, 0, 0])],
    "rows by list": lambda x: x[[2, 5]],
    "rows by truth": lambda x: x[torch.arange(N) % 2 == 0],
    "rows and columns": lambda x: x[2:, :, :1],
    "one kept as a batch": lambda x: x[3][None],
    "joined": lambda x: torch.cat([x[4:], x[:2]]),
    "stacked": lambda x: torch.stack([x[4], x[1]]),
    "stacked from a loop": lambda x: torch.stack([row for row in x if row.sum() > 3]),
    "unbound": lambda x: torch.stack([*x.unbind()]),
    "split": lambda x: x.split(4)[1],
    "split unevenly": lambda x: x.split([1, 5])[1],
    "a copy": lambda x: x.clone(),
    "other precision": lambda x: x.double(),
    "other layout": lambda x: x.to(memory_format=torch.channels_last),
    "detached": lambda x: x.detach(),
}


@pytest.mark.parametrize("name", MOVES)
def test_rows_that_move_keep_their_conditions(x: Told, name: str) -> None:
    assert says_what_it_holds(MOVES[name](x))


def test_conditions_have_the_precision_of_the_rows(x: Told) -> None:
    context = context_of(x.double())
    assert context is not None
    assert context.dtype == torch.float64


def test_a_copy_in_place_takes_the_conditions_along(x: Told) -> None:
    held = x.clone()
    held.copy_(x[torch.arange(N - 1, -1, -1)])
    assert says_what_it_holds(held)
    assert plain(held)[0, 0, 0, 0] == N - 1


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "a sum": lambda x: x + 1,
    "a difference": lambda x: x - x,
    "a mean": lambda x: x.mean(),
    "flattened": lambda x: x.flatten(1),
    "joined along another axis": lambda x: torch.cat([x, x], 1),
    "joined with others": lambda x: torch.cat([x, plain(x)]),
    "compared": lambda x: x == 0,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_computed_is_an_ordinary_tensor(x: Told, name: str) -> None:
    assert type(CHANGES[name](x)) is Tensor


def test_the_values_are_those_of_the_examples(x: Told) -> None:
    assert torch.equal(plain(x), x)
    assert type(plain(x)) is Tensor
    assert x.shape == (N, 1, 2, 2)
    assert len(x) == N


def test_gradients_pass(x: Told) -> None:
    layer = torch.nn.Linear(4, 1)
    layer(x.flatten(1)).sum().backward()
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, plain(x).flatten(1).sum(0)[None])


def test_another_tensor_can_stand_for_the_same_examples(x: Told) -> None:
    noisy = told_as(x, plain(x) + 0.1)
    assert context_of(noisy) is x.context
    assert context_of(told_as(plain(x), noisy)) is x.context
    assert type(told_as(plain(x), plain(x) + 0.1)) is Tensor
