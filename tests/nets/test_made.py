"""What each output of a MADE sees."""

import pytest
import torch
from torch import Tensor

from vaekit.nets.made import MADE


@pytest.mark.parametrize(("values", "width"), [(1, 4), (2, 1), (5, 3), (5, 32)])
def test_an_output_sees_earlier_values_alone_and_the_context(values: int, width: int) -> None:
    torch.manual_seed(0)
    net = MADE(values, 3, width, outputs=2).double()
    z, context = torch.randn(values).double(), torch.randn(3).double()
    seen = torch.autograd.functional.jacobian(lambda v: net(v, context).sum(-1), z)
    told = torch.autograd.functional.jacobian(lambda c: net(z, c).sum(-1), context)
    assert isinstance(seen, Tensor)
    assert isinstance(told, Tensor)
    assert (seen.triu() == 0).all()
    assert (told != 0).all()
    if width >= values > 1:
        assert (seen[torch.ones(values, values).tril(-1).bool()] != 0).all()


def test_values_and_context_are_broadcast() -> None:
    net = MADE(3, 2, 8, outputs=2)
    assert net(torch.zeros(7, 1, 3), torch.zeros(5, 2)).shape == (7, 5, 3, 2)
