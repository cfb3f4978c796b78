"""Latents: the order in which sites are visited from the top to the decoder."""

from vaekit.latents.codes import CodeLatents, OneGrid, TwoGrids
from vaekit.latents.flat import Flat
from vaekit.latents.hierarchy import TopDown
from vaekit.latents.side_by_side import SideBySide

__all__ = ["CodeLatents", "Flat", "OneGrid", "SideBySide", "TopDown", "TwoGrids"]
