"""Latents: the order in which sites are visited from the top to the decoder."""

from vaekit.latents.flat import Flat
from vaekit.latents.hierarchy import TopDown

__all__ = ["Flat", "TopDown"]
