"""A profile as one PNG: which buffers the distance and the reads belong to, and the histogram of distances.

Promises: matplotlib is imported when a plot is drawn and not before; its global state is not touched. Does not cover:
source lines (the page shows them).
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ArdentError
from harness.profiling import Buffer, Profile
from harness.profiling.table import headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BARS = 8  # buffers on the left
LAYERS = 5  # buffers told apart on the right
COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE")  # told apart by colour-blind people too
REST = "#BBBBBB"


def require_matplotlib() -> None:
    """Raises ArdentError where plots cannot be drawn, before any time is spent."""
    _figure()


def _figure() -> "Figure":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only plots need it, and it takes half a second
    except ImportError:
        raise ArdentError("profile: matplotlib is not installed; run: pip install matplotlib") from None
    return Figure(figsize=(12, 5.6), layout="constrained")


def draw(profile: Profile, path: Path) -> None:
    """Write the PNG."""
    figure = _figure()
    figure.suptitle(headline(profile), fontsize=10)
    left, right = figure.subplots(1, 2)
    _draw_buffers(left, profile)
    _draw_distances(right, profile)
    figure.savefig(path, dpi=130)


def _draw_buffers(panel: Any, profile: Profile) -> None:
    buffers = [b for b in profile.buffers if b.sums.ard_reads][:BARS]
    total = profile.total
    for shift, label, shares, hatch in (
        (-0.3, "of the distance", [b.sums.ard_distance / (total.ard_distance or 1) for b in buffers], ""),
        (-0.1, "of the reads", [b.sums.ard_reads / (total.ard_reads or 1) for b in buffers], "////"),
        (0.1, "of the DMD", [b.sums.dmd / (total.dmd or 1) for b in buffers], "...."),
        (0.3, "of the energy", [b.sums.picojoules / (total.picojoules or 1) for b in buffers], "xxxx"),
    ):
        places = [i + shift for i in range(len(buffers))]
        colours = [_colour(i) for i in range(len(buffers))]
        percents = [100 * s for s in shares]
        bars = panel.barh(places, percents, 0.19, color=colours, hatch=hatch, edgecolor="white", label=label)
        panel.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    named = [f"{b.name}\nmean {b.sums.mean_distance:,.0f}" for b in buffers]
    panel.set_yticks(range(len(buffers)), named, fontsize=8)
    panel.invert_yaxis()
    panel.margins(x=0.12)  # room for the numbers
    panel.set_xlabel("share, percent (from top: distance plain, reads striped, DMD dotted, energy crossed)")
    panel.set_title("which buffers", fontsize=10)


def _draw_distances(panel: Any, profile: Profile) -> None:
    reads = profile.total.ard_reads or 1
    used = [i for i, count in enumerate(profile.total.distances) if count] or [0]
    bins = range(used[0], used[-1] + 1)
    bottom = [0.0] * len(bins)
    for label, colour, counts in _layers(profile):
        heights = [100 * counts[i] / reads for i in bins]
        panel.bar(bins, heights, 0.92, bottom, align="edge", color=colour, label=label)
        bottom = [b + h for b, h in zip(bottom, heights, strict=True)]
    ticks = [*bins, bins.stop]
    panel.set_xticks(ticks, [f"$2^{{{i}}}$" for i in ticks], fontsize=8)
    panel.set_xlabel("distance of a read, accesses (bar: from its power of two to the next)")
    panel.set_ylabel("reads in training, percent")
    panel.set_title("how far back they reach", fontsize=10)
    if profile.total.ard_distance:
        panel.axvline(math.log2(profile.total.mean_distance), color="black", linestyle="--", linewidth=1, label="ARD")
    panel.legend(fontsize=8)


def _layers(profile: Profile) -> list[tuple[str, str, list[int]]]:
    """Label, colour and counts of each layer; the last is what the others leave."""
    shown: list[Buffer] = list(profile.buffers[:LAYERS])
    layers = [(b.name, _colour(i), list(b.sums.distances)) for i, b in enumerate(shown) if b.sums.ard_reads]
    rest = [n - sum(layer[2][i] for layer in layers) for i, n in enumerate(profile.total.distances)]
    return [*layers, ("the rest", REST, rest)] if any(rest) else layers


def _colour(rank: int) -> str:
    return COLOURS[rank] if rank < len(COLOURS) else REST
