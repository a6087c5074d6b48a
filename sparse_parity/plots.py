"""PNG plots of a run: loss, accuracy and hidden progress over the samples seen, ARD as bars, and distances by buffer.

Needs matplotlib, which is imported when a plot is drawn and not before; nothing of its global state is
touched.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sparse_parity.config import Config
from sparse_parity.pipeline import ArdRow, Phase, TrainingRow
from sparse_parity.protocol import ParityError
from sparse_parity.subjects import PUBLISHED
from sparse_parity.training import Epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

CURVES: dict[str, tuple[str, str, str, "Callable[[Epoch], float]"]] = {
    "loss": ("Loss on test samples, 0 drawn as 0.001", "mean hinge loss", "log", lambda e: e.test.loss or 1e-3),
    "accuracy": ("Accuracy on test samples", "test accuracy", "linear", lambda e: e.test.accuracy),
    "progress": ("Hidden progress: how far the weights went", "‖w − w₀‖₁", "log", lambda e: e.movement),
}
LOOKS = {  # colour, line, marker: told apart without colours too
    "standard": ("tab:blue", "-", "."),
    "fused": ("tab:orange", "--", "."),  # the three variants lie on each other: their dashes show that all are there
    "perlayer": ("black", ":", "."),
    "grokfast": ("tab:red", "-", "s"),
    "minibatch": ("tab:green", "-", "^"),
    "sign_sgd": ("tab:purple", "-", "v"),
    "forward_forward": ("tab:brown", "-", "D"),
}


def draw_plots(phases: list[Phase], prefix: Path) -> list[Path]:
    """Write `<prefix>_loss.png`, `_accuracy.png`, `_progress.png`, `_ard.png`, `_buffers.png`; returns their paths.

    Raises:
        ParityError: matplotlib is not installed.
    """
    paths = []
    for name, figure in plot_phases(phases).items():
        path = prefix.with_name(f"{prefix.name}_{name}.png")
        figure.savefig(path, dpi=120)
        paths.append(path)
    return paths


def plot_phases(phases: list[Phase]) -> dict[str, "Figure"]:
    """The plots by name, drawn and not yet written.

    Raises:
        ParityError: matplotlib is not installed.
    """
    rows = [row for phase in phases for row in phase.rows]
    trainings = [row for row in rows if isinstance(row, TrainingRow)]
    figures = {name: draw_curves(trainings, *curve) for name, curve in CURVES.items()}
    accounts = [row for row in rows if isinstance(row, ArdRow)]
    return figures | {"ard": _bars(accounts), "buffers": _distances(accounts)}


def require_matplotlib() -> None:
    """Raises ParityError where plots cannot be drawn, before any time is spent."""
    make_figure(1, 1)


def make_figure(width: float, height: float) -> "Figure":
    """An empty figure, in inches.

    Raises:
        ParityError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only plots need it, and it takes half a second
    except ImportError:
        trouble = "plots: matplotlib is not installed; pip install matplotlib, or do without plots"
        raise ParityError(trouble) from None
    return Figure(figsize=(width, height), layout="constrained")


def draw_curves(
    trainings: list[TrainingRow], title: str, label: str, scale: str, height: "Callable[[Epoch], float]"
) -> "Figure":
    """One of `CURVES` over the samples seen, a panel for each number of bits; on a linear scale heights are shares."""
    sizes = list(dict.fromkeys(row.config.n_bits for row in trainings))
    figure = make_figure(5.2 * len(sizes), 5.0)
    figure.suptitle(title)
    for n_bits, panel in zip(sizes, figure.subplots(1, len(sizes), squeeze=False)[0], strict=True):
        for row in (row for row in trainings if row.config.n_bits == n_bits):
            seen = [epoch.number * row.config.n_train for epoch in row.training.epochs]
            colour, dashes, marker = LOOKS.get(row.method, ("grey", "-.", "."))
            heights = [height(epoch) for epoch in row.training.epochs]
            label_of = f"{row.method}, {row.config.hidden} units"
            panel.plot(seen, heights, dashes, color=colour, marker=marker, markersize=4, label=label_of)
        panel.set_title(f"{n_bits} bits, 3 secret", fontsize=10)
        panel.set_xlabel("training samples seen" + _scale_axis(panel, "x", panel.dataLim.intervalx))
        if scale == "log":
            panel.set_ylabel(label + _scale_axis(panel, "y", panel.dataLim.intervaly))
        else:
            panel.set_ylabel(label)
            panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panel.grid(visible=True, alpha=0.3)
        panel.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure


