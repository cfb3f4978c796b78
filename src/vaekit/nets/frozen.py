"""A network that looks and is never trained: its numbers are part of a model, and no optimiser sees them."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from vaekit.errors import UserError
from vaekit.nets.extractor import Extractor


@final
class Frozen(nn.Module):
    """The feature maps of a network whose parameters are made buffers; gradients pass through it to what it sees.

    Args:
        network: maps (N, *E) to a tensor or several; of an `Extractor` its stages. It is changed in place.

    Example:
        >>> import torch
        >>> seen = Frozen(Extractor((1, 16, 16)))
        >>> list(seen.parameters()), len(seen(torch.zeros(5, 1, 16, 16)))
        ([], 2)
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        for module in network.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                delattr(module, name)
                module.register_buffer(name, parameter.detach().clone())
        self.network = network.eval()

    def train(self, mode: bool = True) -> "Frozen":
        """Stay in evaluation mode."""
        _ = mode
        return super().train(False)

    def forward(self, x: Float[Tensor, "N *E"]) -> tuple[Tensor, ...]:
        """Return the maps, each (N, …).

        Raises:
            UserError: if the network returns anything but tensors.
        """
        found: object = self.network.maps(x) if isinstance(self.network, Extractor) else self.network(x)
        given = tuple(found) if isinstance(found, tuple | list) else (found,)
        maps = tuple(each for each in given if isinstance(each, Tensor) and len(each) == len(x))
        if len(maps) < len(given):
            raise UserError(
                "a network of features must return a tensor, or several, with one row for each example"
            )
        return maps
