"""PNG plots of what the claims show: hidden progress, ARD over a whole run, and the gains recorded fully.

Each needs its claim's values; a plot whose claim was not run is left out. Needs matplotlib.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sparse_parity.plots import make_figure
from sparse_parity.protocol import ParityError
from sparse_parity.reproduction.claim import Row, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_figures(rows: list[Row], directory: Path) -> list[Path]:
    """Write the plots whose claims are among the rows; returns their paths.

    Raises:
        ParityError: a file cannot be written.
    """
    values = {row.claim.id: row.values for row in rows if row.values}
    paths = []
    try:
        for name, (claims, draw) in FIGURES.items():
            if all(claim in values for claim in claims):
                path = directory / f"{name}.png"
                draw(*(values[claim] for claim in claims)).savefig(path, dpi=110)
                paths.append(path)
    except OSError as error:
        where = error.filename or directory  # a full disk names no file
        trouble = f"--plots: {where}: {error.strerror}; name a directory that can be written"
        raise ParityError(trouble) from None
    return paths


def name_undrawn(rows: list[Row]) -> str:
    """The plots whose claims are not all among the rows, and what each needs; empty where all are drawn."""
    known = {row.claim.id for row in rows if row.values}
    return "; ".join(
        f"{name}.png needs {' and '.join(claims)}" for name, (claims, _) in FIGURES.items() if not known >= set(claims)
    )


def _progress(values: Values) -> "Figure":
    accuracies, movements, shares = values[0::3], values[1::3], values[2::3]
    epochs = range(1, len(accuracies) + 1)
    figure = make_figure(6.5, 5.0)
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(epochs, [100 * a for a in accuracies], color="tab:blue")
    top.axhline(50, color="grey", linestyle=":", linewidth=1)
    top.set_ylabel("test accuracy, %")
    top.set_title("Accuracy jumps late; the weights move from the first epoch on\n20 bits, 3 secret, batches of 32")
    moved = [100 * m / movements[-1] for m in movements]
    ahead = [100 * (s - 1) for s in shares]
    bottom.plot(epochs, moved, color="tab:orange", label="‖w − w₀‖₁, % of its end")
    bottom.plot(epochs, ahead, color="tab:green", label="mean |W1| on secret inputs above others', %")
    bottom.set_xlabel("epoch")
    bottom.set_ylabel("%")
    bottom.set_ylim(-8, 150)  # room for the legend above both curves
    bottom.legend(loc="upper left")
    return figure


def _whole_run(values: Values, step: Values, accuracies: Values) -> "Figure":
    figure = make_figure(6.0, 3.6)
    panel = figure.subplots()
    heights = values[:6]
    bars = panel.bar(range(1, 7), heights, color="tab:red")
    panel.bar_label(bars, labels=[f"{v / 1000:,.1f}k" for v in heights])
    stamped = f"one full step, stamped at its start: {step[0] / 1000:,.1f}k"
    panel.axhline(step[0], color="black", linestyle="--", linewidth=1, label=stamped)
    panel.legend(loc="upper left")
    panel.yaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}k")
    panel.set_xlabel(f"epoch (accuracy {100 * accuracies[0]:g} % in the first, {100 * accuracies[5]:g} % in the sixth)")
    panel.set_ylabel("ARD, floats")
    panel.set_title("Without a stamp at each step, learning looks worse\nstandard backprop, 20 bits, hidden 500")
    panel.margins(y=0.15)
    return figure


def _gains(three: Values, twenty: Values) -> "Figure":
    figure = make_figure(6.0, 3.6)
    panel = figure.subplots()
    for offset, (label, index, colour) in enumerate(
        (("per-layer, published list", 0, "silver"), ("per-layer, recorded fully", 1, "tab:blue"),
         ("fused", 2, "tab:green"))
    ):  # fmt: skip
        places = [i + 0.27 * (offset - 1) for i in range(2)]
        bars = panel.bar(places, [three[index], twenty[index]], width=0.25, color=colour, label=label)
        panel.bar_label(bars, fmt="{:.1f} %")
    panel.set_xticks(range(2), ["3 bits, hidden 1000", "20 bits, hidden 500"])
    panel.set_ylabel("ARD lower than standard's, %")
    panel.set_title("The published per-layer gain is its missing records")
    panel.legend()
    panel.margins(y=0.12)
    return figure


FIGURES: dict[str, tuple[tuple[str, ...], Callable[..., "Figure"]]] = {
    "hidden_progress": (("EXP1",), _progress),
    "whole_run": (("WHOLE", "A-standard", "A-acc"), _whole_run),
    "gains": (("R3-9.1", "A-1.3/3.8"), _gains),
}
