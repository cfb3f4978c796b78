"""Pictures of every kind, made here; 16×12 unless said otherwise."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit.data.pictures import read_example
from vaekit.errors import UserError
from vaekit.spec import DataSpec

GREY, COLOUR = DataSpec((1, 12, 16), 256), DataSpec((3, 12, 16), 256)
RAMP = np.linspace(0, 255, 12 * 16).reshape(12, 16).round().astype(np.uint8)
RGB = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], -1)


def saved(image: Image.Image, path: Path, **options: Image.Exif) -> Path:
    image.save(path, None, **options)
    return path


def levels(path: Path, spec: DataSpec) -> np.ndarray:
    x = read_example(path, spec)
    assert x.dtype == np.float32
    assert x.shape == spec.shape
    steps = x * (255 if spec.levels is None else spec.levels - 1)
    if spec.levels is not None:
        np.testing.assert_allclose(steps, steps.round(), atol=1e-4)
    return steps.round().astype(int)


def test_grey(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RAMP), tmp_path / "a.png")
    np.testing.assert_array_equal(levels(path, GREY)[0], RAMP)
    np.testing.assert_array_equal(levels(path, COLOUR), np.stack([RAMP] * 3))


def test_colour(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RGB), tmp_path / "a.png")
    np.testing.assert_array_equal(levels(path, COLOUR), RGB.transpose(2, 0, 1))
    luma = RGB @ np.array([0.299, 0.587, 0.114])
    assert np.abs(levels(path, GREY)[0] - luma).max() <= 1


def test_transparency(tmp_path: Path) -> None:
    rgba = np.concatenate([RGB, np.full((12, 16, 1), 77, np.uint8)], -1)
    path = saved(Image.fromarray(rgba), tmp_path / "a.png")
    over_white = (RGB * (77 / 255) + 255 - 77).transpose(2, 0, 1)
    assert np.abs(levels(path, COLOUR) - over_white).max() <= 1
    np.testing.assert_array_equal(levels(path, DataSpec((4, 12, 16), 256)), rgba.transpose(2, 0, 1))
    np.testing.assert_array_equal(levels(path, DataSpec((2, 12, 16), 256))[1], np.full((12, 16), 77))


def test_palette(tmp_path: Path) -> None:
    """A palette's numbers are names of colours: index 0 here is the lightest."""
    image = Image.new("P", (16, 12))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
    image.putdata((RAMP // 64).ravel().tolist())
    path = saved(image, tmp_path / "a.png")
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]])
    np.testing.assert_array_equal(levels(path, COLOUR), colours[RAMP // 64].transpose(2, 0, 1))


def test_one_bit(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RAMP > 99), tmp_path / "a.png")
    np.testing.assert_array_equal(levels(path, DataSpec((1, 12, 16), 2))[0], RAMP > 99)


@pytest.mark.parametrize(("suffix", "dtype"), [("png", np.uint16), ("tiff", np.uint16), ("tiff", np.int32)])
def test_sixteen_bits_are_scaled_and_not_clipped(suffix: str, dtype: type, tmp_path: Path) -> None:
    deep = (RAMP.astype(np.uint16) * 257).astype(dtype)
    path = saved(Image.fromarray(deep), tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(levels(path, GREY)[0], RAMP)


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RAMP.astype(np.float32)), tmp_path / "a.tiff")
    with pytest.raises(UserError, match=r"no known range, give a \.npy file"):
        read_example(path, GREY)


