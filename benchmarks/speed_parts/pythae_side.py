"""Pythae from the package index: the public classes that a user would take, with the network given to them."""

import importlib.util
import logging
import os
import tempfile
from contextlib import redirect_stderr
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from .rounds import Contender


def installed() -> bool:
    """Whether Pythae is at hand."""
    return importlib.util.find_spec("pythae") is not None


def model(shape: tuple[int, ...], latents: int, encoder: nn.Module, decoder: nn.Module, loss: str) -> Any:
    """Pythae's VAE around an encoder that returns (μ, log σ²) and a decoder.

    Args:
        shape: of one example.
        latents: d.
        encoder: (N, *E) to two of (N, d).
        decoder: (N, d) to (N, *E), the last squashing included.
        loss: mse or bce.
    """
    logging.disable(logging.INFO)
    models, nets = import_module("pythae.models"), import_module("pythae.models.nn")
    output = import_module("pythae.models.base.base_utils").ModelOutput

    class Encoder(nets.BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = encoder

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.inner(x)
            return output(embedding=mean, log_covariance=log_variance)

    class Decoder(nets.BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = decoder

        def forward(self, z: Tensor) -> Any:
            return output(reconstruction=self.inner(z))

    config = models.VAEConfig(input_dim=shape, latent_dim=latents, reconstruction_loss=loss)
    return models.VAE(config, encoder=Encoder(), decoder=Decoder())


def pythae(name: str, vae: Any, images: Tensor, batch: int) -> Contender:
    """Its BaseTrainer: each turn is a call of its public `train_step` on an epoch of as many batches as steps.

    The images are a float tensor in memory, in Pythae's own dataset and its own loader without workers.
    """
    dataset, trainers = import_module("pythae.data.datasets").BaseDataset, import_module("pythae.trainers")

    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        config = trainers.BaseTrainerConfig(
            output_dir=folder, learning_rate=1e-3, per_device_train_batch_size=batch, no_cuda=True
        )
        first = dataset(images[:batch], torch.ones(batch))
        trainer = trainers.BaseTrainer(vae, first, training_config=config)
        trainer.prepare_training()

    def take(steps: int) -> None:
        chosen = torch.randint(len(images) - steps * batch + 1, ()).item()
        part = images[int(chosen) : int(chosen) + steps * batch]
        with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
            trainer.train_loader = trainer.get_train_dataloader(dataset(part, torch.ones(len(part))))
            trainer.train_step(1)

    return Contender(name, batch, take)