def _bars(rows: list[ArdRow]) -> "Figure":
    """A panel a config, of the configs that several methods were accounted for at."""
    configs = _shared(rows)
    figure = make_figure(5.0 * min(2, len(configs)), 3.4 * ((len(configs) + 1) // 2))
    figure.suptitle("ARD of one full training step, recorded fully; grey: the published, incomplete list")
    panels = figure.subplots((len(configs) + 1) // 2, min(2, len(configs)), squeeze=False).flat
    for config, panel in zip(configs, panels, strict=False):
        of_config = [row for row in rows if row.config == config][::-1]
        names = [_label(row) for row in of_config]
        colours = ["silver" if row.recording == "as published" else "tab:blue" for row in of_config]
        bars = panel.barh(range(len(names)), [row.summary.ard or 0.0 for row in of_config], color=colours)
        panel.bar_label(bars, fmt="{:,.0f}", fontsize=8, padding=3)
        panel.set_yticks(range(len(names)), names, fontsize=8)
        panel.set_title(_title(config), fontsize=10)
        values = [row.summary.ard or 0.0 for row in of_config]
        scale = _scale_axis(panel, "x", values)
        panel.set_xlabel(f"ARD, floats{scale}")
        panel.set_xlim(min(values) / 2.0 if scale else 0.0, max(values) * (4.0 if scale else 1.2))
    return figure


def _scale_axis(panel: Any, side: Literal["x", "y"], values: Sequence[float]) -> str:
    """A logarithmic axis, which is said, where large values would hide small ones. Ticks are plain numbers."""
    axis = panel.xaxis if side == "x" else panel.yaxis
    is_wide = max(values) > 5.0 * min(values)
    if is_wide:
        (panel.set_xscale if side == "x" else panel.set_yscale)("log")
        axis.set_minor_formatter(lambda _value, _: "")
    else:
        panel.locator_params(axis=side, integer=True)
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    return " (logarithmic)" if is_wide else ""


def _shared(rows: list[ArdRow]) -> list[Config]:
    configs = [row.config for row in rows]
    return [config for config in dict.fromkeys(configs) if configs.count(config) > 2]


def _title(config: Config) -> str:
    return f"{config.n_bits} bits, {config.hidden} hidden units"


def _distances(rows: list[ArdRow]) -> "Figure":
    """The two smallest configs: each buffer's mean distance in backprop's variants, longest first."""
    configs = _shared(rows)[:2]
    figure = make_figure(5.2 * len(configs), 6.0)
    figure.suptitle("How far back each buffer's reads reach, in backprop's variants")
    for config, panel in zip(configs, figure.subplots(1, len(configs), squeeze=False)[0], strict=True):
        of_config = [row for row in rows if row.config == config and row.method in PUBLISHED]
        means = {_label(row): {b.name: b.average for b in row.summary.buffers if b.average} for row in of_config}
        first = next(iter(means.values()))
        names = sorted(first, key=lambda name: first[name] or 0.0)
        height = 0.8 / len(means)
        for i, (label, of_method) in enumerate(means.items()):
            places = [place + 0.4 - height * (i + 0.5) for place in range(len(names))]
            colour = "silver" if label.endswith("published") else LOOKS[label][0]
            panel.barh(places, [of_method.get(name) or 0.0 for name in names], height, label=label, color=colour)
        panel.set_yticks(range(len(names)), names)
        panel.set_title(_title(config), fontsize=10)
        panel.set_xlabel("mean reuse distance of a read, floats")
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        panel.grid(visible=True, axis="x", alpha=0.3)
        panel.legend(fontsize=8, loc="lower right")
    return figure


def _label(row: ArdRow) -> str:
    return row.method if row.recording == "own" else f"{row.method}, {row.recording}"
