"""The engine on the device that was asked for."""

import torch
from lightning_fabric import Fabric

from vaekit.errors import UserError, nearest
from vaekit.training.options import DEVICES


def engine(device: str) -> Fabric:
    """A Fabric on one device.

    Raises:
        UserError: for an unknown or absent device.

    Example:
        >>> engine("gpux")
        Traceback (most recent call last):
        vaekit.errors.UserError: no device is called gpux; known are: auto, cpu, cuda, mps
    """
    if device not in DEVICES:
        raise UserError(f"no device is called {device}; {nearest(device, DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is at hand: use --device auto or --device cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise UserError("no Apple GPU is at hand: use --device auto or --device cpu")
    return Fabric(accelerator=device, devices=1)
