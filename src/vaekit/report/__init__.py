"""Pictures of a run: sheets of examples, curves, the latent plane; always PNG, always with the same look."""

from vaekit.report.curves import learning_curves
from vaekit.report.epoch_sheets import EpochSheets
from vaekit.report.explore import Traversal, decode, interpolate, posterior_means, samples, traverse
from vaekit.report.files import save_png
from vaekit.report.heat import heat_maps
from vaekit.report.pictures import interpolations, reconstructions, traversal
from vaekit.report.plane import decode_plane, latent_scatter, manifold
from vaekit.report.run_figures import Figures, Labelled, run_figures
from vaekit.report.sheets import Captions, sheet, sheet_of_rows
from vaekit.report.style import as_image

__all__ = [
    "Captions",
    "EpochSheets",
    "Figures",
    "Labelled",
    "Traversal",
    "as_image",
    "decode",
    "decode_plane",
    "heat_maps",
    "interpolate",
    "interpolations",
    "latent_scatter",
    "learning_curves",
    "manifold",
    "posterior_means",
    "reconstructions",
    "run_figures",
    "samples",
    "save_png",
    "sheet",
    "sheet_of_rows",
    "traversal",
    "traverse",
]
