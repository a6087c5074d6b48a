"""The charts, by Matplotlib as SVG: where the run stood after each experiment, and runs beside each other.

Promises: colours are the page's own variables, so that a chart is light and dark with it; outcomes are told apart by
shape too; the same data give the same bytes. Does not cover: showing one point's numbers; each point links to its row.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.records import Metric, Outcome
from harness.report.levels import Standing
from harness.report.svg import Drawing, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN: tuple[Metric, ...] = ("ard", "dmd", "traffic", "accuracy")
TITLES: Mapping[Metric, str] = {
    "ard": "ARD (100 % is the baseline)",
    "dmd": "DMD (100 % is the baseline)",
    "traffic": "traffic (100 % is the baseline)",
    "accuracy": "test accuracy",
}
# Colours that stand for the page's variables: what Matplotlib writes is replaced by the class of that role.
INK, FAINT, RULE = "#010101", "#020202", "#030303"
COLOURS: Mapping[Outcome, str] = {
    "kept": "#040404",
    "discarded": "#050505",
    "inconclusive": "#060606",
    "invalid": "#070707",
}
RUNS = ("#080808", "#090909", "#0a0a0a", "#0b0b0b")
DASHES = ("-", "--", "-.", ":")
ROLES = {
    INK: "ink",
    FAINT: "faint",
    RULE: "rule",
    **{colour: name for name, colour in COLOURS.items()},
    **{colour: f"run{at}" for at, colour in enumerate(RUNS)},
}
MARKERS: Mapping[Outcome, str] = {"kept": "o", "discarded": "x", "inconclusive": "D", "invalid": "|"}
SIZES: Mapping[Outcome, float] = {"kept": 46, "discarded": 20, "inconclusive": 26, "invalid": 40}
ABOVE = 1.035  # of the frame's height
FLAT = 1.004  # high over low: what spans less is drawn in a frame as high as that, so that 0.02 % is no mountain
FLAT_ACCURACY = 1.022  # the same, high enough for three levels one point apart
MANY = 300  # experiments from which on the marks are smaller


@dataclass(frozen=True, slots=True)
class Curve:
    """The incumbent's level of one run after each of its proposals."""

    name: str
    values: tuple[float, ...]


def trajectory(points: Sequence[Standing], metric: Metric, prefix: str) -> Drawing:
    """One metric over the experiments; each mark links to `#<prefix><number>`."""
    figure, axes = _axes(TITLES[metric])
    if metric != "accuracy":
        axes.set_yscale("log")
    numbers = [point.row.number for point in points]
    steps = [point.incumbent[metric] for point in points]
    axes.step(numbers, steps, where="post", color=COLOURS["kept"], linewidth=1.4, zorder=2)
    for outcome in COLOURS:
        _marks(axes, [p for p in points if p.row.verdict.outcome == outcome], outcome, metric, prefix, len(points))
    _finish(axes, metric)
    return drawing(figure, ROLES, f"{prefix}{metric}", f"{TITLES[metric]}, experiment by experiment")


def _marks(axes: "Axes", points: Sequence[Standing], outcome: Outcome, metric: Metric, prefix: str, total: int) -> None:
    """The experiments of one outcome; those without a value stand above the frame."""
    colour, size = COLOURS[outcome], SIZES[outcome] * (0.35 if total > MANY else 1.0)
    measured = [p for p in points if metric in p.levels]
    rest = [p for p in points if metric not in p.levels]
    style: dict[str, Any] = {
        "marker": MARKERS[outcome],
        "s": size,
        "linewidths": 1.1,
        "zorder": 4 if outcome == "kept" else 3,
    }
    style |= {"facecolors": "none", "edgecolors": colour} if outcome == "inconclusive" else {"color": colour}
    if measured:
        values = [p.levels[metric].value for p in measured]
        drawn = axes.scatter([p.row.number for p in measured], values, **style)
        drawn.set_urls([f"#{prefix}{p.row.number}" for p in measured])
    if rest:
        above = axes.get_xaxis_transform()
        drawn = axes.scatter([p.row.number for p in rest], [ABOVE] * len(rest), transform=above, clip_on=False, **style)
        drawn.set_urls([f"#{prefix}{p.row.number}" for p in rest])
    if outcome == "kept":
        _intervals(axes, measured, metric)


