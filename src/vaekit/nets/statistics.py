"""Whether a network lets the examples of a batch see one another."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def uses_batch_statistics(module: nn.Module) -> bool:
    """Tell whether any layer couples the examples of a batch, in the mode (train or eval) it is in now.

    A batch normalisation does so in training, and in evaluation where it keeps no running moments.

    Args:
        module: a network, or anything that contains some.

    Example:
        >>> layer = nn.BatchNorm2d(3)
        >>> uses_batch_statistics(layer), uses_batch_statistics(layer.eval())
        (True, False)
    """
    return any(
        layer.training or layer.running_mean is None
        for layer in module.modules()
        if isinstance(layer, _BatchNorm)
    )
