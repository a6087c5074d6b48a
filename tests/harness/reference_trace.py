"""The second implementation of docs/metric.md: slow, obvious, plain Python, written from the text alone.

The LRU stack is a list of cells, the stamp a pass over every live cell, and each operation follows its row
in the table of operations. It has the calling surface of `harness.memory_trace.Meter`, so that the same
rewritten program runs on either and every counter can be compared.
Does not cover: speed (an access costs the length of the stack), and the texts of refusals.
"""

import math
from collections import Counter

from tests.harness.reference_container import ReferenceContainer, check_number, is_container, take_hold
from tests.harness.reference_list import ReferenceList

COUNTS = ("now", "ard_clock", "reads", "writes", "births", "reuse", "ard_distance", "ard_reads", "peak")


class ReferenceMeter:
    """Counts accesses. A cell is a serial number; `stack` holds the live ones, the latest at its end."""

    def __init__(self, n_inputs):
        self.now = self.ard_clock = self.reads = self.writes = self.births = 0
        self.reuse = self.ard_distance = self.ard_reads = self.peak = 0
        self.depths = Counter()
        self.stack = []
        self.written = {}  # cell: ARD clock at its last write or stamp
        self.accessed = {}  # cell: `now` at its last access
        self.blocks = {}  # container number: its live cells in order; numbers grow with every one made
        self.cells_made = self.containers_made = 0
        self.in_step = False
        self.being_made = []
        self._make_inputs(n_inputs)

    def _make_inputs(self, n_inputs):
        self.inputs = ReferenceList(self)
        for _ in range(n_inputs):
            self.inputs.append_new(0.0)
        self.inputs.finish()
        self.inputs.fixed = self.inputs.held = True
        self.label = self._new_cell()
        self.now = self.ard_clock = self.writes = self.births = 0
        for cell in self.stack:
            self.accessed[cell] = 0

    # -- accesses

    def read(self, cell):
        if self.in_step:
            self.ard_distance += self.ard_clock - self.written[cell]
            self.ard_reads += 1
        self.reuse += self.now - self.accessed[cell]
        self.reads += 1
        self._to_top(cell)
        self._tick(cell)

    def write(self, cell):
        self.writes += 1
        self.written[cell] = self.ard_clock
        self._to_top(cell)
        self._tick(cell)

    def _to_top(self, cell):
        depth = len(self.stack) - self.stack.index(cell)
        self.depths[depth] += 1
        self.stack.remove(cell)
        self.stack.append(cell)

    def _tick(self, cell):
        self.accessed[cell] = self.now
        self.now += 1
        self.ard_clock += 1

    def _new_cell(self):
        """A birth."""
        self.cells_made += 1
        cell = self.cells_made
        self.stack.append(cell)
        self.peak = max(self.peak, len(self.stack))
        self.written[cell] = self.ard_clock
        self.births += 1
        self.writes += 1
        self._tick(cell)
        return cell

    def born(self, block, place=None):
        cell = self._new_cell()
        block.insert(len(block) if place is None else place, cell)

    def hold(self):
        """A row, list or record put into its place: a write that costs 1 and makes no cell."""
        self.births += 1
        self.writes += 1
        self.now += 1
        self.ard_clock += 1

    def free(self, cell):
        self.stack.remove(cell)
        del self.written[cell], self.accessed[cell]

    def new_block(self):
        self.containers_made += 1
        self.blocks[self.containers_made] = []
        return self.containers_made

    def free_block(self, number):
        for cell in self.blocks.pop(number):
            self.free(cell)

    # -- what the worker calls

    def begin_step(self, sample, _label):
        input_cells = self.blocks[self.inputs.number][1:]
        for number in sorted(self.blocks):
            for cell in self.blocks[number]:
                if cell not in input_cells:
                    self.written[cell] = self.ard_clock
                    self.ard_clock += 1
        self.begin_predict(sample)
        self.write(self.label)
        self.in_step = True

    def end_step(self):
        self.in_step = False

    def begin_predict(self, sample):
        for i, value in enumerate(sample):
            self.inputs[i] = value

    def input_buffer(self):
        return self.inputs

    # -- looking without a trace

    def keep(self):
        counts = {name: getattr(self, name) for name in COUNTS}
        blocks = {number: list(block) for number, block in self.blocks.items()}
        memory = (list(self.stack), dict(self.written), dict(self.accessed), Counter(self.depths))
        self.kept = counts, blocks, memory

    def forget(self):
        """Each block is as long as when it was kept, so that the cells of then are put back in their places."""
        counts, blocks, memory = self.kept
        sizes = {number: len(block) for number, block in blocks.items()}
        if sizes != {number: len(block) for number, block in self.blocks.items()}:
            raise ValueError("other cells are alive than were kept")
        for name, value in counts.items():
            setattr(self, name, value)
        for number, block in blocks.items():
            self.blocks[number][:] = block
        self.stack, self.written, self.accessed, self.depths = memory

    def depth_counts(self):
        return dict(sorted(self.depths.items()))

    def birth_count(self):
        return self.births

    def dmd(self):
        return self.births + math.fsum(times * math.sqrt(depth) for depth, times in self.depths.items())

    def counters(self):
        return {
            "ard_distance": self.ard_distance,
            "ard_reads": self.ard_reads,
            "reads": self.reads,
            "writes": self.writes,
            "dmd": self.dmd(),
            "reuse": self.reuse,
            "peak_cells": self.peak,
        }

    # -- what rewritten code calls

    def open(self):
        self.being_made.append(ReferenceList(self))

    def put(self, value):
        self.being_made[-1].append_new(value)

    def close(self, _opened, _put):
        made = self.being_made.pop()
        made.finish()
        return made

    def fill(self, values, times):
        made = ReferenceList(self)
        for _ in range(times):
            for value in values:
                made.append_new(value)
        made.finish()
        return made

    def listed(self, values):
        made = ReferenceList(self)
        for value in values:
            made.append_new(value)
        made.finish()
        return made

    def sorted_list(self, values, reverse=False):
        made = self.listed(values)
        made.sort(reverse=reverse)
        return made

    def record(self, names, *values):
        return ReferenceRecord(self, names, values)


