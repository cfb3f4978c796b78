"""Small charts as SVG inside the page: they take its colours, light and dark, and stay readable on a phone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

WIDTH, HEIGHT = 380, 262
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 34, 42
Point = tuple[float, float]
COLOURS = 10
"""How many colours the style sheet has; further groups take them again, as squares."""


def number(value: float) -> str:
    """A tick's label: short, with a minus sign.

    Example:
        >>> number(-0.25), number(1200.0), number(1e-05)
        ('−0.25', '1200', '1e−05')
    """
    return f"{value:.4g}".replace("-", "−")


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two values, at most so many and one.

    Example:
        >>> ticks(0.0, 10.0)
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    rough = (high - low) / max(1, most - 1)
    if not (rough > 0 and math.isfinite(rough)):
        return [low]
    base = 10 ** math.floor(math.log10(rough))
    step = next(factor * base for factor in (1, 2, 2.5, 5, 10) if factor * base >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(round(k * step, 12)) for k in range(first, math.floor(high / step + 1e-9) + 1)]


@final
@dataclass(frozen=True)
class Frame:
    """The axes of a chart.

    Args:
        title: above it.
        x_label: of the horizontal axis.
        y_label: of the vertical axis, at its top.
        x: its range.
        y: its range.
        whole: whether x counts things.
        height: of the whole chart, in units of its 380 wide box.
    """

    title: str
    x_label: str
    y_label: str
    x: Point
    y: Point
    whole: bool = False
    height: int = HEIGHT

    def at(self, point: Point) -> Point:
        """Where a point lies in the box."""
        across = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        up = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            self.height - BOTTOM - up * (self.height - TOP - BOTTOM),
        )

    def drawn(self, inside: Markup, alt: str, legend: Sequence[tuple[str, str]] = ()) -> Markup:
        """The chart with its axes, as a figure.

        Args:
            inside: what is drawn in it.
            alt: what a person who cannot see it is told.
            legend: class and name of each group.
        """
        keys = Markup("").join(
            Markup('<span class="key"><i class="swatch {}"></i>{}</span>').format(css, name)
            for css, name in legend
        )
        return Markup(
            '<figure class="chart"><figcaption>{}</figcaption>'
            '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>{}</figure>'
        ).format(
            self.title,
            WIDTH,
            self.height,
            alt,
            self._axes(),
            inside,
            Markup('<p class="keys">{}</p>').format(keys) if keys else "",
        )

    def _axes(self) -> Markup:
        bottom = self.height - BOTTOM
        parts = [Markup('<text class="label" x="4" y="16">{}</text>').format(self.y_label)]
        for value in ticks(*self.y):
            _, y = self.at((self.x[0], value))
            parts.append(
                Markup(
                    '<path class="grid" d="M{} {:.1f}H{}"/><text class="tick end" x="{}" y="{:.1f}">{}</text>'
                ).format(LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, number(value))
            )
        for value in ticks(*self.x):
            if self.whole and value != round(value):
                continue
            x, _ = self.at((value, self.y[0]))
            parts.append(
                Markup('<text class="tick middle" x="{:.1f}" y="{}">{}</text>').format(
                    x, bottom + 17, number(value)
                )
            )
        parts.append(
            Markup('<text class="label middle" x="{}" y="{}">{}</text>').format(
                (LEFT + WIDTH - RIGHT) // 2, self.height - 5, self.x_label
            )
        )
        return Markup("").join(parts)


def span(values: Sequence[float], margin: float = 0.05) -> Point:
    """The range of finite values with a little room; never empty.

    Example:
        >>> span([1.0, 2.0], 0.0), span([math.nan])
        ((1.0, 2.0), (0.0, 1.0))
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    room = margin * (high - low) if high > low else max(0.5 * abs(low), 0.5)
    return low - room, high + room


def line_chart(
    title: str,
    labels: tuple[str, str],
    lines: Mapping[str, Sequence[Point]],
    y: Point | None = None,
    mark: Point | None = None,
    whole: bool = False,
) -> Markup:
    """Draw lines; values that are no numbers leave gaps, and what leaves the range is cut off.

    Args:
        title: of the chart.
        labels: of the two axes.
        lines: by name, each its points in order of x.
        y: range of the vertical axis; default: of all values.
        mark: a point to stand out.
        whole: whether x counts things.
    """
    every = [point for points in lines.values() for point in points]
    frame = Frame(
        title,
        *labels,
        span([x for x, _ in every], 0.0),
        y or span([value for _, value in every]),
        whole,
    )
    parts = [_line(frame, points, f"s{index}") for index, points in enumerate(lines.values())]
    if mark is not None:
        parts.append(_dot(frame, mark, "mark"))
    last = "; ".join(
        f"{name} ends at {number(values[-1])}"
        for name, points in lines.items()
        if (values := [value for _, value in points if math.isfinite(value)])
    )
    alt = f"{title}, {labels[1]} over {labels[0]}: {last}"
    legend = [(f"s{index}", name) for index, name in enumerate(lines)]
    return frame.drawn(Markup("").join(parts), alt, legend if len(lines) > 1 else ())


