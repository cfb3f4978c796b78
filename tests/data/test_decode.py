"""Every kind of picture decodes to what a person sees; hostile files are refused without a sound."""

import io
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from vaekit.data.decode import HOSTILE, decode, quietly, read_header
from vaekit.data.transform import Header, Transform
from vaekit.errors import UserError

BAD = Path(__file__).parents[3] / "shared" / "data" / "bad_images"
RAMP = np.linspace(0, 255, 12 * 16).reshape(12, 16).round().astype(np.uint8)
RGB = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], -1)
WHOLE, WHOLE_GREY = Transform("none", (12, 16), 3), Transform("none", (12, 16), 1)


def stored(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


MODES = {
    "1": Image.fromarray(RAMP > 99),
    "L": Image.fromarray(RAMP),
    "LA": Image.fromarray(np.stack([RAMP, np.full_like(RAMP, 255)], -1)),
    "I;16": Image.fromarray(RAMP.astype(np.uint16) * 257),
    "I": Image.fromarray(RAMP.astype(np.int32) * 257),
    "P": Image.fromarray(RGB).quantize(256),
    "RGB": Image.fromarray(RGB),
    "RGBA": Image.fromarray(np.concatenate([RGB, np.full((12, 16, 1), 255, np.uint8)], -1)),
    "CMYK": Image.fromarray(RGB).convert("CMYK"),
    "YCbCr": Image.fromarray(RGB).convert("YCbCr"),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode: str) -> None:
    image = MODES[mode]
    assert image.mode == mode
    content = stored(image, "TIFF" if mode in ("CMYK", "YCbCr", "I") else "PNG")
    shown = {"1": (RAMP > 99) * 255}.get(mode, RGB if image.getbands()[0] not in "LI" else RAMP)
    found = decode(content, WHOLE).transpose(1, 2, 0).astype(int)
    expected = shown if shown.ndim == 3 else shown[..., None]
    tolerance = {"P": 24, "YCbCr": 3}.get(mode, 0)
    assert np.abs(found - expected).max() <= tolerance
    content.seek(0)
    assert read_header(content).grey == (shown.ndim == 2)
    content.seek(0)
    luma = shown @ np.array([0.299, 0.587, 0.114]) if shown.ndim == 3 else shown
    assert np.abs(decode(content, WHOLE_GREY)[0] - luma).max() <= tolerance + 1


def test_transparency_is_laid_over_white() -> None:
    alpha = np.where(RAMP > 99, 255, 0).astype(np.uint8)
    over = np.where(RAMP[..., None] > 99, RGB, 255).transpose(2, 0, 1)
    rgba = stored(Image.fromarray(np.dstack([RGB, alpha])))
    np.testing.assert_array_equal(decode(rgba, WHOLE), over)
    keyed = stored(Image.fromarray(RAMP), transparency=7)
    np.testing.assert_array_equal(decode(keyed, WHOLE_GREY)[0], np.where(RAMP == 7, 255, RAMP))
    deep = stored(Image.fromarray(RAMP.astype(np.uint16) * 257), transparency=7 * 257)
    np.testing.assert_array_equal(decode(deep, WHOLE_GREY)[0], np.where(RAMP == 7, 255, RAMP))
    palette = Image.fromarray((RAMP // 64).astype(np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
    found = decode(stored(palette, transparency=bytes([255, 0, 255, 255])), WHOLE)
    assert (found[:, RAMP // 64 == 1] == 255).all()
    assert (found[:, RAMP // 64 == 3].T == (10, 20, 30)).all()


def test_alpha_is_kept_where_it_is_a_channel() -> None:
    rgba = np.dstack([RGB, np.full((12, 16), 77, np.uint8)])
    found = decode(stored(Image.fromarray(rgba)), Transform("none", (12, 16), 4))
    np.testing.assert_array_equal(found.transpose(1, 2, 0), rgba)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.fromarray(RAMP), Image.fromarray(255 - RAMP)]
    content = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode(content, WHOLE_GREY)[0], RAMP)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    # As the standard says: where row 0 and column 0 of the stored picture are to be seen.
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).T,
        8: np.rot90,
    }[orientation]
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    content = stored(Image.fromarray(RAMP), kind, exif=exif, **options)
    upright = undo(RAMP)
    found = decode(content, Transform("none", (upright.shape[0], upright.shape[1]), 1))[0]
    assert np.abs(found.astype(int) - upright).max() <= (3 if kind == "JPEG" else 0)
    content.seek(0)
    assert read_header(content) == Header(upright.shape[1], upright.shape[0], kind != "WEBP")


def test_damaged_exif_leaves_the_pixels() -> None:
    content = stored(Image.fromarray(RAMP), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with quietly():
        np.testing.assert_array_equal(decode(content, WHOLE_GREY)[0], RAMP)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("crop", ["square", "none", 600])
def test_large_photographs_are_reduced_while_they_are_decoded(
    crop: Literal["square", "none"] | int, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, columns = np.mgrid[:900, :1200]
    smooth = (127 + 60 * np.sin(rows / 200) + 60 * np.cos(columns / 150)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x112] = orientation
    content = stored(Image.fromarray(smooth), "JPEG", quality=95, exif=exif)
    asked: list[tuple[int, int]] = []
    transform = Transform(crop, (48, 64), 1)
    fast = decode(content, transform).astype(int)
    content.seek(0)
    monkeypatch.setattr(
        "PIL.JpegImagePlugin.JpegImageFile.draft", lambda self, mode, size: asked.append(size)
    )
    slow = decode(content, transform).astype(int)
    assert asked
    assert asked[0][0] < 1200
    assert np.abs(fast - slow).max() <= 3


def test_a_picture_is_never_reduced_below_twice_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.draft", lambda *_: pytest.fail("reduced"))
    content = stored(Image.new("RGB", (178, 218)), "JPEG")
    assert decode(content, Transform("celeba", (64, 64), 3)).shape == (3, 64, 64)


def bomb(width: int, height: int) -> io.BytesIO:
    """A PNG that announces that many pixels and holds two of them."""
    raw = bytearray(stored(Image.new("L", (2, 1))).getvalue())
    raw[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    return io.BytesIO(bytes(raw))


@pytest.mark.parametrize("size", [(8001, 8000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("read", [read_header, lambda content: decode(content, WHOLE)])
def test_more_than_64_megapixels_are_refused_before_decoding(size: tuple[int, int], read) -> None:
    with quietly(), pytest.raises(HOSTILE, match=r"more than 64 megapixels|exceeds limit"):
        read(bomb(*size))


def test_64_megapixels_are_not_too_many() -> None:
    assert read_header(bomb(8000, 8000)) == Header(8000, 8000, True)


def test_smaller_than_the_crop() -> None:
    with pytest.raises(UserError, match="16×12 pixels are smaller than the crop"):
        decode(stored(Image.fromarray(RAMP)), Transform(13, (8, 8), 1))


@pytest.mark.skipif(not BAD.is_dir(), reason=f"the hostile files are not at {BAD}")
@pytest.mark.parametrize("folder", ["crash", "fuzz", "pngsuite"])
def test_hostile_files_are_read_or_refused_in_silence(folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    shapes: list[tuple[int, ...]] = []
    for path in sorted(BAD.rglob(f"{folder}/*")):
        with suppress(*HOSTILE), quietly():
            shapes.append(decode(path, Transform("square", (16, 16), 3)).shape)
    assert set(shapes) == {(3, 16, 16)}
    assert len(shapes) >= {"crash": 1, "fuzz": 1, "pngsuite": 160}[folder]
    assert capfd.readouterr() == ("", "")