class ReferenceRecord(ReferenceContainer):
    """`values` in the order of `names`; its block holds the cells of the numeric fields in that order."""

    def __init__(self, meter, names, values):
        super().__init__(meter)
        self.names = list(names)
        self.cells = {}
        for name, value in zip(names, values, strict=True):
            self.make_field(name, value)

    def make_field(self, name, value):
        if is_container(value):
            take_hold(self, value)
            self.meter.hold()
        else:
            check_number(value)
            self.meter.born(self.block)
            self.cells[name] = self.block[-1]
        self.values.append(value)

    def refuse(self, *_other):
        raise TypeError("a record is not compared, and neither true nor false")

    __bool__ = __iter__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse

    def place(self, name):
        if name not in self.names:
            raise KeyError(name)
        return self.names.index(name)

    def __getitem__(self, name):
        value = self.values[self.place(name)]
        if name in self.cells:
            self.meter.read(self.cells[name])
        return value

    def __setitem__(self, name, value):
        i = self.place(name)
        old = self.values[i]
        if is_container(old) != is_container(value) or (is_container(old) and type(old) is not type(value)):
            raise TypeError("a field keeps its kind")
        if is_container(value):
            if value is not old:
                take_hold(self, value)
                old.held = False
            self.meter.hold()
        else:
            check_number(value)
            self.meter.write(self.cells[name])
        self.values[i] = value


def walk(value):
    """What memory_trace.walk yields, for the reference's lists and records."""
    yield value
    if isinstance(value, ReferenceList):
        yield ("list", len(value.values))
        for item in value.values:
            yield from walk(item)
    elif isinstance(value, ReferenceRecord):
        for name, item in zip(value.names, value.values, strict=True):
            yield name
            yield from walk(item)
