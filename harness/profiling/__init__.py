"""Where the numbers of a measurement come from: its accesses by source line and by buffer.

Promises: candidate code runs in the worker only, trained as in a measurement (the same stop, and without what was spent
on looking); the sums over the lines, and those over the buffers, are the meter's totals, integer by integer, or there
is no profile. DMD is a sum of floats in the order of the accesses, so it agrees to rounding. Does not cover: how it is
shown (`table`, `page`, `plot`).
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import energy, marks, measure
from harness.marks import FIELD, Holder, Place
from harness.measure import Failure, Program
from harness.sandbox import Child, ChildError
from harness.settings import Task
from harness.task import Instance

COLUMNS = ("reads", "writes", "births", "reuse", "ard_reads", "ard_distance")
BINS = 48  # reads at distances from 2^i to 2^(i+1) - 1
LEVELS = energy.MOST_LEVELS
ROUNDING = 1e-9  # of DMD, relative
UNNAMED = "(no name)"


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts as in `records.Measurement`.

    Attributes:
        distances: reads in training at distances from 2^i to 2^(i+1) - 1, for each i.
        levels: accesses by energy level; `picojoules` is what they cost.
    """

    reads: int
    writes: int
    births: int
    reuse: int
    ard_reads: int
    ard_distance: int
    dmd: float
    distances: tuple[int, ...]
    levels: tuple[int, ...] = ()
    picojoules: float = 0.0

    @property
    def mean_distance(self) -> float:
        """Of the reads in training steps; 0 if there are none."""
        return self.ard_distance / self.ard_reads if self.ard_reads else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of source and what it accesses. Path empty and line 0: the harness, which writes the samples."""

    path: str
    line: int
    text: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Buffer:
    """The lists that one name holds first, or that are made at one line and never held by a name."""

    name: str
    where: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Profile:
    """One profiled training. Lines and buffers without an access are left out; both begin with the largest distance.

    Attributes:
        solved: None if only some steps were taken.
        sources: text by path, of the modules in which there are accesses.
        levels: what the sums' `levels` are, and their costs.
    """

    method: str
    hyperparameters: Mapping[str, float]
    samples: int
    solved: bool | None
    total: Sums
    peak_cells: int
    lines: tuple[Line, ...]
    buffers: tuple[Buffer, ...]
    sources: Mapping[str, str]
    levels: tuple[energy.Level, ...] = ()


def profile(
    program: Program,
    instance: Instance,
    task: Task,
    *,
    steps: int | None,
    on_check: Callable[[int], None],
    table: energy.Table | None = None,
) -> Profile | Failure:
    """Train a program in a fresh child, and attribute its accesses.

    Args:
        program: it has passed the policy.
        instance: the drawn problem.
        task: limits and target.
        steps: take so many training steps and look at no prediction; None trains as a measurement does.
        on_check: told the samples so far, now and then.
        table: what accesses cost; None for the harness's own.
    """
    table = table or energy.load()
    try:
        marked = marks.mark(program.modules)
        with measure.loaded(program, instance, task, profile=table.cells) as child:
            progress = _train(child, instance, task, steps, on_check)
            counters = measure.read_counters(child, solved=progress.solved)
            answer = child.request("profile", solved=progress.solved)
        places = _rows(answer, "places", len(marked.places), table)
        buffers = _rows(answer, "buffers", len(marked.holders) + len(marked.places), table)
    except (ChildError, SyntaxError) as error:
        return Failure(str(error))
    if not all(_agree(counters, _total(parts)) for parts in (places, buffers)):
        return Failure("the sums of the profile are not the meter's")
    lines = _lines(marked.places, places, program)
    return Profile(
        method=program.method,
        hyperparameters=program.hyperparameters,
        samples=progress.samples,
        solved=progress.solved if steps is None else None,
        total=_total(places),
        peak_cells=counters["peak_cells"],
        lines=lines,
        buffers=_buffers(marked, buffers),
        sources=_sources(program, {line.path for line in lines}),
        levels=table.levels,
    )


def _train(
    child: Child, instance: Instance, task: Task, steps: int | None, on_check: Callable[[int], None]
) -> measure.Progress:
    if steps is None:
        return measure.train(child, instance, task, on_check)
    progress = measure.Progress()
    while progress.samples < steps:
        count = min(task.check_every, steps - progress.samples)
        measure.teach(child, instance, progress.samples, count)
        progress.samples += count
        on_check(progress.samples)
    return progress


def _rows(answer: Mapping[str, Any], name: str, count: int, table: energy.Table) -> list[Sums]:
    """The worker's sums, each row checked: nothing else of its answer is used."""
    rows, moved = answer.get(name), answer.get(f"{name}_dmd")
    if type(rows) is not list or type(moved) is not list or not len(rows) == len(moved) == count:
        raise ChildError(f"expected {count} {name}")
    return [_sums(row, dmd, table) for row, dmd in zip(rows, moved, strict=True)]


