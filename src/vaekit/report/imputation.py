"""Examples with holes above what fills them."""

from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from vaekit.report.heat import heat_maps
from vaekit.report.pictures import columns_for
from vaekit.report.sheets import Captions, sheet_of_rows

HOLE = 0.5
"""What a picture shows where there is nothing."""


def imputation_sheet(
    x: Float[Tensor, "N *E"],
    imputed: Float[Tensor, "N *E"],
    missing: Bool[Tensor, "N *E"],
    columns: int = 12,
) -> Image.Image:
    """Lay out the examples as they are, with holes, and filled; the first row only where the truth is known.

    Args:
        x: the examples; NaN where nobody knows the truth.
        imputed: the same, filled.
        missing: what was filled.
        columns: examples in a row, fewer if they are large.
    """
    x, imputed, missing = x.cpu(), imputed.cpu(), missing.cpu()
    known = not bool(x.isnan().any())
    title, note = "Imputation", "the model sees the row with holes only"
    if x.ndim == 2:
        shown = {"original": x} if known else {}
        shown |= {"with holes": x.masked_fill(missing, float("nan")), "imputed": imputed}
        return heat_maps(list(shown.items()), title=title, note=note)
    shown = ({"original": x} if known else {}) | {
        "with holes": x.masked_fill(missing, HOLE),
        "imputed": imputed,
    }
    across = min(len(x), columns_for(x.shape[1:], columns))
    split = [each.split(across) for each in shown.values()]
    rows = [row for group in zip(*split, strict=True) for row in group]
    labels = [*shown] * (len(rows) // len(shown))
    return sheet_of_rows(rows, None, Captions(title, note, labels, group=len(shown)))
