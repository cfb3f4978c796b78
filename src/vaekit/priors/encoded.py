"""What priors share that are made of the posteriors of some inputs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm

from vaekit.priors.kept import KeptPrior
from vaekit.priors.none import Unspecified


class EncodedPrior(KeptPrior, ABC):
    """p(z) from what the model's own encoder and posterior say of K inputs.

    In evaluation they are encoded once, and again when a parameter has changed.

    Args:
        encoder: the model's own, which is neither registered nor saved here a second time.
        posterior: of the top site, likewise.
        latents: d, dimensions of z.
    """

    def __init__(self, encoder: Module, posterior: Module, latents: int) -> None:
        super().__init__()
        # In a tuple a module is no submodule; a deep copy of the whole model keeps them together.
        self._shared = (encoder, posterior)
        self.latents = latents
        self._encoded: tuple[tuple[object, ...], Distribution] | None = None

    @abstractmethod
    def mixture(self) -> Distribution:
        """Encode the inputs and return p(z)."""

    @abstractmethod
    def start(self, x: Float[Tensor, "N *E"]) -> None:
        """Start the inputs from some examples."""

    def posteriors_of(self, inputs: Float[Tensor, "K *E"]) -> Distribution:
        """q(z | u_k), batch shape (K,)."""
        encoder, posterior = self._shared
        with _running_statistics(encoder):
            features = encoder(inputs)
        return posterior(features, Unspecified(self.latents), None)

    def forward(self, context: Tensor | None = None) -> Distribution:
        """Return p(z), batch shape ()."""
        if self.training or torch.is_grad_enabled():
            return self.mixture()
        state = self._state()
        if self._encoded is None or self._encoded[0] != state:
            self._encoded = (state, self.mixture())
        return self._encoded[1]

    def train(self, mode: bool = True) -> "EncodedPrior":
        """Change the mode, and forget what was encoded."""
        self._encoded = None
        return super().train(mode)

    def _state(self) -> tuple[object, ...]:
        """What differs once a parameter is another, or holds other numbers."""
        modules = (self, *self._shared)
        tensors = [t for module in modules for t in (*module.parameters(), *module.buffers())]
        return tuple((t.data_ptr(), t._version, t.dtype) for t in tensors)


@contextmanager
def _running_statistics(module: Module) -> Iterator[None]:
    """Normalise by the running moments of the data: those of inputs that are no data would spoil them."""
    layers = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.training]
    for layer in layers:
        layer.training = False
    try:
        yield
    finally:
        for layer in layers:
            layer.training = True


def evenly_chosen(x: Float[Tensor, "N *E"], count: int) -> Float[Tensor, "K *E"]:
    """So many examples, evenly spaced over all; some of them several times where there are fewer.

    Example:
        >>> evenly_chosen(torch.arange(6.0).reshape(6, 1), 3).flatten().tolist()
        [0.0, 2.0, 4.0]
    """
    return x[torch.arange(count, device=x.device) * len(x) // count]