def _sums(row: Any, dmd: Any, table: energy.Table) -> Sums:
    if type(row) is not list or len(row) != len(COLUMNS) + BINS + LEVELS or type(dmd) is not float:
        raise ChildError("a row of the profile is not one of counts")
    if not all(type(n) is int and 0 <= n < 2**63 for n in row) or not 0 <= dmd < math.inf:
        raise ChildError("a sum of the profile is not a count")
    levels = tuple(row[-LEVELS:][: len(table.levels)])
    return Sums(
        **dict(zip(COLUMNS, row, strict=False)),
        dmd=dmd,
        distances=tuple(row[len(COLUMNS) : -LEVELS]),
        levels=levels,
        picojoules=table.picojoules(levels),
    )


def _total(parts: Sequence[Sums]) -> Sums:
    counts = {name: sum(getattr(part, name) for part in parts) for name in COLUMNS}
    distances = tuple(sum(column) for column in zip(*(part.distances for part in parts), strict=True))
    levels = tuple(sum(column) for column in zip(*(part.levels for part in parts), strict=True))
    dmd, picojoules = math.fsum(part.dmd for part in parts), math.fsum(part.picojoules for part in parts)
    return Sums(**counts, dmd=dmd, distances=distances, levels=levels, picojoules=picojoules)


def _agree(counters: Mapping[str, Any], total: Sums) -> bool:
    names = ("reads", "writes", "reuse", "ard_reads", "ard_distance")
    equal = all(counters[name] == getattr(total, name) for name in names)
    return equal and math.isclose(counters["dmd"], total.dmd, rel_tol=ROUNDING)


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py" if module else ""


def _sources(program: Program, accessed: Collection[str]) -> Mapping[str, str]:
    return {path: text for name, text in program.modules.items() if (path := _path(name)) in accessed}


def _lines(places: Sequence[Place], sums: Sequence[Sums], program: Program) -> tuple[Line, ...]:
    lines = []
    for place, of in zip(places, sums, strict=True):
        text = "(the harness writes the sample)"
        if place.module:
            text = program.modules[place.module].splitlines()[place.line - 1].strip()
        lines.append(Line(_path(place.module), place.line, text, of))
    return tuple(sorted((line for line in lines if line.sums.reads + line.sums.writes), key=_by_distance))


def _by_distance(part: Line | Buffer) -> tuple[float, ...]:
    return (-part.sums.ard_distance, -part.sums.dmd)


def _buffers(marked: marks.Marks, sums: Sequence[Sums]) -> tuple[Buffer, ...]:
    named = [Buffer(holder.name, _where(holder), of) for holder, of in zip(marked.holders, sums, strict=False)]
    unnamed = [
        Buffer(UNNAMED, f"made at {_path(place.module)}:{place.line}", of)
        for place, of in zip(marked.places, sums[len(named) :], strict=True)
    ]
    return tuple(sorted((b for b in named + unnamed if b.sums.reads + b.sums.writes), key=_by_distance))


def _where(holder: Holder) -> str:
    if holder.function == FIELD and not holder.module:
        return "field of a record"
    if not holder.module:
        return {"x": "the sample, written at each step's start", "y": "the label"}.get(holder.name, "from init")
    return f"{_path(holder.module)}:{holder.line}"
