"""A perceptron whose j-th outputs see the inputs before the j-th, and a context."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


@final
class MaskedLinear(nn.Module):
    """y = (W ∘ M) x + b.

    Args:
        mask: M of 0 and 1, (outputs, inputs).
    """

    mask: Tensor

    def __init__(self, mask: Float[Tensor, "n m"]) -> None:
        super().__init__()
        fresh = nn.Linear(mask.shape[1], mask.shape[0])
        self.weight, self.bias = fresh.weight, fresh.bias
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Float[Tensor, "*B m"]) -> Float[Tensor, "*B n"]:
        """Return y."""
        return F.linear(x, self.weight * self.mask, self.bias)


@final
class MADE(nn.Module):
    """K numbers for each of d values, from the values before it and from a context.

    Two hidden layers; unit k sees values up to a degree of its own, the degrees spread evenly over 1 … d − 1.

    Args:
        values: d.
        context: C, numbers of the context, which every unit sees.
        width: of the hidden layers.
        outputs: K.

    Source: Germain et al. 2015, MADE, https://arxiv.org/abs/1502.03509, equations 8–9, with a context as Kingma et
    al. 2016, https://arxiv.org/abs/1606.04934, section 4.

    Example:
        >>> net = MADE(values=3, context=2, width=8, outputs=2)
        >>> z = torch.zeros(5, 3, requires_grad=True)
        >>> first, second, third = net(z, torch.ones(5, 2))[0, :, 0]
        >>> [(slope != 0).tolist() for slope in torch.autograd.grad(second, z)[0][0]]
        [True, False, False]
    """

    def __init__(self, values: int, context: int, width: int, outputs: int) -> None:
        super().__init__()
        self.shape = (values, outputs)
        # Values have the degrees 0 … d − 1; a hidden unit of degree k sees those up to k, an output those before it.
        own, unit = torch.arange(values), torch.arange(width) * max(values - 1, 1) // width
        before = (own.repeat_interleave(outputs)[:, None] > unit).float()
        self.first = MaskedLinear((unit[:, None] >= own).float())
        self.second = MaskedLinear((unit[:, None] >= unit).float())
        self.last = MaskedLinear(before)
        self.told = nn.ModuleList(nn.Linear(context, n, bias=False) for n in (width, width, values * outputs))

    def forward(self, z: Float[Tensor, "*#B d"], context: Float[Tensor, "*#B C"]) -> Float[Tensor, "*B d K"]:
        """Return the numbers; z and context are broadcast."""
        first, second, last = self.told
        h = F.elu(self.first(z) + first(context))
        h = F.elu(self.second(h) + second(context))
        found = self.last(h) + last(context)
        return found.unflatten(-1, self.shape)
