"""The rate–distortion curve of models trained at several β, with the slopes −β that theory gives them."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from vaekit.evaluation.rate_distortion import RateDistortion, RatePoint
from vaekit.report.style import BLUE, INK, MUTED, ORANGE, dress, new_figure


def rate_distortion_figure(curve: RateDistortion) -> Figure:
    """Draw D over R with the tangent of slope −β at every model, and each chord's slope between those of its ends.

    Args:
        curve: what `rate_distortion` found.

    Source: Alemi et al. 2018, https://arxiv.org/abs/1711.00464, figure 1.

    Example:
        >>> from vaekit.evaluation.rate_distortion import rate_distortion
        >>> figure = rate_distortion_figure(rate_distortion([RatePoint(4.0, 1.0, 9.0), RatePoint(1.0, 3.0, 4.0)]))
        >>> [axes.get_title("left") for axes in figure.axes]
        ['Rate and distortion', 'Slope between neighbours']
    """
    figure = new_figure(11.0, 4.8)
    left, right = figure.subplots(1, 2)
    _draw_curve(left, curve)
    _draw_slopes(right, curve)
    if curve.violations:
        more = len(curve.violations) - 1
        text = curve.violations[0] + (f" (and {more} more)" if more else "")
        figure.supxlabel(text, fontsize=9, color=ORANGE, x=0.01, ha="left", wrap=True)
    return figure


def _draw_curve(axes: Axes, curve: RateDistortion) -> None:
    points = curve.points
    dress(axes, "Rate and distortion", "rate R = E KL(q ‖ p), nats", _distortion_label(points[0]))
    rates = [point.rate for point in points]
    reach = max((max(rates) - min(rates)) / (2 * len(points)), 1e-12)
    for index, point in enumerate(points):
        ends = (max(0.0, point.rate - reach), point.rate + reach)
        heights = [point.distortion - point.beta * (rate - point.rate) for rate in ends]
        label = "tangent of slope −β" if index == 0 else None
        axes.plot(ends, heights, color=ORANGE, linewidth=1.4, label=label, zorder=1)
    axes.errorbar(
        rates,
        [point.distortion for point in points],
        yerr=[2 * point.distortion_error for point in points],
        xerr=[2 * point.rate_error for point in points],
        fmt="o-",
        color=BLUE,
        ecolor=MUTED,
        linewidth=1.2,
        markersize=5,
        label="models, ± 2 s.e.",
        zorder=2,
    )
    for point in points:
        axes.annotate(
            f"β = {point.beta:g}",
            (point.rate, point.distortion),
            (7, 7),
            textcoords="offset points",
            fontsize=9,
            color=INK,
        )
    axes.margins(x=0.1, y=0.1)
    axes.legend(fontsize=10, labelcolor=INK, framealpha=0.9, edgecolor="none")


def _draw_slopes(axes: Axes, curve: RateDistortion) -> None:
    dress(axes, "Slope between neighbours", "pairs of β", "−ΔD/ΔR")
    for place, chord in enumerate(curve.chords):
        low, high = chord.first.beta, chord.second.beta
        axes.plot(
            [place, place],
            [low, high],
            color=ORANGE,
            linewidth=7,
            alpha=0.35,
            solid_capstyle="butt",
            label="between the two β" if place == 0 else None,
        )
    slopes = [-chord.slope for chord in curve.chords]
    axes.plot(range(len(slopes)), slopes, "o", color=BLUE, markersize=6, label="measured")
    names = [f"{chord.first.beta:g} – {chord.second.beta:g}" for chord in curve.chords]
    axes.set_xticks(range(len(names)), names, rotation=30 if len(names) > 5 else 0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    if min(point.beta for point in curve.points) > 0 and min(slopes) > 0:
        axes.set_yscale("log")
        axes.set_yticks([point.beta for point in curve.points])
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.minorticks_off()
    axes.legend(fontsize=10, labelcolor=INK, loc="upper left", framealpha=0.9, edgecolor="none")


def _distortion_label(point: RatePoint) -> str:
    measure = f" ({point.measure})" if point.measure else ""
    return f"distortion D = −E log p(x|z), nats{measure}"