def _intervals(axes: "Axes", points: Sequence[Standing], metric: Metric) -> None:
    for point in points:
        level = point.levels[metric]
        if level.low is not None and level.high is not None:
            axes.vlines(point.row.number, level.low, level.high, color=COLOURS["kept"], linewidth=1, zorder=3)


def compared(curves: Sequence[Curve], prefix: str) -> Drawing:
    """The incumbents' DMD of several runs over their proposals."""
    title = "DMD of the incumbent (100 % is the baseline)"
    figure, axes = _axes(title, wide=True)
    axes.set_yscale("log")
    for at, curve in enumerate(curves):
        look: dict[str, Any] = {"color": RUNS[at % len(RUNS)], "linestyle": DASHES[at % len(DASHES)]}
        axes.step(range(len(curve.values)), curve.values, where="post", linewidth=1.8, label=curve.name, **look)
    axes.legend(frameon=False, labelcolor=INK, fontsize=9)
    axes.set_xlabel("proposals", color=FAINT)
    _finish(axes, "dmd")
    return drawing(figure, ROLES, f"{prefix}compared", title)


def _axes(title: str, *, wide: bool = False) -> tuple["Figure", "Axes"]:
    from matplotlib import rc_context  # noqa: PLC0415 - half a second that only a page with charts needs
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    with rc_context({"axes.edgecolor": RULE, "xtick.color": FAINT, "ytick.color": FAINT, "text.color": INK}):
        figure = Figure(figsize=(9.2 if wide else 4.7, 2.9), dpi=72)
        axes = figure.add_subplot()
    figure.subplots_adjust(left=0.076 if wide else 0.15, right=0.985, top=0.87, bottom=0.17 if wide else 0.11)
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    axes.set_title(title, loc="left", fontsize=10, color=INK, pad=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y", color=RULE, linewidth=0.6)
    axes.tick_params(labelsize=8.5)
    return figure, axes


def _finish(axes: "Axes", metric: Metric) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator  # noqa: PLC0415 - as above

    first, last = axes.dataLim.intervalx
    axes.xaxis.set_major_locator(FixedLocator([first]) if first == last else MaxNLocator(integer=True, nbins=8))
    low, high = axes.dataLim.intervaly
    if 0 < low <= high < FLAT * low:  # and of one value a log axis would show ten decades
        middle, half = math.sqrt(low * high), math.sqrt(FLAT_ACCURACY if metric == "accuracy" else FLAT)
        axes.set_ylim(middle / half, middle * half)
    low, high = axes.get_ylim()
    if metric == "accuracy":  # nothing is right more often than always
        levels = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(low, high)
        named = [float(level) for level in levels if low <= level <= min(high, 1 + 1e-9)]
    else:
        named = named_levels(low, high)
    axes.yaxis.set_major_locator(FixedLocator(named))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.yaxis.set_minor_locator(NullLocator())


def named_levels(low: float, high: float) -> list[float]:
    """Round levels between the ends of a log axis: at least three, so that a mark's height can be read."""
    from matplotlib.ticker import LogLocator, MaxNLocator  # noqa: PLC0415 - as above

    in_decades = [LogLocator(subs=subs, numticks=8) for subs in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))]
    evenly = [MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]) for bins in (5, 7, 9)]
    named: list[float] = []
    for locator in evenly if high < 8 * low else [*in_decades, *evenly]:
        named = [float(level) for level in locator.tick_values(low, high) if low <= level <= high]
        if len(named) >= 3:
            break
    return named


def _percent(value: float, _: Any) -> str:
    return f"{100 * value:.4g} %" if value < 10 else f"{value:,.4g}×"
