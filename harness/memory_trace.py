# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=False
"""The memory trace: counts every element that a candidate reads and writes, whoever does it.

One source, two speeds: compiled by Cython (pure-Python mode) where a C compiler exists, and the same file as plain
Python elsewhere, with identical counts. docs/metric.md defines what is counted; `harness/interpreter` has
the slow, obvious second implementation that this one is compared with.

Promises: exact LRU depths, last-write distances and reuse distances at the granularity of one cell; memory
proportional to the cells alive, never to the length of the trace.
Does not cover: what source code may say (`policy`), and how it comes to use these types (`rewrite`). Whoever holds a
`Meter` can change its counts, so candidate code must never hold one.
"""

import math
from array import array
from collections.abc import Iterator

import cython

compiled: bool = cython.compiled

# Kinds of a list: what its first element decides.
EMPTY = cython.declare(cython.int, 0)
NUMBERS = cython.declare(cython.int, 1)
ROWS = cython.declare(cython.int, 2)

# Columns of a profile's sums; from DISTANCES on the reads of training steps by floor(log2(distance)).
READS = cython.declare(cython.int, 0)
WRITES = cython.declare(cython.int, 1)
BIRTHS = cython.declare(cython.int, 2)
REUSE = cython.declare(cython.int, 3)
ARD_READS = cython.declare(cython.int, 4)
ARD_DISTANCE = cython.declare(cython.int, 5)
DISTANCES = cython.declare(cython.int, 6)
LEVELS = cython.declare(cython.int, 54)  # accesses by energy level, births in the first
WIDTH = cython.declare(cython.int, 62)

FIRST_SLOTS = cython.declare(cython.int, 1024)
FIRST_CELLS = cython.declare(cython.int, 1024)
LARGEST = 2**63
STACKLESS = "this meter keeps no depths: make it with depths=True"
UNCOMPARED = "records are not compared: compare their fields"


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _ones(word: cython.ulonglong) -> cython.int:
    """Number of set bits of a 64-bit word."""
    # The masks are built from 32-bit literals: Cython makes Python objects of larger ones.
    ones: cython.ulonglong = 0x55555555
    twos: cython.ulonglong = 0x33333333
    fours: cython.ulonglong = 0x0F0F0F0F
    ones |= ones << 32
    twos |= twos << 32
    fours |= fours << 32
    word = word - ((word >> 1) & ones)
    word = (word & twos) + ((word >> 2) & twos)
    word = (word + (word >> 4)) & fours
    word = word + (word >> 8)
    word = word + (word >> 16)
    word = word + (word >> 32)
    return word & 127


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _log2(distance: cython.longlong) -> cython.int:
    """floor(log2(distance)), 0 for 1; distances of 2^47 and more, which no run is long enough for, as 2^47."""
    bits: cython.ulonglong = distance
    bits |= bits >> 1
    bits |= bits >> 2
    bits |= bits >> 4
    bits |= bits >> 8
    bits |= bits >> 16
    bits |= bits >> 32
    return min(_ones(bits >> 1), 47)


def check_number(value: object) -> object:
    """Return `value` if a cell or a register can hold it: a float, a bool, or an int of at most 64 bits."""
    kind = type(value)
    if kind is float or kind is bool:
        return value
    if kind is int:
        if -LARGEST <= value < LARGEST:
            return value
        raise OverflowError("a number of at most 64 bits is needed: larger integers would be uncounted memory")
    raise TypeError(f"a list holds numbers or rows, not {_name_of(value)}")


def check_register(value: object) -> object:
    """Return `value`, refusing an int beyond 64 bits. Lists, records and None pass."""
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise OverflowError("a number of at most 64 bits is needed: larger integers would be uncounted memory")
    return value


def _sort_of(value: object) -> str:
    if isinstance(value, TracedRecord):
        return "a record"
    return "a list" if isinstance(value, TracedList) else "a number"


def _name_of(value: object) -> str:
    if isinstance(value, TracedRecord):
        return "a record: keep a list for each of its fields"
    return "a list" if isinstance(value, TracedList) else type(value).__name__


