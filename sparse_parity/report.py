"""The phases as text: a table for the terminal, a markdown report, and strict JSON.

Promises: JSON holds no NaN or infinity (they become null) and no state; each number comes from a phase's row.
"""

import json
import math
import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sparse_parity.config import Config
from sparse_parity.pipeline import ArdRow, DataRow, Phase, Row, TrainingRow
from sparse_parity.terminal import WIDE, align

COLUMNS = ("method", "ARD", "reads", "writes", "floats", "epochs to solve", "test accuracy")

PLOTS = ("loss", "accuracy", "progress", "ard", "buffers")

NOTES = """\
ARD is what each method declares to MemTracker in one full training step, in floats. `perlayer` declares every
value that it makes; `perlayer, as published` is the published list, which leaves out nine reads and five
writes of the same step. For a batch method the account is of its first 32 steps, the last of which changes the
weights. Epochs to solve: the first with a test accuracy above 90 %. A dash: not trained in this run at this
size. Seen: samples learned from, the passes counted.
"""


def tabulate(phases: Iterable[Phase]) -> list[tuple[Config, list[tuple[str, ...]]]]:
    """One block of cells per config that was accounted for, in the order of the phases."""
    rows = [row for phase in phases for row in phase.rows]
    trainings = [row for row in rows if isinstance(row, TrainingRow)]
    blocks: dict[Config, list[tuple[str, ...]]] = {}
    for row in rows:
        if isinstance(row, ArdRow):
            blocks.setdefault(row.config, []).append(_cells(row, trainings))
    return list(blocks.items())


def _cells(row: ArdRow, trainings: list[TrainingRow]) -> tuple[str, ...]:
    key = (row.config, row.method, row.hp)
    training = next((t.training for t in trainings if (t.config, t.method, t.hp) == key), None)
    summary = row.summary
    return (
        _label(row),
        "-" if summary.ard is None else f"{summary.ard:,.2f}",
        f"{summary.reads:,}",
        f"{summary.writes:,}",
        f"{summary.total_floats:,}",
        "-" if training is None else str(training.solved_at or "not solved"),
        "-" if training is None else f"{training.epochs[-1].test.accuracy:.1%}",
    )


def _label(row: ArdRow) -> str:
    if row.recording != "own":
        return f"{row.method}, {row.recording}"
    return row.method if row.hp == row.config.hp else f"{row.method}, champion's hyperparameters"


TRAINED = ("method", "hidden", "lr", "samples", "epochs", "seen", "solved at", "test accuracy", "seconds")


def compare_trainings(phases: Iterable[Phase]) -> list[tuple[int, list[tuple[str, ...]]]]:
    """All trainings, by the number of bits: one row of cells each."""
    blocks: dict[int, list[tuple[str, ...]]] = {}
    for row in (row for phase in phases for row in phase.rows if isinstance(row, TrainingRow)):
        epochs = row.training.epochs
        cells = (
            row.method,
            f"{row.hp['hidden']:.0f}",
            f"{row.hp['lr']:g}",
            f"{row.config.n_train:,}",
            str(len(epochs)),
            f"{len(epochs) * row.config.n_train:,}",
            str(row.training.solved_at or "-"),
            f"{epochs[-1].test.accuracy:.1%}",
            f"{row.seconds:.2f}",
        )
        blocks.setdefault(row.config.n_bits, []).append(cells)
    return list(blocks.items())


def render_table(phases: list[Phase], width: int = WIDE) -> str:
    """Plain text, aligned; one block per config, then all trainings, and what the words mean."""
    lines = []
    for config, rows in tabulate(phases):
        lines += [*textwrap.wrap(describe(config), width), *align([COLUMNS, *rows], width), ""]
    for n_bits, rows in compare_trainings(phases):
        lines += [f"trained at {n_bits} bits", *align([TRAINED, *rows], width), ""]
    return "\n".join([*lines, textwrap.fill(NOTES, width)])


def describe(config: Config) -> str:
    """One line on an instance."""
    return (
        f"{config.n_bits} bits, {config.k_sparse} secret, {config.hidden} hidden units, "
        f"learning rate {config.lr}, weight decay {config.wd}, seed {config.seed}"
    )


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [_bar(columns), _bar(["---", *["---:"] * (len(columns) - 1)]), *(_bar(row) for row in rows)]


def _name_plots(stamp: str) -> list[str]:
    return ["## Plots", "", *(f"![{name}]({stamp}_{name}.png)" for name in PLOTS), ""]


def render_markdown(phases: list[Phase], stamp: str, *, plots: bool) -> str:
    """The report: a table per config, all trainings side by side, the plots, and how each training went."""
    lines = [f"# Sparse parity, run {stamp}", "", NOTES]
    for config, rows in tabulate(phases):
        lines += [f"## {describe(config)}", "", *_table(COLUMNS, rows), ""]
    for n_bits, rows in compare_trainings(phases):
        lines += [f"## All trainings at {n_bits} bits", "", *_table(TRAINED, rows), ""]
    lines += _name_plots(stamp) if plots else []
    for row in (row for phase in phases for row in phase.rows if isinstance(row, TrainingRow)):
        lines += [f"## Training: {row.method}, {row.config.name}", ""]
        lines += [_bar(EPOCH_COLUMNS), _bar(["---:"] * 6)]
        lines += [*_epoch_lines(row), ""]
    lines += ["## Time of each phase", "", *(f"- {phase.name}: {phase.seconds:.2f} s" for phase in phases)]
    return "\n".join(lines) + "\n"


EPOCH_COLUMNS = ("epoch", "train loss", "train accuracy", "test accuracy", "fired steps", "‖w − w₀‖₁")


def _epoch_lines(row: TrainingRow) -> list[str]:
    return [
        _bar(
            [
                str(e.number),
                f"{e.train.loss:.4f}" if e.train else "-",
                f"{e.train.accuracy:.1%}" if e.train else "-",
                f"{e.test.accuracy:.1%}",
                str(e.fired) if e.train else "-",
                f"{e.movement:,.1f}",
            ]
        )
        for e in row.training.epochs
    ]


def _bar(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def to_json(value: Any) -> str:
    """Strict JSON, indented."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)


def phase_record(phase: Phase) -> dict[str, Any]:
    """A phase as plain values."""
    return {"phase": phase.name, "seconds": phase.seconds, "rows": [_row_record(row) for row in phase.rows]}


def _row_record(row: Row) -> dict[str, Any]:
    config = asdict(row.config)
    if isinstance(row, DataRow):
        return {"config": config, "secret": row.instance.secret, "labels_agreeing": row.agreeing}
    subject = {"config": config, "method": row.method, "hyperparameters": row.hp}
    if isinstance(row, ArdRow):
        return {**subject, "recording": row.recording, "tracker": asdict(row.summary)}
    epochs = [_finite(asdict(epoch)) for epoch in row.training.epochs]
    return {**subject, "solved_at": row.training.solved_at, "seconds": row.seconds, "epochs": epochs}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
