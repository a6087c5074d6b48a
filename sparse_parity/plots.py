"""PNG plots of a run: loss, accuracy and hidden progress over the epochs, ARD as bars, and distances by buffer.

Needs matplotlib, which is imported when a plot is drawn and not before; nothing of its global state is
touched.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_parity.config import Config
from sparse_parity.pipeline import ArdRow, Phase, TrainingRow
from sparse_parity.protocol import ParityError
from sparse_parity.training import Epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

CURVES: dict[str, tuple[str, "Callable[[Epoch], float]"]] = {
    "loss": ("test hinge loss", lambda epoch: epoch.test.loss),
    "accuracy": ("test accuracy", lambda epoch: epoch.test.accuracy),
    "progress": ("‖w − w₀‖₁", lambda epoch: epoch.movement),
}


def draw_plots(phases: list[Phase], prefix: Path) -> list[Path]:
    """Write `<prefix>_loss.png`, `_accuracy.png`, `_progress.png`, `_ard.png`, `_buffers.png`; returns their paths.

    Raises:
        ParityError: matplotlib is not installed.
    """
    rows = [row for phase in phases for row in phase.rows]
    trainings = [row for row in rows if isinstance(row, TrainingRow)]
    figures = {name: _curves(trainings, *curve) for name, curve in CURVES.items()}
    accounts = [row for row in rows if isinstance(row, ArdRow)]
    figures["ard"] = _bars(accounts)
    figures["buffers"] = _distances([row for row in accounts if row.recording == "own"])
    paths = []
    for name, figure in figures.items():
        path = prefix.with_name(f"{prefix.name}_{name}.png")
        figure.savefig(path, dpi=120)
        paths.append(path)
    return paths


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
        trouble = "--plots: matplotlib is not installed; pip install matplotlib, or leave out --plots"
        raise ParityError(trouble) from None
    return Figure(figsize=(width, height), layout="constrained")


def _panels(configs: list[Config]) -> tuple["Figure", list[Any]]:
    figure = make_figure(4.5 * len(configs), 3.5)
    axes = figure.subplots(1, len(configs), squeeze=False)[0]
    for config, panel in zip(configs, axes, strict=True):
        panel.set_title(f"{config.n_bits} bits, {config.hidden} hidden units")
    return figure, list(axes)


def _curves(trainings: list[TrainingRow], label: str, height: "Callable[[Epoch], float]") -> "Figure":
    configs = list(dict.fromkeys(row.config for row in trainings))
    figure, panels = _panels(configs)
    styles = ("-", "--", ":", "-.")  # equal curves lie on each other: the styles show that all are there
    for config, panel in zip(configs, panels, strict=True):
        for i, row in enumerate(row for row in trainings if row.config == config):
            epochs = row.training.epochs
            numbers = [epoch.number for epoch in epochs]
            heights = [height(epoch) for epoch in epochs]
            panel.plot(numbers, heights, styles[i % 4], marker=".", label=row.method)
        panel.set_xlabel("epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set_ylabel(label)
        panel.legend()
    return figure


def _bars(rows: list[ArdRow]) -> "Figure":
    configs = list(dict.fromkeys(row.config for row in rows))
    figure, panels = _panels(configs)
    for config, panel in zip(configs, panels, strict=True):
        of_config = [row for row in rows if row.config == config]
        names = [row.method + ("" if row.recording == "own" else f",\n{row.recording}") for row in of_config]
        colours = ["tab:blue" if row.recording == "own" else "silver" for row in of_config]
        bars = panel.bar(range(len(names)), [row.summary.ard or 0.0 for row in of_config], color=colours)
        panel.bar_label(bars, fmt="{:,.0f}", fontsize=7)
        panel.set_xticks(range(len(names)), names, fontsize=7)
        panel.set_ylabel("ARD, floats")
    return figure


def _distances(rows: list[ArdRow]) -> "Figure":
    """The two smallest configs: each buffer's mean distance, where a method reads it, longest first."""
    configs = list(dict.fromkeys(row.config for row in rows))[:2]
    figure = make_figure(5.0 * len(configs), 5.0)
    axes = figure.subplots(1, len(configs), squeeze=False)[0]
    for config, panel in zip(configs, axes, strict=True):
        of_config = [row for row in rows if row.config == config]
        means = {row.method: {b.name: b.average for b in row.summary.buffers if b.average} for row in of_config}
        names = sorted(means[of_config[0].method], key=lambda name: means[of_config[0].method][name] or 0.0)
        height = 0.8 / len(means)
        for i, (method, of_method) in enumerate(means.items()):
            places = [place - 0.4 + height * (i + 0.5) for place in range(len(names))]
            panel.barh(places, [of_method.get(name) or 0.0 for name in names], height, label=method)
        panel.set_yticks(range(len(names)), names)
        panel.set_title(f"{config.n_bits} bits, {config.hidden} hidden units")
        panel.set_xlabel("mean reuse distance of a read, floats")
        panel.legend()
    return figure