@cython.final
@cython.cclass
class Meter:
    """The clock, the LRU stack and the sums. One per measurement.

    A cell is an integer id. `slot[cell]` is its place on a time line on which later means more recently used; the
    depth of a cell in the LRU stack is one more than the number of marks after its slot. Marks are bits in 64-bit
    words, counted per word and per block of 32 words; when the time line is full, the marks are moved together.
    """

    now: cython.longlong
    reads: cython.longlong
    writes: cython.longlong
    births: cython.longlong
    reuse: cython.longlong
    ard_distance: cython.longlong
    ard_reads: cython.longlong
    live: cython.int
    peak: cython.int
    in_step: cython.bint
    step_start: cython.longlong
    written: cython.longlong[::1]
    accessed: cython.longlong[::1]
    slot: cython.int[::1]
    owner: cython.int[::1]
    marks: cython.ulonglong[::1]
    word_count: cython.int[::1]
    block_count: cython.int[::1]
    depths: cython.longlong[::1]
    deepest: cython.int
    slots: cython.int
    top: cython.int
    cells: cython.int
    next_cell: cython.int
    free_cells: dict
    base: cython.longlong[::1]
    count: cython.int[::1]
    before: cython.int[::1]
    after: cython.int[::1]
    next_range: cython.int
    free_ranges: list
    pending: list
    inputs: object
    label: object
    stacked: cython.bint
    profiling: cython.bint
    place: cython.int
    depth: cython.int
    roots: cython.double[::1]
    level: cython.int[::1]
    held: tuple
    holder: cython.int[::1]
    site: cython.int[::1]
    sums: cython.longlong[::1]
    moved: cython.double[::1]
    place_sums: cython.longlong[::1]
    place_moved: cython.double[::1]
    buffer_sums: cython.longlong[::1]
    buffer_moved: cython.double[::1]
    fields: dict
    twin: cython.int[::1]
    kept: tuple

    def __init__(self, n_inputs: int, depths: bool = True) -> None:  # noqa: FBT001, FBT002
        """Start at clock 0 with an input buffer of `n_inputs` cells and a label cell, which are not counted as made.

        Without `depths` there is no LRU stack: no DMD and no profile, all other counts the same, in less time.
        """
        self.stacked = depths
        self.cells = FIRST_CELLS
        self.slots = FIRST_SLOTS
        self.written = array("q", bytes(8 * self.cells))
        self.accessed = array("q", bytes(8 * self.cells))
        self.slot = array("i", bytes(4 * self.cells))
        self.free_cells = {}
        self.free_ranges = []
        self.pending = []
        self.now = self.reads = self.writes = self.births = self.reuse = 0
        self.ard_distance = self.ard_reads = 0
        self.live = self.peak = self.top = self.next_cell = 0
        self.in_step = False
        self.step_start = 0
        self.profiling = False
        self.place = self.depth = 0
        self.kept = None
        self.base = array("q", bytes(8 * 64))
        self.count = array("i", bytes(4 * 64))
        self.before = array("i", bytes(4 * 64))
        self.after = array("i", bytes(4 * 64))
        self.count[0] = 0
        self.before[0] = self.after[0] = 0  # range 0 is the head of the ring of ranges, in order of their making
        self.next_range = 1
        self.deepest = FIRST_CELLS
        self.depths = array("q", bytes(8 * (self.deepest + 1)))
        self._new_time_line()
        self._make_inputs(n_inputs)

    def _make_inputs(self, n_inputs: int) -> None:
        inputs: TracedList = self.fill((0.0,), n_inputs)
        inputs.fixed = inputs.owned = True  # by the harness: no state may hide in it or outlive a sample
        self.inputs = inputs
        label: TracedList = _new_list(self)
        label.bear_element(0.0)  # one cell: nobody asks for the label's length
        self.label = label
        # Of the buffer only the length is stamped at a step's start: the harness writes the rest right after.
        self.count[inputs.range] = 1
        self.count[label.range] = 0
        self.now = self.writes = self.births = 0
        cell: cython.int
        for cell in range(self.next_cell):
            self.written[cell] = -1  # before the clock starts, so that a stamp at 0 is later
            self.accessed[cell] = 0

    # -- the time line ------------------------------------------------------------------------------------------

    @cython.cfunc
    def _new_time_line(self) -> cython.void:
        words: cython.int = self.slots >> 6
        self.owner = array("i", [-1]) * self.slots
        self.marks = array("Q", bytes(8 * words))
        self.word_count = array("i", bytes(4 * words))
        self.block_count = array("i", bytes(4 * ((words >> 5) + 1)))

    @cython.cfunc
    def _compact(self) -> cython.void:
        """Move the marks together at the start of the time line, which is enlarged to four times the live cells."""
        old: cython.int[::1] = self.owner
        size: cython.int = self.slots
        s: cython.int
        cell: cython.int
        while self.slots < 4 * self.live:
            self.slots *= 2
        self._new_time_line()
        self.top = 0
        for s in range(size):
            cell = old[s]
            if cell >= 0:
                self._mark(cell)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def _mark(self, cell: cython.int) -> cython.void:
        """Put `cell` on top of the stack. There is room: callers compact first."""
        s: cython.int = self.top
        one: cython.ulonglong = 1
        self.slot[cell] = s
        self.owner[s] = cell
        self.marks[s >> 6] |= one << (s & 63)
        self.word_count[s >> 6] += 1
        self.block_count[s >> 11] += 1
        self.top = s + 1

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def _unmark(self, s: cython.int) -> cython.void:
        one: cython.ulonglong = 1
        self.owner[s] = -1
        self.marks[s >> 6] &= ~(one << (s & 63))
        self.word_count[s >> 6] -= 1
        self.block_count[s >> 11] -= 1

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def _depth(self, s: cython.int) -> cython.int:
        """One more than the number of marks after slot `s`."""
        word: cython.int = s >> 6
        block: cython.int = s >> 11
        last: cython.int = (self.top - 1) >> 6
        end: cython.int = (block + 1) << 5
        i: cython.int
        depth: cython.int = 1 + _ones((self.marks[word] >> (s & 63)) >> 1)
        for i in range(word + 1, min(end, last + 1)):
            depth += self.word_count[i]
        for i in range(block + 1, (last >> 5) + 1):
            depth += self.block_count[i]
        return depth

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def _touch(self, cell: cython.int) -> cython.int:
        """Account one access of a live cell in the LRU stack, and move it to the top."""
        s: cython.int = self.slot[cell]
        if s == self.top - 1:
            self.depth = 1
            self.depths[1] += 1
            return 0
        self.depth = self._depth(s)
        self.depths[self.depth] += 1
        self._unmark(s)
        if self.top == self.slots:
            self._compact()
        self._mark(cell)
        return 0

    # -- accesses -----------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def read(self, cell: cython.int, range_: cython.int, offset: cython.int) -> cython.int:
        """Read one cell, the `offset`-th of its range."""
        distance: cython.longlong = 0
        if self.in_step:
            stamp: cython.longlong = self.written[cell]
            if stamp < self.step_start:
                stamp = self.base[range_] + offset
            distance = self.now - stamp
            self.ard_distance += distance
            self.ard_reads += 1
        reuse: cython.longlong = self.now - self.accessed[cell]
        self.reuse += reuse
        self.accessed[cell] = self.now
        self.now += 1
        self.reads += 1
        if self.stacked:
            self._touch(cell)
        if self.profiling:
            self._note_read(range_, distance, reuse)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def write(self, cell: cython.int, range_: cython.int) -> cython.int:
        """Write one live cell of a range."""
        self.written[cell] = self.now
        self.accessed[cell] = self.now
        self.now += 1
        self.writes += 1
        if self.stacked:
            self._touch(cell)
        if self.profiling:
            self._note_write(range_, 0, self.depth)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def bear(self, cell: cython.int, range_: cython.int) -> cython.int:
        """Write a cell for the first time: it costs 1 and enters the stack at the top."""
        self.written[cell] = self.now
        self.accessed[cell] = self.now
        if self.stacked:
            if self.top == self.slots:
                self._compact()
            self._mark(cell)
        self.live += 1
        if self.live > self.peak:
            self.peak = self.live
            if self.live == self.deepest:
                self._deepen()
        self.note_row(range_)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def note_row(self, range_: cython.int) -> cython.void:
        """A row put into a row slot: a write that costs 1. The slot itself is no cell, for reading it is free."""
        self.now += 1
        self.writes += 1
        self.births += 1
        if self.profiling:
            self._note_write(range_, 1, 1)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def bury(self, cell: cython.int) -> cython.void:
        """A freed cell leaves the stack."""
        if self.stacked:
            self._unmark(self.slot[cell])
        self.live -= 1

    @cython.cfunc
    def _deepen(self) -> cython.void:
        self.deepest *= 2
        self.depths = _grown(self.depths, "q", self.deepest + 1)
        if self.profiling:
            self._extract_roots()

    # -- ranges of cells ----------------------------------------------------------------------------------------

    @cython.cfunc
    def take_cells(self, size: cython.int) -> cython.int:
        """The first of `size` consecutive free cell ids; `size` is a power of two."""
        free: list = self.free_cells.get(size)
        if free:
            return free.pop()
        first: cython.int = self.next_cell
        while first + size > self.cells:
            self.cells *= 2
            self.written = _grown(self.written, "q", self.cells)
            self.accessed = _grown(self.accessed, "q", self.cells)
            self.slot = _grown(self.slot, "i", self.cells)
            if self.kept is not None:
                self.twin = _grown(self.twin, "i", self.cells)
        self.next_cell = first + size
        return first

    @cython.cfunc
    def give_cells(self, first: cython.int, size: cython.int) -> cython.void:
        free: list = self.free_cells.get(size)
        if free is None:
            self.free_cells[size] = [first]
        else:
            free.append(first)

    @cython.cfunc
    def move_cell(self, old: cython.int, new: cython.int) -> cython.void:
        """Give a live cell another id: the same cell in every count."""
        self.written[new] = self.written[old]
        self.accessed[new] = self.accessed[old]
        if self.stacked:
            self.slot[new] = self.slot[old]
            self.owner[self.slot[old]] = new
        if self.kept is not None:
            self.twin[new] = self.twin[old]

    @cython.cfunc
    def take_range(self) -> cython.int:
        """A new range, the last in the order of making."""
        r: cython.int
        if self.free_ranges:
            r = self.free_ranges.pop()
        else:
            r = self.next_range
            self.next_range += 1
            if r >= len(self.count):
                size = 2 * r
                self.base = _grown(self.base, "q", size)
                self.count = _grown(self.count, "i", size)
                self.before = _grown(self.before, "i", size)
                self.after = _grown(self.after, "i", size)
                if self.profiling:
                    self._make_accounts(size)
        if self.profiling:
            self.holder[r] = -1
            self.site[r] = self.place
        self.count[r] = 0
        self.before[r] = self.before[0]
        self.after[r] = 0
        self.after[self.before[0]] = r
        self.before[0] = r
        return r

    @cython.cfunc
    def give_range(self, r: cython.int) -> cython.void:
        if self.profiling:
            self._settle(r)
        self.after[self.before[r]] = self.after[r]
        self.before[self.after[r]] = self.before[r]
        self.free_ranges.append(r)

    @cython.cfunc
    def _stamp(self) -> cython.void:
        """Count every live cell as written now, in the order of making: `base` is where each range then begins."""
        stamped: cython.longlong = 0
        r: cython.int = self.after[0]
        while r:
            self.base[r] = stamped
            stamped += self.count[r]
            r = self.after[r]
        self.step_start = self.now
        r = self.after[0]
        while r:
            self.base[r] += self.now - stamped
            r = self.after[r]

    # -- what the worker calls ----------------------------------------------------------------------------------

    def begin_step(self, sample: object, label: float) -> None:
        """Stamp all live cells as written, then write the sample and its label into the input buffer."""
        self._stamp()
        self.begin_predict(sample)
        self.label[0] = label
        self.in_step = True

    def end_step(self) -> None:
        """Reads count towards ARD between begin_step and end_step only."""
        self.in_step = False

    def begin_predict(self, sample: object) -> None:
        """Write the sample into the input buffer, which is returned by `inputs`."""
        self.place = 0
        index: cython.Py_ssize_t = 0
        inputs: TracedList = self.inputs
        for value in sample:
            inputs[index] = value
            index += 1

    def input_buffer(self) -> object:
        """The traced list that the harness writes each sample into."""
        return self.inputs

    def counters(self) -> dict:
        """The sums so far, as plain numbers; see records.Measurement. Without depths, `dmd` is not among them."""
        return {
            "ard_distance": self.ard_distance,
            "ard_reads": self.ard_reads,
            "reads": self.reads,
            "writes": self.writes,
            **({"dmd": self.dmd()} if self.stacked else {}),
            "reuse": self.reuse,
            "peak_cells": self.peak,
        }

    def traffic(self) -> int:
        """Reads plus writes so far."""
        return self.reads + self.writes

    def dmd(self) -> float:
        """Data movement distance so far. Summed exactly over the histogram of depths: no order of accesses matters.

        Raises:
            ValueError: the meter keeps no depths.
        """
        if not self.stacked:
            raise ValueError(STACKLESS)
        return self.births + math.fsum(
            self.depths[depth] * math.sqrt(depth) for depth in range(1, self.peak + 1) if self.depths[depth]
        )

    def depth_counts(self) -> dict:
        """Accesses by LRU depth, births left out: {depth: accesses}."""
        return {depth: self.depths[depth] for depth in range(1, self.peak + 1) if self.depths[depth]}

    def birth_count(self) -> int:
        """Cells and row slots written for the first time."""
        return self.births

    # -- looking without a trace --------------------------------------------------------------------------------

    def keep(self) -> None:
        """Remember every count and the place of every live cell, until `forget`. Takes memory as the live cells do."""
        cell: cython.int
        self.twin = array("i", bytes(4 * self.cells))  # the id that a cell had when it was kept: `move_cell` follows
        for cell in range(self.cells):
            self.twin[cell] = cell
        if self.profiling:
            self._settle_all()
        self.kept = (
            (self.now, self.reads, self.writes, self.births, self.reuse, self.ard_distance, self.ard_reads, self.peak),
            self.live,
            _copied(self.written, "q"),
            _copied(self.accessed, "q"),
            _copied(self.owner, "i"),
            _copied(self.depths, "q"),
            self._attributed() if self.profiling else None,
        )

    def forget(self) -> None:
        """Be as if nothing had been accessed since `keep`. Of the lists, those that were alive then are alive now.

        Raises:
            ValueError: other cells are alive than at `keep`.
        """
        kept = self.kept
        if kept is None or self.live != kept[1]:
            raise ValueError("other cells are alive than were kept")
        if self.stacked:
            self._restore_stack(kept[4])
        self._restore_cells(kept[2], kept[3])
        self._restore_depths(kept[5])
        self.now, self.reads, self.writes, self.births = kept[0][:4]
        self.reuse, self.ard_distance, self.ard_reads, self.peak = kept[0][4:]
        if self.profiling:
            self._attribute_as(kept[6])
        self.kept = None

    @cython.cfunc
    def _restore_stack(self, kept: object) -> object:
        """Put the live cells in the order of the time line `kept`."""
        order: cython.int[::1] = kept
        alive: cython.int[::1] = array("i", [-1]) * self.cells
        s: cython.int
        cell: cython.int
        for s in range(self.top):
            cell = self.owner[s]
            if cell >= 0:
                alive[self.twin[cell]] = cell
        self._new_time_line()
        self.top = 0
        for s in range(len(order)):
            if order[s] >= 0:
                cell = alive[order[s]]
                if cell < 0:
                    raise ValueError("other cells are alive than were kept")
                self._mark(cell)
        return None

    @cython.cfunc
    def _restore_cells(self, kept_written: object, kept_accessed: object) -> object:
        """The clocks of every live cell; those of dead cells are set when they are born."""
        written: cython.longlong[::1] = kept_written
        accessed: cython.longlong[::1] = kept_accessed
        cell: cython.int
        twin: cython.int
        for cell in range(self.cells):
            twin = self.twin[cell]
            self.written[cell] = written[twin]
            self.accessed[cell] = accessed[twin]
        return None

    @cython.cfunc
    def _restore_depths(self, kept: object) -> object:
        depths: cython.longlong[::1] = kept
        depth: cython.int
        for depth in range(self.deepest + 1):
            self.depths[depth] = depths[depth] if depth < len(depths) else 0
        return None

    # -- where it comes from ------------------------------------------------------------------------------------

    def begin_profile(self, places: int, holders: int, fields: dict, held: tuple = ()) -> None:
        """From now on attribute every access to the place that makes it and to the buffer that it is made in.

        Place 0 and the holders 0 to 2 (input buffer, label, state) are the harness's. Call before `init`.

        Args:
            places: how many numbers `at` may be given.
            holders: how many numbers `hold` may be given.
            fields: the holder of each field of a record, by the field's name.
            held: how many cells each energy level holds, smallest first; one more level holds the rest.

        Raises:
            ValueError: the meter keeps no depths.
        """
        if not self.stacked:
            raise ValueError(STACKLESS)
        self.held = held
        self.place_sums = array("q", bytes(8 * WIDTH * places))
        self.place_moved = array("d", bytes(8 * places))
        self.buffer_sums = array("q", bytes(8 * WIDTH * (holders + places)))
        self.buffer_moved = array("d", bytes(8 * (holders + places)))
        size: cython.int = len(self.count)
        self.holder = array("i", [-1]) * size
        self.site = array("i", bytes(4 * size))
        self.sums = array("q", bytes(8 * WIDTH * size))
        self.moved = array("d", bytes(8 * size))
        self.fields = fields
        self._extract_roots()
        self.profiling = True
        self.hold(0, self.inputs)
        self.hold(1, self.label)

    @cython.cfunc
    def _make_accounts(self, size: cython.int) -> cython.void:
        self.holder = _grown(self.holder, "i", size)
        self.site = _grown(self.site, "i", size)
        self.sums = _grown(self.sums, "q", WIDTH * size)
        self.moved = _grown(self.moved, "d", size)

    @cython.cfunc
    def _extract_roots(self) -> cython.void:
        self.roots = array("d", [math.sqrt(depth) for depth in range(self.deepest + 1)])
        self.level = array("i", [sum(depth > cells for cells in self.held) for depth in range(self.deepest + 1)])

    @cython.cfunc
    @cython.exceptval(check=False)
    def _note_read(self, range_: cython.int, distance: cython.longlong, reuse: cython.longlong) -> cython.void:
        cost: cython.double = self.roots[self.depth]
        here: cython.int = WIDTH * self.place
        there: cython.int = WIDTH * range_
        self.place_moved[self.place] += cost
        self.moved[range_] += cost
        self.place_sums[here + READS] += 1
        self.sums[there + READS] += 1
        self.place_sums[here + REUSE] += reuse
        self.sums[there + REUSE] += reuse
        level: cython.int = LEVELS + self.level[self.depth]
        self.place_sums[here + level] += 1
        self.sums[there + level] += 1
        if self.in_step:
            column: cython.int = DISTANCES + _log2(distance)
            self.place_sums[here + ARD_READS] += 1
            self.sums[there + ARD_READS] += 1
            self.place_sums[here + ARD_DISTANCE] += distance
            self.sums[there + ARD_DISTANCE] += distance
            self.place_sums[here + column] += 1
            self.sums[there + column] += 1

    @cython.cfunc
    @cython.exceptval(check=False)
    def _note_write(self, range_: cython.int, births: cython.int, depth: cython.int) -> cython.void:
        cost: cython.double = self.roots[depth]
        level: cython.int = LEVELS + self.level[depth]
        here: cython.int = WIDTH * self.place
        there: cython.int = WIDTH * range_
        self.place_moved[self.place] += cost
        self.moved[range_] += cost
        self.place_sums[here + WRITES] += 1
        self.sums[there + WRITES] += 1
        self.place_sums[here + BIRTHS] += births
        self.sums[there + BIRTHS] += births
        self.place_sums[here + level] += 1
        self.sums[there + level] += 1

    @cython.cfunc
    def _settle(self, r: cython.int) -> cython.void:
        """Move the sums of a range to its buffer: the one that holds it, or the place where it was made."""
        i: cython.int
        holders: cython.int = len(self.buffer_moved) - len(self.place_moved)
        buffer: cython.int = self.holder[r] if self.holder[r] >= 0 else holders + self.site[r]
        self.buffer_moved[buffer] += self.moved[r]
        self.moved[r] = 0.0
        for i in range(WIDTH):
            self.buffer_sums[WIDTH * buffer + i] += self.sums[WIDTH * r + i]
            self.sums[WIDTH * r + i] = 0

    @cython.cfunc
    def _settle_all(self) -> cython.void:
        r: cython.int = self.after[0]
        while r:
            self._settle(r)
            r = self.after[r]

    @cython.cfunc
    def _attributed(self) -> tuple:
        """All that is attributed so far: sums by place and by buffer, and what belongs to which holder."""
        return (
            _copied(self.place_sums, "q"),
            _copied(self.place_moved, "d"),
            _copied(self.buffer_sums, "q"),
            _copied(self.buffer_moved, "d"),
            _copied(self.holder, "i"),
        )

    @cython.cfunc
    def _attribute_as(self, kept: tuple) -> cython.void:
        r: cython.int = self.after[0]
        holder: cython.int[::1] = kept[4]
        self._settle_all()
        self.place_sums = kept[0]
        self.place_moved = kept[1]
        self.buffer_sums = kept[2]
        self.buffer_moved = kept[3]
        while r:
            self.holder[r] = holder[r]
            r = self.after[r]

    def profile(self) -> dict:
        """The sums by place and by buffer: rows of the columns above, and DMD; buffers are the holders, then places."""
        self._settle_all()
        return {
            "places": _rows(self.place_sums),
            "places_dmd": list(self.place_moved),
            "buffers": _rows(self.buffer_sums),
            "buffers_dmd": list(self.buffer_moved),
        }

    def at(self, place: cython.int) -> None:
        """Accesses from now on are made at `place`."""
        self.place = place

    def back(self, place: cython.int, value: object) -> object:
        """Return `value`, which a function has returned to `place`."""
        self.place = place
        return value

    def hold(self, holder: cython.int, value: object) -> None:
        """A list that nothing has held before belongs to `holder`, its rows too. Anything else is no matter."""
        if type(value) is TracedList:
            held: TracedList = value
            if self.holder[held.range] < 0:
                self._hand(held, holder)

    @cython.cfunc
    def _hand(self, held: "TracedList", holder: cython.int) -> cython.void:
        self.holder[held.range] = holder
        if held.kind == ROWS:
            for row in held.items:
                self._hand(row, holder)

    @cython.cfunc
    def hold_row(self, parent: "TracedList", row: "TracedList") -> cython.void:
        """A row belongs to what its list belongs to, whatever held it before."""
        if self.holder[parent.range] >= 0:
            self._hand(row, self.holder[parent.range])

    @cython.cfunc
    def aim(self, r: cython.int, field: str, value: object) -> cython.void:
        """The next access of a record is to a field, which holds `value` if that is a list that nothing held before."""
        holder: cython.int = self.fields[field]
        if self.holder[r] != holder:
            if self.holder[r] >= 0:
                self._settle(r)
            self.holder[r] = holder
        self.hold(holder, value)

    # -- what rewritten candidate code calls --------------------------------------------------------------------

    def open(self) -> None:
        """Begin a new list whose elements `put` writes one by one."""
        self.pending.append(_new_list(self))

    def put(self, value: object) -> None:
        """Write the next element of the list begun last."""
        cython.cast(TracedList, self.pending[len(self.pending) - 1]).bear_element(value)

    def close(self, _opened: object, _put: object) -> object:
        """End the list begun last; its length is written."""
        made: TracedList = self.pending.pop()
        made.bear_length()
        return made

    def fill(self, values: tuple, times: int) -> object:
        """`[values] * times` in one go: every element is written as it is made, none is read."""
        made: TracedList = _new_list(self)
        for _ in range(times):
            for value in values:
                if times > 1 and type(value) is TracedList:
                    raise TypeError("a row can be held once: write [[...] for _ in range(n)] for n rows")
                made.bear_element(value)
        made.bear_length()
        return made

    def listed(self, values: object = ()) -> object:
        """`list(values)`: a new list of what the iterable yields."""
        made: TracedList = _new_list(self)
        for value in values:
            made.bear_element(value)
        made.bear_length()
        return made

    def sorted_list(self, values: object, reverse: bool = False) -> object:  # noqa: FBT001, FBT002
        """`sorted(values)`: a new list, then a merge sort on it."""
        made: TracedList = self.listed(values)
        made.sort(reverse=reverse)
        return made

    def record(self, names: tuple, *values: object) -> object:
        """A record with the given field names; fields are written in their order."""
        return _new_record(self, names, values)


