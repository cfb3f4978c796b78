import numpy as np

from vaekit.evaluation.rate_distortion import RatePoint, rate_distortion
from vaekit.report.rate_distortion import rate_distortion_figure
from vaekit.report.style import as_image

POINTS = [
    RatePoint(1.0, 30.0, 70.0, 0.2, 0.4),
    RatePoint(2.0, 20.0, 84.0, 0.2, 0.4),
    RatePoint(4.0, 12.0, 107.0),
]


def test_points_tangents_and_slopes() -> None:
    figure = rate_distortion_figure(rate_distortion(POINTS))
    assert as_image(figure).mode == "RGB"
    left, right = figure.axes
    tangents = left.lines[: len(POINTS)]
    for line, point in zip(tangents, POINTS, strict=True):
        (x0, x1), (y0, y1) = (np.asarray(values) for values in line.get_data())
        np.testing.assert_allclose((y1 - y0) / (x1 - x0), -point.beta)
        np.testing.assert_allclose([(x0 + x1) / 2, (y0 + y1) / 2], [point.rate, point.distortion])
    measured = right.lines[-1]
    np.testing.assert_allclose(np.asarray(measured.get_ydata()), [1.4, 23 / 8])
    spans = [np.asarray(line.get_ydata()).tolist() for line in right.lines[:-1]]
    assert spans == [[1.0, 2.0], [2.0, 4.0]]
    assert figure.get_supxlabel() == ""


def test_what_contradicts_theory_is_written_below() -> None:
    points = [*POINTS[:2], RatePoint(4.0, 21.0, 90.0)]
    curve = rate_distortion(points)
    figure = rate_distortion_figure(curve)
    assert figure.get_supxlabel().startswith(curve.violations[0])
    assert f"and {len(curve.violations) - 1} more" in figure.get_supxlabel()
    assert as_image(figure).mode == "RGB"


def test_the_measure_is_named() -> None:
    curve = rate_distortion(
        [RatePoint(1.0, 3.0, 7.0, measure="mass"), RatePoint(2.0, 2.0, 8.5, measure="mass")]
    )
    assert rate_distortion_figure(curve).axes[0].get_ylabel().endswith("nats (mass)")
