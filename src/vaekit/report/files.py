"""PNG files that are never half written."""

from pathlib import Path

from PIL import Image

from vaekit.errors import UserError
from vaekit.files import replacing


def save_png(image: Image.Image, path: Path | str) -> None:
    """Write a picture to a temporary file beside the target, then rename it over the target.

    Args:
        image: of any mode that PNG knows.
        path: must end in .png; its parent folder is made where it is missing, but none above that.

    Raises:
        UserError: for another suffix, or a place that cannot be written.

    Example:
        >>> save_png(Image.new("L", (2, 2)), "picture.jpg")
        Traceback (most recent call last):
        vaekit.errors.UserError: picture.jpg: pictures are written as PNG; give a name that ends in .png
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: pictures are written as PNG; give a name that ends in .png")
    try:
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary:
            image.save(temporary, format="png")
    except OSError as error:
        raise UserError(
            f"could not write {path} ({error.strerror or error}); choose another place"
        ) from error