def test_ink(tmp_path: Path) -> None:
    """CMYK: no ink is white, and cyan takes the red away."""
    cmyk = np.zeros((12, 16, 4), np.uint8)
    cmyk[:, 8:, 0] = 255
    path = saved(Image.fromarray(cmyk, "CMYK"), tmp_path / "a.tiff")
    found = levels(path, COLOUR)
    assert (found[:, :, :8] == 255).all()
    assert (found[0, :, 8:] == 0).all()
    assert (found[1:, :, 8:] == 255).all()


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (3, lambda a: np.rot90(a, 2)),
        (6, lambda a: np.rot90(a, -1)),
        (8, lambda a: np.rot90(a)),
        (2, np.fliplr),
    ],
)
def test_a_camera_s_orientation_is_undone(orientation: int, undo, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    path = saved(Image.fromarray(RAMP), tmp_path / "a.png", exif=exif)
    upright = undo(RAMP)
    np.testing.assert_array_equal(levels(path, DataSpec((1, *upright.shape), 256))[0], upright)


@pytest.mark.parametrize(("size", "cut"), [((20, 12), np.s_[:, 2:-2]), ((16, 20), np.s_[4:-4, :])])
def test_what_does_not_fit_is_cut_around_the_centre(
    size: tuple[int, int], cut: tuple[slice, slice], tmp_path: Path
) -> None:
    wide = np.random.default_rng(0).integers(0, 256, size[::-1], dtype=np.uint8)
    path = saved(Image.fromarray(wide), tmp_path / "a.png")
    np.testing.assert_array_equal(levels(path, GREY)[0], wide[cut])


def test_a_large_picture_is_averaged_and_a_small_one_enlarged(tmp_path: Path) -> None:
    large = saved(Image.fromarray(np.kron(RAMP, np.ones((8, 8), np.uint8))), tmp_path / "a.png")
    assert np.abs(levels(large, GREY)[0] - RAMP.astype(int)).max() <= 16
    small = saved(Image.new("L", (4, 3), 100), tmp_path / "b.png")
    assert (levels(small, GREY) == 100).all()


def test_a_crop_is_that_of_the_model(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    path = saved(Image.fromarray(wide), tmp_path / "a.png")
    square = DataSpec((1, 12, 12), 256)
    found = read_example(path, square, 12)[0] * 255
    np.testing.assert_allclose(found, wide[4:16, 9:21], atol=1e-3)
    with pytest.raises(UserError, match=r"a\.png: 30×20 pixels are smaller than the crop of 25×25"):
        read_example(path, square, 25)


def test_values_lie_on_the_levels_of_the_data(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RAMP), tmp_path / "a.png")
    for count in (2, 17):
        found = levels(path, DataSpec((1, 12, 16), count))[0]
        np.testing.assert_array_equal(found, (RAMP / 255 * (count - 1)).round())
    exact = read_example(path, DataSpec((1, 12, 16), None))
    np.testing.assert_array_equal(exact[0], RAMP.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_an_array_of_levels_or_fractions(dtype: type, tmp_path: Path) -> None:
    whole = np.issubdtype(dtype, np.integer)
    np.save(tmp_path / "a.npy", (RAMP[None] if whole else RAMP[None] / 255).astype(dtype))
    np.testing.assert_array_equal(levels(tmp_path / "a.npy", GREY)[0], RAMP)


def test_an_array_for_a_table(tmp_path: Path) -> None:
    values = np.array([-3.5, 0.0, 1e6])
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(read_example(tmp_path / "a.npy", DataSpec((3,), None)), values)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (RAMP, r"has shape \(12, 16\), the model takes \(1, 12, 16\)"),
        (RAMP[None, :, :5], "has shape"),
        (RAMP[None].astype(int) + 1, "holds values from 1 to 256"),
        (RAMP[None].astype(float), r"or floats in \[0, 1\]"),
        (RAMP[None] / 255 - 0.1, "holds values from -0.1"),
        (np.full((1, 12, 16), np.nan), "finite real numbers"),
        (np.full((1, 12, 16), 1j), "finite real numbers"),
        (np.full((1, 12, 16), "a"), "finite real numbers"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(array: np.ndarray, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match=message):
        read_example(tmp_path / "a.npy", GREY)


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((1, 12, 16), None), allow_pickle=True)
    with pytest.raises(UserError):
        read_example(tmp_path / "a.npy", GREY)


def test_a_model_of_vectors_takes_no_picture(tmp_path: Path) -> None:
    path = saved(Image.fromarray(RAMP), tmp_path / "a.png")
    with pytest.raises(UserError, match=r"takes vectors of 6 numbers, give a \.npy file"):
        read_example(path, DataSpec((6,), None))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_example(tmp_path / "none.png", GREY)
    with pytest.raises(UserError, match="no such file"):
        read_example(tmp_path, GREY)


@pytest.mark.parametrize(
    "content", [b"", b"not a picture at all", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0"]
)
def test_a_file_that_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as a picture"):
        read_example(tmp_path / "a.png", GREY)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM"])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    """Cut short, or with a few bytes changed: a picture or one clear message, and nothing else."""
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, kind)
    raw, choose = buffer.getvalue(), random.Random(0)
    refused = 0
    for attempt in range(60):
        damaged = bytearray(raw)
        if attempt % 2:
            del damaged[choose.randrange(len(raw)) :]
        else:
            for _ in range(3):
                damaged[choose.randrange(min(len(raw), 200))] = choose.randrange(256)
        (tmp_path / "a").write_bytes(damaged)
        try:
            assert read_example(tmp_path / "a", COLOUR).shape == (3, 12, 16)
        except UserError:
            refused += 1
    assert refused > 10


def test_a_picture_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(Image.new("L", (100, 100)), tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(UserError, match="DecompressionBomb"):
        read_example(path, GREY)
