"""Pictures to measure on: CelebA's originals where they are at hand, else JPEGs of the same size drawn here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CELEBA_SIZE = (178, 218)
TABLE = "list_eval_partition.csv"
FOLDERS = ("img_align_celeba/img_align_celeba", "img_align_celeba")


@contextmanager
def faces(count: int = 3000) -> Iterator[tuple[Path, str]]:
    """A folder laid out like Kaggle's CelebA, and what it holds, in words."""
    real = SHARED / "celeba"
    if real.is_dir():
        yield real, f"{len(files_of(real)):,} originals of CelebA, JPEG, 178×218"
        return
    with TemporaryDirectory() as made:
        draw_celeba(Path(made), count)
        yield Path(made), f"{count:,} JPEGs of 178×218 drawn by the benchmark (CelebA is not at hand)"


def draw_celeba(root: Path, count: int) -> None:
    """Smooth coloured noise with some grain, as JPEGs of about CelebA's size in bytes, with a table of splits."""
    folder = root / FOLDERS[0]
    folder.mkdir(parents=True)
    rows = ["image_id,partition"]
    for number in range(count):
        name = f"{number + 1:06}.jpg"
        picture(number, CELEBA_SIZE).save(folder / name, quality=90)
        rows.append(f"{name},{0 if number % 10 < 8 else 1 if number % 10 == 8 else 2}")
    (root / TABLE).write_text("\n".join(rows) + "\n")


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """One picture of smooth coloured noise with some grain.

    Args:
        seed: which one.
        size: width and height.
    """
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.integers(-6, 7, smooth.shape, dtype=np.int16)
    return Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))


def pictures_folder(celeba: Path) -> Path:
    """Where the files are."""
    return next(celeba / folder for folder in FOLDERS if (celeba / folder).is_dir())


def files_of(celeba: Path) -> list[str]:
    """Names of all files."""
    return sorted(path.name for path in pictures_folder(celeba).glob("*.jpg"))


def training_files(celeba: Path) -> list[str]:
    """Names of the files that the table gives to training."""
    rows = (celeba / TABLE).read_text().split()[1:]
    return [name for name, part in (row.split(",") for row in rows) if part == "0"]


def synthetic_array(target: Path, count: int, side: int) -> None:
    """Write count×3×side×side values of uint8 as .npy: noise of 8 × 8, enlarged; little by little."""
    values = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=(count, 3, side, side))
    rng = np.random.default_rng(0)
    for start in range(0, count, 10_000):
        coarse = rng.integers(0, 256, (min(10_000, count - start), 3, 8, 8), dtype=np.uint8)
        values[start : start + len(coarse)] = coarse.repeat(side // 8, 2).repeat(side // 8, 3)
    values.flush()


def linked_pictures(root: Path, count: int, distinct: int = 100, side: int = 32) -> None:
    """A folder of `count` small JPEGs, hard links of a few, 10,000 in each subfolder."""
    (root / "of").mkdir(parents=True)
    for number in range(distinct):
        picture(number, (side, side)).save(root / "of" / f"{number}.jpg", quality=90)
    for number in range(count):
        folder = root / "all" / f"{number // 10_000:03}"
        if number % 10_000 == 0:
            folder.mkdir(parents=True)
        os.link(root / "of" / f"{number % distinct}.jpg", folder / f"{number:07}.jpg")
