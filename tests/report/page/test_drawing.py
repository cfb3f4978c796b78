import base64
import io
import math
import xml.etree.ElementTree as ET

import pytest
import torch
from PIL import Image

from vaekit.report.page.charts import bar_chart, line_chart, scatter_chart, ticks
from vaekit.report.page.components import Components
from vaekit.report.page.pictures import LARGEST, pictures, strip
from vaekit.report.page.shown import nearest


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


def test_small_pictures_hold_the_very_pixels() -> None:
    x = torch.rand(2, 3, 20, 17)
    found = pictures(x, ["a", "b"])
    assert [picture.alt for picture in found] == ["a", "b"]
    image = opened(found[1].uri)
    assert image.size == (17, 20) == (found[1].width, found[1].height)
    assert image.getpixel((3, 5)) == tuple((x[1, :, 5, 3] * 255).round().int().tolist())


@pytest.mark.parametrize(
    ("shape", "kind"), [((1, 64, 64), "png"), ((3, 64, 64), "jpeg"), ((3, 32, 32), "png")]
)
def test_photographs_are_small_files(shape: tuple[int, ...], kind: str) -> None:
    (found,) = pictures(torch.rand(1, *shape), ["x"])
    assert found.uri.startswith(f"data:image/{kind};base64,")


def test_large_pictures_are_made_smaller() -> None:
    (found,) = pictures(torch.rand(1, 3, 600, 300), ["x"])
    assert (found.height, found.width) == (LARGEST, LARGEST // 2)


def test_a_strip_is_as_long_as_its_images() -> None:
    assert (strip(torch.rand(5, 1, 16, 20), "x").width, strip(torch.rand(5, 1, 16, 20), "x").height) == (
        100,
        16,
    )


@pytest.mark.parametrize(
    "chart",
    [
        line_chart("t", ("x", "y"), {"a": [(1.0, math.nan), (2.0, 3.0), (3.0, math.inf)], "b": [(1.0, 2.0)]}),
        line_chart("t", ("x", "y"), {"a": []}),
        line_chart("t", ("x", "y"), {"a": [(0.0, 5.0), (1.0, 5.0)]}, (0.0, 1.0), (1.0, 1.0), True),
        scatter_chart("t", ("x", "y"), {f"<{k}>": [(1.0, k), (2.0, 1.0)] for k in range(12)}),
        bar_chart("t", ("x", "y"), [("1", 0.0), ("2", math.nan), ("3", 2.0)], (0.01, "here")),
        bar_chart("t", ("x", "y"), []),
    ],
)
def test_charts_are_sound_and_inside_their_box(chart: str) -> None:
    figure = ET.fromstring(chart)
    svg = figure.find("svg")
    assert svg is not None
    width, height = map(float, svg.attrib["viewBox"].split()[2:])
    assert svg.attrib["aria-label"]
    assert "nan" not in " ".join(element.attrib.get("d", "") for element in svg)
    for element in svg:
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(element.attrib.get(name, 0)) <= most


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.13, 0.87) == [0.2, 0.4, 0.6, 0.8]
    assert ticks(-1234.0, 5678.0) == [0.0, 2000.0, 4000.0]
    assert ticks(2.0, 2.0) == [2.0]


def test_components_are_those_of_largest_variance(generator: torch.Generator) -> None:
    x = torch.randn(500, 5, generator=generator) * torch.tensor([0.1, 3.0, 0.1, 1.0, 0.1])
    axes = Components.of(x)
    assert axes.shares is not None
    power = x.double().var(0)
    assert axes.shares[0] == pytest.approx((power[1] / power.sum()).item(), abs=0.01)
    first = torch.tensor(axes.points(x))[:, 0]
    assert torch.corrcoef(torch.stack([first, x[:, 1].double()]))[0, 1] > 0.99
    assert Components.of(x[:, :2]).points(x[:1, :2])[0] == pytest.approx(x[0, :2].tolist())


def test_neighbours_are_those_of_a_plain_search(generator: torch.Generator) -> None:
    x, train = torch.rand(4, 1, 3, 3, generator=generator), torch.rand(2300, 1, 3, 3, generator=generator)
    places, distance = nearest(x, train, 3)
    whole = (x[:, None] - train[None]).flatten(2).norm(dim=-1)
    wanted = whole.sort(1)
    assert places.tolist() == wanted.indices[:, :3].tolist()
    assert torch.allclose(distance, wanted.values[:, :3], atol=1e-5)