def _line(frame: Frame, points: Sequence[Point], css: str) -> Markup:
    inside = [p for p in points if math.isfinite(p[1])]
    if len(inside) == 1:
        return _dot(frame, inside[0], css)
    path, pen = "", "M"
    for point in points:
        if not math.isfinite(point[1]):
            pen = "M"
            continue
        low, high = frame.y
        x, y = frame.at((point[0], min(max(point[1], low), high)))
        path += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
    return Markup('<path class="line {}" d="{}"/>').format(css, path)


def _dot(frame: Frame, point: Point, css: str) -> Markup:
    x, y = frame.at(point)
    return Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(css, x, y)


def scatter_chart(
    title: str, labels: tuple[str, str], groups: Mapping[str, Sequence[Point]], height: int = 340
) -> Markup:
    """Draw points, a colour for each group; axes have one scale each.

    Args:
        title: of the chart.
        labels: of the two axes.
        groups: by name.
        height: of the box, whose width is 380.
    """
    every = [point for points in groups.values() for point in points]
    frame = Frame(title, *labels, span([x for x, _ in every]), span([y for _, y in every]), height=height)
    size = "fine" if len(every) > 400 else "coarse"
    parts: list[Markup] = []
    legend: list[tuple[str, str]] = []
    for index, (name, points) in enumerate(groups.items()):
        css = f"s{index % COLOURS}" + (" square" if index >= COLOURS else "")
        # A line of length 0 with round ends is a point: one path holds a whole group.
        path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in map(frame.at, points))
        parts.append(Markup('<path class="points {} {}" d="{}"/>').format(size, css, path))
        legend.append((css, name))
    alt = f"{title}: {len(every)} points" + (f" in {len(groups)} groups" if len(groups) > 1 else "")
    return frame.drawn(Markup("").join(parts), alt, legend if len(groups) > 1 else ())


def bar_chart(
    title: str,
    labels: tuple[str, str],
    bars: Sequence[tuple[str, float]],
    line: tuple[float, str] | None = None,
) -> Markup:
    """Draw bars from 0, in the order given.

    Args:
        title: of the chart.
        labels: of the two axes.
        bars: name and length of each.
        line: a value to compare with, and what it is.
    """
    values = [value for _, value in bars if math.isfinite(value)] or [0.0]
    top = max([*values, line[0] if line else 0.0]) or 1.0
    frame = Frame(title, *labels, (0.0, float(max(1, len(bars)))), (min(0.0, min(values)), 1.06 * top))
    step = frame.at((1.0, 0.0))[0] - frame.at((0.0, 0.0))[0]
    parts: list[Markup] = []
    every = max(1, math.ceil(len(bars) / 12 + len(bars) // 100))
    for place, (name, value) in enumerate(bars):
        if not math.isfinite(value):
            continue
        x, y = frame.at((place + 0.12, max(value, 0.0)))
        height = abs(frame.at((0.0, 0.0))[1] - frame.at((0.0, abs(value)))[1])
        parts.append(
            Markup('<rect class="s0 bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                x, y, 0.76 * step, max(height, 0.6)
            )
        )
        if place % every == 0:
            parts.append(
                Markup('<text class="tick middle" x="{:.1f}" y="{}">{}</text>').format(
                    x + 0.38 * step, frame.height - BOTTOM + 15, name
                )
            )
    if line is not None:
        _, y = frame.at((0.0, line[0]))
        parts.append(
            Markup(
                '<path class="rule" d="M{} {:.1f}H{}"/><text class="tick end halo" x="{}" y="{:.1f}">{}</text>'
            ).format(LEFT, y, WIDTH - RIGHT, WIDTH - RIGHT, y - 5, line[1])
        )
    alt = f"{title}: largest {number(max(values))}, smallest {number(min(values))}, of {len(bars)}"
    return _without_x_ticks(frame).drawn(Markup("").join(parts), alt)


def _without_x_ticks(frame: Frame) -> Frame:
    """Bars have names instead: a range between two whole numbers has no whole tick."""
    return Frame(frame.title, frame.x_label, frame.y_label, (0.2, 0.3), frame.y, True, frame.height)