@cython.cfunc
def _rows(sums: object) -> list:
    flat = list(sums)
    return [flat[start : start + WIDTH] for start in range(0, len(flat), WIDTH)]


@cython.cfunc
def _copied(old: object, code: str) -> object:
    return array(code, bytes(memoryview(old)))


@cython.cfunc
def _grown(old: object, code: str, size: cython.int) -> object:
    """A larger array with the old content at its start."""
    new = array(code, bytes(4 * size if code == "i" else 8 * size))
    view = memoryview(new)
    view[: len(old)] = memoryview(old)
    return new


@cython.final
@cython.cclass
class TracedList:
    """A list of numbers, or of rows, whose every access is counted. Cell 0 of its range is its length.

    `owned` is set while another list or a record holds it: a list can be held once.
    """

    items: list
    meter: Meter
    first: cython.int
    size: cython.int
    range: cython.int
    kind: cython.int
    owned: cython.bint
    has_length: cython.bint
    fixed: cython.bint

    __hash__ = None

    # -- making and freeing ---------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def bear_element(self, value: object) -> cython.int:
        """Write a new element at the end. The length is not written here."""
        used: cython.int = len(self.items) + 1
        if type(value) is not float:
            if type(value) is TracedList:
                self._adopt(value)
                return 0
            check_number(value)
        if self.kind == ROWS:
            raise TypeError("a list holds numbers or rows, not both")
        self.kind = NUMBERS
        if used == self.size:
            self._enlarge()
        self.items.append(value)
        self.meter.count[self.range] += 1
        return self.meter.bear(self.first + used, self.range)

    @cython.cfunc
    def _adopt(self, row: "TracedList") -> cython.void:
        self._claim(row)
        self.kind = ROWS
        self.items.append(row)
        self.meter.note_row(self.range)
        if self.meter.profiling:
            self.meter.hold_row(self, row)

    @cython.cfunc
    def _claim(self, row: "TracedList") -> cython.void:
        if self.kind == NUMBERS:
            raise TypeError("a list holds numbers or rows, not both")
        claim(self, row)

    @cython.cfunc
    def bear_length(self) -> cython.void:
        """Write the length for the first time: the list is complete."""
        self.has_length = True
        self.meter.count[self.range] += 1
        self.meter.bear(self.first, self.range)

    @cython.cfunc
    def _enlarge(self) -> cython.void:
        old: cython.int = self.first
        i: cython.int
        self.first = self.meter.take_cells(2 * self.size)
        for i in range(0 if self.has_length else 1, self.size):
            self.meter.move_cell(old + i, self.first + i)
        self.meter.give_cells(old, self.size)
        self.size *= 2

    def __del__(self) -> None:
        """The cells of a freed list leave the stack."""
        i: cython.int
        meter: Meter = self.meter
        if self.has_length:
            meter.bury(self.first)
        if self.kind == NUMBERS:
            for i in range(1, len(self.items) + 1):
                meter.bury(self.first + i)
        elif self.kind == ROWS:
            for row in self.items:  # one that a local name still has may be held again
                cython.cast(TracedList, row).owned = False
        meter.give_cells(self.first, self.size)
        meter.give_range(self.range)

    # -- reading --------------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    def read_length(self) -> cython.Py_ssize_t:
        self.meter.read(self.first, self.range, 0)
        return len(self.items)

    @cython.cfunc
    @cython.inline
    def element(self, i: cython.Py_ssize_t) -> object:
        """Element i, 0 <= i < len, counted when it is a number."""
        if self.kind == NUMBERS:
            self.meter.read(self.first + 1 + i, self.range, 1 + i)
        return self.items[i]

    def __len__(self) -> int:
        return self.read_length()

    def __bool__(self) -> bool:
        return self.read_length() > 0

    def __getitem__(self, index: object) -> object:
        if type(index) is not int:
            if isinstance(index, slice):
                return self._part(index)
            self.items[index]  # raises Python's own error; a bool passes
        i: cython.Py_ssize_t = index
        if i < 0:
            i += len(self.items)
        if not 0 <= i < len(self.items):
            raise IndexError("list index out of range")
        return self.element(i)

    @cython.cfunc
    def _part(self, index: object) -> object:
        made: TracedList = _new_list(self.meter)
        start, stop, step = index.indices(len(self.items))
        for i in range(start, stop, step):
            made.bear_element(self.element(i))
        made.bear_length()
        return made

    def __iter__(self) -> object:
        return _new_iterator(self, 0, 1)

    def __reversed__(self) -> object:
        return _new_iterator(self, self.read_length() - 1, -1)

    def __contains__(self, value: object) -> bool:
        return self._find(value) >= 0

    @cython.cfunc
    def _find(self, value: object) -> cython.Py_ssize_t:
        i: cython.Py_ssize_t = 0
        rows: cython.bint = self.kind == ROWS
        if rows:
            self.read_length()
        while i < len(self.items):
            if self.element(i) == value:
                return i
            i += 1
        if not rows:
            self.read_length()
        return -1

    def index(self, value: object) -> int:
        """Index of the first element that equals `value`."""
        i = self._find(value)
        if i < 0:
            raise ValueError(f"{value!r} is not in list")
        return i

    def count(self, value: object) -> int:
        """How many elements equal `value`."""
        return sum(1 for element in self if element == value)

    def copy(self) -> object:
        """A new list with the same numbers; rows cannot be shared, so a list of rows is refused."""
        return self._part(slice(None))

    def __eq__(self, other: object) -> object:
        if type(other) is not TracedList:
            # NotImplemented would make it False: one free bit, whether a row lies here or a number.
            raise TypeError("a list is compared with a list only: write xs[i] == v for an element, len(xs) == n")
        there: TracedList = other
        if self.read_length() != there.read_length():
            return False
        i: cython.Py_ssize_t
        for i in range(len(self.items)):
            if self.element(i) != there.element(i):
                return False
        return True

    def __ne__(self, other: object) -> object:
        return not self.__eq__(other)

    def __add__(self, other: object) -> object:
        if type(other) is not TracedList:
            raise TypeError(f'can only concatenate list (not "{type(other).__name__}") to list')
        made: TracedList = _new_list(self.meter)
        for part in (self, other):
            for value in cython.cast(TracedList, part).all_elements():
                made.bear_element(value)
        made.bear_length()
        return made

    def all_elements(self) -> object:
        """Every element in turn, without the final look at the length. For concatenation."""
        for i in range(len(self.items)):
            yield self.element(i)

    def __mul__(self, times: object) -> object:
        if type(times) is not int and type(times) is not bool:
            raise TypeError(f"can't multiply sequence by non-int of type '{type(times).__name__}'")
        if self.kind == ROWS:
            raise TypeError("a row can be held once: write [[...] for _ in range(n)] for n rows")
        made: TracedList = _new_list(self.meter)
        for _ in range(times):
            for i in range(len(self.items)):
                made.bear_element(self.element(i))
        made.bear_length()
        return made

    def __rmul__(self, times: object) -> object:
        return self.__mul__(times)

    # -- writing --------------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def replace(self, i: cython.Py_ssize_t, value: object) -> cython.int:
        """Write element i, 0 <= i < len."""
        if type(value) is not float:
            if type(value) is TracedList:
                self._replace_row(i, value)
                return 0
            check_number(value)
        if self.kind == ROWS:
            raise TypeError("a list holds numbers or rows, not both")
        self.items[i] = value
        return self.meter.write(self.first + 1 + i, self.range)

    @cython.cfunc
    def _replace_row(self, i: cython.Py_ssize_t, row: "TracedList") -> cython.void:
        if self.kind == NUMBERS or self.items[i] is not row:  # `rows[i] += [..]` stores back what it read
            self._claim(row)
            cython.cast(TracedList, self.items[i]).owned = False
            self.items[i] = row
            if self.meter.profiling:
                self.meter.hold_row(self, row)
        self.meter.note_row(self.range)

    def __setitem__(self, index: object, value: object) -> None:
        if type(index) is not int:
            if isinstance(index, slice):
                self._replace_part(index, value)
                return
            self.items[index]  # raises Python's own error; a bool passes
        i: cython.Py_ssize_t = index
        if i < 0:
            i += len(self.items)
        if not 0 <= i < len(self.items):
            raise IndexError("list assignment index out of range")
        self.replace(i, value)

    @cython.cfunc
    def _replace_part(self, index: object, values: object) -> cython.void:
        fresh: TracedList = self.meter.listed(values)
        where = range(*index.indices(len(self.items)))
        if len(where) != len(fresh.items):
            raise ValueError("assigning to a slice keeps the length: use append, insert and pop to change it")
        k: cython.Py_ssize_t = 0
        for i in where:
            self.replace(i, fresh.element(k))
            k += 1

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def write_length(self) -> cython.int:
        return self.meter.write(self.first, self.range)

    @cython.cfunc
    @cython.inline
    def _check_length_may_change(self) -> cython.void:
        if self.fixed:
            raise TypeError("the input buffer keeps its length: copy it into a new list")

    def append(self, value: object) -> None:
        """Add one element at the end; the length is written."""
        self._check_length_may_change()
        self.bear_element(value)
        self.write_length()

    def extend(self, values: object) -> None:
        """Add every element of an iterable; the length is written once, at the end."""
        self._check_length_may_change()
        if values is self:
            values = self.copy()
        for value in values:
            self.bear_element(value)
        self.write_length()

    def __iadd__(self, values: object) -> object:
        self.extend(values)
        return self

    def insert(self, index: object, value: object) -> None:
        """Insert before `index`: every later element is read and written one place further."""
        self._check_length_may_change()
        i: cython.Py_ssize_t = len(self.items)
        at: cython.Py_ssize_t = max(0, index + i) if index < 0 else min(index, i)
        self.bear_element(value)
        if self.kind == ROWS:
            self.items.insert(at, self.items.pop())
            for _ in range(i - at + 1 if at < i else 0):
                self.meter.note_row(self.range)
        else:
            while i > at:
                self.replace(i, self.element(i - 1))
                i -= 1
            if at < len(self.items) - 1:
                self.replace(at, value)
        self.write_length()

    def pop(self, index: object = -1) -> object:
        """Take one element out: every later element is read and written one place back."""
        self._check_length_may_change()
        n: cython.Py_ssize_t = len(self.items)
        if not n:
            raise IndexError("pop from empty list")
        i: cython.Py_ssize_t = index + n if index < 0 else index
        if not 0 <= i < n:
            raise IndexError("pop index out of range")
        value = self.element(i)
        if self.kind == ROWS:
            for _ in range(n - 1 - i):
                self.meter.note_row(self.range)
            del self.items[i]
            cython.cast(TracedList, value).owned = False
            if not self.items:
                self.kind = EMPTY
        else:
            while i < n - 1:
                self.replace(i, self.element(i + 1))
                i += 1
            self._drop_last()
        self.write_length()
        return value

    @cython.cfunc
    def _drop_last(self) -> cython.void:
        self.meter.bury(self.first + len(self.items))
        self.meter.count[self.range] -= 1
        self.items.pop()
        if not self.items:
            self.kind = EMPTY

    def clear(self) -> None:
        """Take every element out; the length is written."""
        self._check_length_may_change()
        while self.items:
            if self.kind == ROWS:
                cython.cast(TracedList, self.items.pop()).owned = False
            else:
                self._drop_last()
        self.kind = EMPTY
        self.write_length()

    def sort(self, reverse: bool = False) -> None:  # noqa: FBT001, FBT002
        """Sort numbers in place, counted as a merge sort: ceil(log2 n) passes that read and write every element."""
        if self.kind == ROWS:
            raise TypeError("rows have no order: sort numbers")
        n: cython.Py_ssize_t = self.read_length()
        for _ in range((n - 1).bit_length() if n > 1 else 0):
            for i in range(n):
                self.replace(i, self.element(i))
        self.items.sort(reverse=bool(reverse))

    def reverse(self) -> None:
        """Reverse in place: every element that moves is read and written."""
        n: cython.Py_ssize_t = self.read_length()
        if self.kind == ROWS:
            for _ in range(n):
                self.meter.note_row(self.range)
            self.items.reverse()
            return
        i: cython.Py_ssize_t
        for i in range(n // 2):
            low = self.element(i)
            high = self.element(n - 1 - i)
            self.replace(i, high)
            self.replace(n - 1 - i, low)


@cython.cfunc
def _new_list(meter: Meter) -> TracedList:
    made: TracedList = TracedList()
    made.items = []
    made.meter = meter
    made.kind = EMPTY
    made.owned = False
    made.has_length = False
    made.fixed = False
    made.size = 16
    made.first = meter.take_cells(16)
    made.range = meter.take_range()
    return made


@cython.cfunc
def claim(holder: object, row: TracedList) -> cython.void:
    """Note that `holder` holds `row` from now on; refuse one that is held already, or that holds `holder`."""
    if row.owned or row is holder or (row.kind == ROWS and _holds(row.items, holder)):
        raise TypeError(
            "a row can be held by one list or record at a time: write row[:] for a copy, rows[i] = rows.pop() to move"
        )
    row.owned = True


@cython.cfunc
def _holds(items: list, container: object) -> cython.bint:
    """Whether `container` is among the items or below them. A cycle would never be freed by reference count."""
    for item in items:
        if item is container:
            return True
        if type(item) is TracedList:
            row: TracedList = item
            if row.kind == ROWS and _holds(row.items, container):
                return True
        elif type(item) is TracedRecord and _holds(cython.cast(TracedRecord, item).values, container):
            return True
    return False


@cython.final
@cython.cclass
class TracedIterator:
    """Reads element after element, and the length: of numbers at the end, of rows before the first.

    A row is reached free. Were the length read at the end only, a loop that stops at the first row would tell for
    nothing whether there is one.
    """

    source: TracedList
    i: cython.Py_ssize_t
    step: cython.Py_ssize_t
    knows_length: cython.bint

    def __iter__(self) -> object:
        return self

    def __next__(self) -> object:
        source: TracedList = self.source
        if source is None:
            raise StopIteration
        i: cython.Py_ssize_t = self.i
        if 0 <= i < len(source.items):
            self.i = i + self.step
            if source.kind == NUMBERS:  # as `element`, which the compiler does not inline here
                source.meter.read(source.first + 1 + i, source.range, 1 + i)
            elif not self.knows_length:
                source.read_length()
                self.knows_length = True
            return source.items[i]
        if not self.knows_length:
            source.read_length()
        self.source = None
        raise StopIteration


@cython.cfunc
def _new_iterator(source: TracedList, start: cython.Py_ssize_t, step: cython.Py_ssize_t) -> TracedIterator:
    made: TracedIterator = TracedIterator()
    made.source = source
    made.i = start
    made.step = step
    made.knows_length = step < 0  # `reversed` reads it first
    return made


@cython.final
@cython.cclass
class TracedRecord:
    """Named fields, fixed when it is made. A numeric field is a cell; a list or a record in a field is reached free."""

    fields: dict
    values: list
    offsets: list
    meter: Meter
    first: cython.int
    size: cython.int
    range: cython.int
    owned: cython.bint

    __hash__ = None

    # Each of these would tell for nothing what a field holds.

    def __iter__(self) -> object:
        raise TypeError("a record has no order: ask each field by its name")

    def __bool__(self) -> bool:
        raise TypeError("a record is neither true nor false: ask one of its fields")

    def __eq__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __ne__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __lt__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __le__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __gt__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __ge__(self, other: object) -> bool:
        raise TypeError(UNCOMPARED)

    def __getitem__(self, name: str) -> object:
        i: cython.int = self._place(name)
        value = self.values[i]
        offset: cython.int = self.offsets[i]
        if offset >= 0:
            if self.meter.profiling:
                self.meter.aim(self.range, name, None)
            self.meter.read(self.first + offset, self.range, offset)
        return value

    def __setitem__(self, name: str, value: object) -> None:
        i: cython.int = self._place(name)
        old = self.values[i]
        if _is_container(old) != _is_container(value) or (_is_container(old) and type(old) is not type(value)):
            raise TypeError(f"field {name!r} holds {_sort_of(old)}; keep it so")
        if self.meter.profiling:
            self.meter.aim(self.range, name, value)
        if _is_container(value):
            if old is not value:  # `state["w"] += [..]` stores back what it read
                _claim_any(self, value)
                _release_any(old)
            self.meter.note_row(self.range)
        else:
            check_number(value)
            self.meter.write(self.first + cython.cast(cython.int, self.offsets[i]), self.range)
        self.values[i] = value

    @cython.cfunc
    def _place(self, name: str) -> cython.int:
        place = self.fields.get(name)
        if place is None:
            raise KeyError(f"{name}: no such field; the fields of a record are fixed when it is made")
        return place

    def __del__(self) -> None:
        """The cells of a freed record leave the stack."""
        i: cython.int
        for value in self.values:
            if _is_container(value):
                _release_any(value)
        for i in range(self.meter.count[self.range]):
            self.meter.bury(self.first + i)
        self.meter.give_cells(self.first, self.size)
        self.meter.give_range(self.range)


@cython.cfunc
def _is_container(value: object) -> cython.bint:
    return type(value) is TracedList or type(value) is TracedRecord


@cython.cfunc
def _claim_any(holder: object, value: object) -> cython.void:
    if type(value) is TracedList:
        claim(holder, value)
        return
    inner: TracedRecord = value
    if inner.owned or inner is holder or _holds(inner.values, holder):
        raise TypeError("a record can be held by one record at a time")
    inner.owned = True


@cython.cfunc
def _release_any(value: object) -> cython.void:
    if type(value) is TracedList:
        cython.cast(TracedList, value).owned = False
    else:
        cython.cast(TracedRecord, value).owned = False


@cython.cfunc
def _new_record(meter: Meter, names: tuple, values: tuple) -> TracedRecord:
    made: TracedRecord = TracedRecord()
    made.meter = meter
    made.fields = {name: i for i, name in enumerate(names)}
    made.values = []
    made.offsets = []
    made.owned = False
    made.size = 1
    while made.size < len(names):
        made.size *= 2
    made.first = meter.take_cells(made.size)
    made.range = meter.take_range()
    for name, value in zip(names, values):  # noqa: B905 - the rewriter passes as many; strict= would cost
        if meter.profiling:
            meter.aim(made.range, name, value)
        _bear_field(made, value)
    return made


@cython.cfunc
def _bear_field(made: TracedRecord, value: object) -> cython.void:
    cells: cython.int = made.meter.count[made.range]
    if _is_container(value):
        _claim_any(made, value)
        made.meter.note_row(made.range)
        made.offsets.append(-1)
    else:
        check_number(value)
        made.meter.bear(made.first + cells, made.range)
        made.meter.count[made.range] = cells + 1
        made.offsets.append(cells)
    made.values.append(value)


def walk(value: object) -> Iterator[object]:
    """Every list, record and number that a value is made of, in order, with lengths and field names, uncounted.

    For the harness only. The containers themselves are among them, so that one replaced by its equal is seen.
    """
    yield value
    if type(value) is TracedList:
        here: TracedList = value
        yield ("list", len(here.items))
        for item in here.items:
            yield from walk(item)
    elif type(value) is TracedRecord:
        there: TracedRecord = value
        for name, i in there.fields.items():
            yield name
            yield from walk(there.values[i])
