"""The clock, the LRU stack and the sums of docs/metric.md: slow, obvious, plain Python, written from that text alone.

The LRU stack is the sorted list of the clocks of the last accesses of the live cells: the depth of a cell is how many
are as late as its own. The stamp is a pass over every live cell. It has the calling surface of
`harness.memory_trace.Meter`, so that the same program can run on either and every counter be compared.

Does not cover: speed (an access moves up to the whole stack in memory: 6 microseconds at 14,000 cells), attribution.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from harness.interpreter.lists import List
from harness.interpreter.record import Record

COUNTS = ("now", "ard_clock", "reads", "writes", "births", "reuse", "ard_distance", "ard_reads", "peak")


class Trace:
    """Counts accesses. A cell is a serial number; a block is the live cells of one list or record, in order."""

    def __init__(self, n_inputs: int) -> None:
        """Start at clock 0 with an input buffer of `n_inputs` cells and a label cell, which are not counted as made."""
        self.now = self.ard_clock = self.reads = self.writes = self.births = 0
        self.reuse = self.ard_distance = self.ard_reads = self.peak = 0
        self.depths: Counter[int] = Counter()
        self.stack: list[int] = []  # for each live cell when it was accessed last, as a count of all touches
        self.touches = 0
        self.touched: dict[int, int] = {}  # cell: its entry in the stack
        self.written: dict[int, int] = {}  # cell: ARD clock at its last write or stamp
        self.accessed: dict[int, int] = {}  # cell: `now` at its last access
        self.blocks: dict[int, list[int]] = {}  # container number: its live cells; numbers grow with every one made
        self.cells_made = self.containers_made = 0
        self.in_step = False
        self.being_made: list[List] = []
        self.kept: Any = None
        self._make_inputs(n_inputs)

    def _make_inputs(self, n_inputs: int) -> None:
        self.inputs = List(self)
        for _ in range(n_inputs):
            self.inputs.append_new(0.0)
        self.inputs.finish()
        self.inputs.fixed = self.inputs.held = True
        self.label = self._new_cell()
        self.now = self.ard_clock = self.writes = self.births = 0
        self.accessed = dict.fromkeys(self.accessed, 0)

    # -- accesses ---

    def read(self, cell: int) -> None:
        """Read a live cell."""
        if self.in_step:
            self.ard_distance += self.ard_clock - self.written[cell]
            self.ard_reads += 1
        self.reuse += self.now - self.accessed[cell]
        self.reads += 1
        self._to_top(cell)
        self._tick(cell)

    def write(self, cell: int) -> None:
        """Write a live cell."""
        self.writes += 1
        self.written[cell] = self.ard_clock
        self._to_top(cell)
        self._tick(cell)

    def _to_top(self, cell: int) -> None:
        place = bisect_left(self.stack, self.touched[cell])
        self.depths[len(self.stack) - place] += 1
        del self.stack[place]
        self._push(cell)

    def _push(self, cell: int) -> None:
        self.touches += 1
        self.touched[cell] = self.touches
        self.stack.append(self.touches)

    def _tick(self, cell: int) -> None:
        self.accessed[cell] = self.now
        self.now += 1
        self.ard_clock += 1

    def _new_cell(self) -> int:
        """A birth."""
        self.cells_made += 1
        cell = self.cells_made
        self._push(cell)
        self.peak = max(self.peak, len(self.stack))
        self.written[cell] = self.ard_clock
        self.births += 1
        self.writes += 1
        self._tick(cell)
        return cell

    def born(self, block: list[int], place: int | None = None) -> None:
        """A new cell of a block, at its end or at a place."""
        cell = self._new_cell()
        block.insert(len(block) if place is None else place, cell)

    def hold(self) -> None:
        """A row, list or record put into its place: a write that costs 1 and makes no cell."""
        self.births += 1
        self.writes += 1
        self.now += 1
        self.ard_clock += 1

    def free(self, cell: int) -> None:
        """A cell leaves the stack."""
        del self.stack[bisect_left(self.stack, self.touched.pop(cell))]
        del self.written[cell], self.accessed[cell]

    def new_block(self) -> int:
        """The number of a new, empty block."""
        self.containers_made += 1
        self.blocks[self.containers_made] = []
        return self.containers_made

    def free_block(self, number: int) -> None:
        """All cells of a block leave the stack."""
        for cell in self.blocks.pop(number):
            self.free(cell)

    # -- what the harness calls ---

    def begin_step(self, sample: Iterable[float], _label: float) -> None:
        """Stamp all live cells as written, then write the sample and its label."""
        input_cells = set(self.blocks[self.inputs.number][1:])
        for number in sorted(self.blocks):
            for cell in self.blocks[number]:
                if cell not in input_cells:
                    self.written[cell] = self.ard_clock
                    self.ard_clock += 1
        self.begin_predict(sample)
        self.write(self.label)
        self.in_step = True

    def end_step(self) -> None:
        """Reads count towards ARD between begin_step and end_step only."""
        self.in_step = False

    def begin_predict(self, sample: Iterable[float]) -> None:
        """Write the sample into the input buffer."""
        for i, value in enumerate(sample):
            self.inputs[i] = value

    def input_buffer(self) -> List:
        """The list that each sample is written into."""
        return self.inputs

    def depth_counts(self) -> dict[int, int]:
        """Accesses by LRU depth, births left out."""
        return dict(sorted(self.depths.items()))

    def birth_count(self) -> int:
        """Cells and rows written for the first time."""
        return self.births

    def dmd(self) -> float:
        """Data movement distance so far."""
        return self.births + math.fsum(times * math.sqrt(depth) for depth, times in self.depths.items())

    def counters(self) -> dict[str, Any]:
        """The sums so far; see records.Measurement."""
        return {
            "ard_distance": self.ard_distance,
            "ard_reads": self.ard_reads,
            "reads": self.reads,
            "writes": self.writes,
            "dmd": self.dmd(),
            "reuse": self.reuse,
            "peak_cells": self.peak,
        }

    # -- looking without a trace ---

    def keep(self) -> None:
        """Remember every count and every cell, until `forget`."""
        counts = {name: getattr(self, name) for name in COUNTS}
        blocks = {number: list(block) for number, block in self.blocks.items()}
        cells = (list(self.stack), dict(self.touched), dict(self.written), dict(self.accessed), Counter(self.depths))
        self.kept = counts, blocks, cells

    def forget(self) -> None:
        """Be as if nothing had been accessed since `keep`. The same containers are alive, and as long as then."""
        counts, blocks, cells = self.kept
        sizes = {number: len(block) for number, block in blocks.items()}
        if sizes != {number: len(block) for number, block in self.blocks.items()}:
            raise ValueError("other cells are alive than were kept")
        for name, value in counts.items():
            setattr(self, name, value)
        self.blocks = blocks
        self.stack, self.touched, self.written, self.accessed, self.depths = cells

    # -- what a program's containers are made by ---

    def open(self) -> None:
        """Begin a list whose elements `put` writes one by one."""
        self.being_made.append(List(self))

    def put(self, value: Any) -> None:
        """Write the next element of the list begun last."""
        self.being_made[-1].append_new(value)

    def close(self, _opened: object, _put: object) -> List:
        """End the list begun last."""
        made = self.being_made.pop()
        made.finish()
        return made

    def fill(self, values: tuple[Any, ...], times: int) -> List:
        """`[values] * times`."""
        made = List(self)
        for _ in range(times):
            for value in values:
                made.append_new(value)
        made.finish()
        return made

    def listed(self, values: Iterable[Any] = ()) -> List:
        """`list(values)`."""
        made = List(self)
        for value in values:
            made.append_new(value)
            del value
        made.finish()
        return made

    def sorted_list(self, values: Iterable[Any], reverse: bool = False) -> List:  # noqa: FBT001, FBT002 - as the builtin
        """`sorted(values)`."""
        made = self.listed(values)
        made.sort(reverse=reverse)
        return made

    def record(self, names: tuple[str, ...], *values: Any) -> Record:
        """`{name: value, ...}`."""
        return Record(self, names, values)


def walk(value: object) -> Iterator[object]:
    """Every list and record, length, field name and number, in order, uncounted."""
    yield value
    if isinstance(value, List):
        yield ("list", len(value.values))
        for item in value.values:
            yield from walk(item)
    elif isinstance(value, Record):
        for name, item in zip(value.names, value.values, strict=True):
            yield name
            yield from walk(item)
