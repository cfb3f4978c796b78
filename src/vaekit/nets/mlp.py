"""The multilayer perceptron."""

from itertools import pairwise
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from vaekit.nets.options import Activation

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU}


def hidden_layers(
    in_features: int, hidden: tuple[int, ...], activation: Activation = "tanh"
) -> nn.Sequential:
    """Stack linear layers, an activation after each; an empty `hidden` gives the identity.

    Biases start at zero; weights by Glorot's uniform law for tanh, by He's for the rectifiers.

    Args:
        in_features: length of an input vector.
        hidden: width of each layer.
        activation: nonlinearity after each layer.

    Source:
        Glorot & Bengio 2010, equation 16; He et al. 2015 (arXiv 1502.01852), equation 10.

    Example:
        >>> [type(layer).__name__ for layer in hidden_layers(4, (8, 8), "silu")]
        ['Linear', 'SiLU', 'Linear', 'SiLU']
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise((in_features, *hidden)):
        linear = nn.Linear(fan_in, fan_out)
        if activation == "tanh":
            nn.init.xavier_uniform_(linear.weight)
        else:
            nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, _ACTIVATIONS[activation]()]
    return nn.Sequential(*layers)


@final
class MLP(nn.Module):
    """Hidden layers, then a linear one; with `hidden=()` it is the affine map x ↦ Wx + b.

    Args:
        in_features: length of an input vector.
        hidden: width of each hidden layer.
        out_features: length of an output vector.
        activation: nonlinearity after each hidden layer.

    Example:
        >>> import torch
        >>> MLP(2, (16, 16), 3)(torch.zeros(5, 2)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self, in_features: int, hidden: tuple[int, ...], out_features: int, activation: Activation = "tanh"
    ) -> None:
        super().__init__()
        self.hidden = hidden_layers(in_features, hidden, activation)
        self.output = nn.Linear((in_features, *hidden)[-1], out_features)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Float[Tensor, "*N D"]) -> Float[Tensor, "*N F"]:
        """Return the output vectors, (*N, out_features), of vectors (*N, in_features)."""
        return self.output(self.hidden(x))
