import pytest

from vaekit.data.options import PictureOptions
from vaekit.data.transform import Header, Transform, resolve
from vaekit.errors import UserError


@pytest.mark.parametrize(
    ("crop", "picture", "box"),
    [
        ("celeba", (178, 218), (15, 35, 163, 183)),
        ("celeba", (89, 109), (8, 18, 82, 92)),
        ("celeba", (20, 218), (0, 99, 20, 119)),
        ("celeba", (1, 1), (0, 0, 1, 1)),
        (100, (178, 218), (39, 59, 139, 159)),
        (178, (178, 218), (0, 20, 178, 198)),
        ("square", (30, 20), (5, 0, 25, 20)),
        ("square", (20, 30), (0, 5, 20, 25)),
        ("none", (30, 20), (0, 0, 30, 20)),
        ("aspect", (200, 100), (50, 0, 150, 100)),
        ("aspect", (101, 100), (0, 0, 101, 100)),
        ("aspect", (1000, 1), (500, 0, 501, 1)),
    ],
)
def test_what_is_cut_out(crop: int | str, picture: tuple[int, int], box: tuple[int, ...]) -> None:
    assert Transform(crop, (64, 64), 3).box(*picture) == box  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("size", "cut"), [((128, 104), (178, 218)), ((64, 128), (178, 89)), ((128, 64), (109, 218))]
)
def test_the_aspect_of_the_size_is_cut_out(size: tuple[int, int], cut: tuple[int, int]) -> None:
    left, upper, right, lower = Transform("aspect", size, 3).box(178, 218)
    assert (right - left, lower - upper) == cut


def test_a_picture_smaller_than_the_crop_is_refused() -> None:
    with pytest.raises(UserError, match="99×200 pixels are smaller than the crop of 100×100"):
        Transform(100, (64, 64), 3).box(99, 200)


LARGE, SMALL, TALL, GREY = (
    Header(99, 80, False),
    Header(28, 20, False),
    Header(20, 28, False),
    Header(28, 28, True),
)


@pytest.mark.parametrize(
    ("options", "celeba", "headers", "expected"),
    [
        ({}, False, [LARGE], ("square", (64, 64), 3)),
        ({}, False, [SMALL, LARGE, GREY], ("square", (64, 64), 3)),
        ({}, False, [SMALL, SMALL], ("aspect", (20, 28), 3)),
        ({}, False, [SMALL, TALL], ("square", (20, 20), 3)),
        ({}, False, [SMALL, GREY], ("square", (28, 28), 3)),
        ({}, False, [GREY, GREY], ("square", (28, 28), 1)),
        ({}, False, [Header(64, 64, True)], ("square", (64, 64), 1)),
        ({}, True, [Header(178, 218, False)], ("celeba", (64, 64), 3)),
        ({"image_size": 128}, True, [LARGE], ("celeba", (128, 128), 3)),
        ({"image_size": (128, 104)}, True, [LARGE], ("aspect", (128, 104), 3)),
        ({"image_size": (128, 104)}, False, [GREY], ("aspect", (128, 104), 1)),
        ({"image_size": 32}, False, [LARGE], ("square", (32, 32), 3)),
        ({"crop": "none", "image_size": 128}, True, [LARGE], ("none", (128, 128), 3)),
        ({"crop": "square"}, True, [LARGE], ("square", (64, 64), 3)),
        ({"crop": "square"}, False, [SMALL], ("square", (20, 20), 3)),
        ({"crop": "none"}, False, [SMALL], ("none", (20, 28), 3)),
        ({"crop": 148}, False, [LARGE], ("148", (64, 64), 3)),
        ({"crop": 20}, False, [LARGE], ("20", (20, 20), 3)),
        ({"channels": 1}, False, [LARGE], ("square", (64, 64), 1)),
        ({"channels": 3}, False, [GREY], ("square", (28, 28), 3)),
    ],
)
def test_what_is_left_open_is_decided(
    options: dict, celeba: bool, headers: list[Header], expected: tuple
) -> None:
    found = resolve(PictureOptions(**options), celeba, headers)
    assert (str(found.crop), found.size, found.channels) == expected
    # Asking for what was decided decides the same, without a look at any picture.
    assert resolve(found.options(PictureOptions(), True), celeba, []) == found


def test_no_more_headers_are_read_than_it_takes() -> None:
    headers = iter([SMALL, LARGE, GREY])
    resolve(PictureOptions(), False, headers)
    assert list(headers) == [GREY]


def test_without_a_header_nothing_can_be_decided() -> None:
    with pytest.raises(UserError, match="none of the pictures can be read"):
        resolve(PictureOptions(), False, [])
