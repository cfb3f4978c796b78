"""One door to feature spaces: a word, a file or a function goes in, a `FeatureSpace` comes out."""

from pathlib import Path

from vaekit.errors import UserError
from vaekit.features.file import load_space
from vaekit.features.inception_file import inception_space
from vaekit.features.space import FeatureSpace, pixels
from vaekit.features.user import FORM, module_space
from vaekit.spec import DataSpec

ACCEPTED = f"pixels, a file that vaekit features wrote, inception:FILE, or {FORM}"


def open_space(named: str, spec: DataSpec) -> FeatureSpace:
    """Return the feature space that a text names, and make sure that it takes the examples.

    Args:
        named: "pixels": the examples themselves; the path of a file that `vaekit features` wrote;
            "inception:FILE": a file of Inception weights, called FID only where it is the published one;
            "module:PACKAGE.MODULE:FUNCTION": a function that returns a `torch.nn.Module` from (B, *E) in [0, 1]
            to (B, F).
        spec: of the data.

    Raises:
        UserError: if there is no such space, or it takes other examples.

    Example:
        >>> open_space("pixels", DataSpec((1, 8, 8), 17)).describe()
        'pixels; 64 features; resize: none'
    """
    kind, colon, rest = named.partition(":")
    if named == "pixels":
        return pixels(spec.shape)
    if colon and kind == "inception":
        return inception_space(Path(rest).expanduser(), spec.shape)
    if colon and kind == "module":
        return module_space(rest, spec.shape)
    path = Path(named).expanduser()
    if not path.is_file():
        raise UserError(f"there is no feature space {named}: give {ACCEPTED}")
    space = load_space(path)
    space.check_takes(spec)
    return space
