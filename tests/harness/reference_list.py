"""The traced list of the reference trace: each operation follows its row in docs/metric.md's table.

Promises: the counts of the table, step by step. Does not cover: the clock and the sums (`reference_trace`).
"""

import math

from tests.harness.reference_container import (
    ReferenceContainer,
    check_number,
    is_container,
    take_hold,
)


class ReferenceList(ReferenceContainer):
    """`values` are its numbers or rows; its block of cells is the length, once made, and then the numbers."""

    __hash__ = None

    def __init__(self, meter):
        super().__init__(meter)
        self.finished = False
        self.fixed = False

    @property
    def has_rows(self):
        return bool(self.values) and isinstance(self.values[0], ReferenceList)

    def cell(self, i):
        return self.block[i + 1] if self.finished else self.block[i]

    def check(self, value):
        """Refuse what this list cannot hold, before anything is counted."""
        if isinstance(value, ReferenceList):
            if self.values and not self.has_rows:
                raise TypeError("numbers or rows")
            take_hold(self, value)
            return
        check_number(value)
        if self.has_rows:
            raise TypeError("numbers or rows")

    def append_new(self, value):
        """A birth, or a row put into its place."""
        self.check(value)
        self.values.append(value)
        if isinstance(value, ReferenceList):
            self.meter.hold()
        else:
            self.meter.born(self.block)

    def finish(self):
        """The list is complete: its length is written for the first time."""
        self.meter.born(self.block, 0)
        self.finished = True

    def read_length(self):
        self.meter.read(self.block[0])
        return len(self.values)

    def may_change_length(self):
        if self.fixed:
            raise TypeError("the input buffer keeps its length")

    def write_length(self):
        self.meter.write(self.block[0])

    def read(self, i):
        if not self.has_rows:
            self.meter.read(self.cell(i))
        return self.values[i]

    def write(self, i, value):
        if self.has_rows and isinstance(value, ReferenceList):
            if value is not self.values[i]:
                take_hold(self, value)
                self.values[i].held = False
            self.values[i] = value
            self.meter.hold()
            return
        if isinstance(value, ReferenceList):
            raise TypeError("numbers or rows")
        self.check(value)
        self.values[i] = value
        self.meter.write(self.cell(i))

    def place(self, index, message="list index out of range"):
        if type(index) not in (int, bool):
            [][index]  # Python's own error
        i = index + len(self.values) if index < 0 else index
        if not 0 <= i < len(self.values):
            raise IndexError(message)
        return i

    # -- reading

    def __len__(self):
        return self.read_length()

    def __bool__(self):
        return self.read_length() > 0

    def __getitem__(self, index):
        if not isinstance(index, slice):
            return self.read(self.place(index))
        return self.meter.listed(self.read(i) for i in range(*index.indices(len(self.values))))

    def __iter__(self):
        i, knows_length = 0, False
        while i < len(self.values):
            if self.has_rows and not knows_length:
                self.read_length()
                knows_length = True
            yield self.read(i)
            i += 1
        if not knows_length:
            self.read_length()

    def __reversed__(self):
        return self.backwards(self.read_length() - 1)

    def backwards(self, i):
        while 0 <= i < len(self.values):
            yield self.read(i)
            i -= 1

    def __contains__(self, value):
        return any(element == value for element in self)

    def index(self, value):
        for i, element in enumerate(self):
            if element == value:
                return i
        raise ValueError(f"{value!r} is not in list")

    def count(self, value):
        found = 0
        for element in self:
            if element == value:
                found += 1
        return found

    def copy(self):
        return self[:]

    def __eq__(self, other):
        if not isinstance(other, ReferenceList):
            raise TypeError("a list is compared with a list only")
        if self.read_length() != other.read_length():
            return False
        return all(self.read(i) == other.read(i) for i in range(len(self.values)))

    def __ne__(self, other):
        return not self.__eq__(other)

    def __add__(self, other):
        if not isinstance(other, ReferenceList):
            raise TypeError(f'can only concatenate list (not "{type(other).__name__}") to list')
        return self.meter.listed(part.read(i) for part in (self, other) for i in range(len(part.values)))

    def __mul__(self, times):
        return self.meter.listed(self.read(i) for _ in range(times) for i in range(len(self.values)))

    __rmul__ = __mul__

    # -- writing

    def __setitem__(self, index, value):
        if not isinstance(index, slice):
            self.write(self.place(index, "list assignment index out of range"), value)
            return
        places = range(*index.indices(len(self.values)))
        temporary = self.meter.listed(value)
        if len(places) != len(temporary.values):
            raise ValueError("the length must fit")
        for k, i in enumerate(places):
            self.write(i, temporary.read(k))

    def append(self, value):
        self.may_change_length()
        self.append_new(value)
        self.write_length()

    def extend(self, values):
        self.may_change_length()
        if values is self:
            values = self.copy()
        for value in values:
            self.append_new(value)
        self.write_length()

    def __iadd__(self, values):
        self.extend(values)
        return self

    def insert(self, index, value):
        self.may_change_length()
        end = len(self.values)
        at = max(0, index + end) if index < 0 else min(index, end)
        self.append_new(value)
        for i in range(end, at, -1):
            self.move(i - 1, i)
        self.values[at] = value
        if at != end:
            self.write_anew(at)
        self.write_length()

    def move(self, source, target):
        """Read one element, write it in another place. A row stays held."""
        self.values[target] = self.read(source)
        self.write_anew(target)

    def write_anew(self, i):
        if self.has_rows:
            self.meter.hold()
        else:
            self.meter.write(self.cell(i))

    def pop(self, index=-1):
        self.may_change_length()
        if not self.values:
            raise IndexError("pop from empty list")
        i = self.place(index, "pop index out of range")
        value = self.read(i)
        for later in range(i + 1, len(self.values)):
            self.move(later, later - 1)
        self.drop_last()
        if is_container(value):
            value.held = False
        self.write_length()
        return value

    def drop_last(self):
        if not self.has_rows:
            self.meter.free(self.block.pop())
        self.values.pop()

    def clear(self):
        self.may_change_length()
        self.let_go()
        while self.values:
            self.drop_last()
        self.write_length()

    def sort(self, reverse=False):
        if self.has_rows:
            raise TypeError("rows have no order")
        n = self.read_length()
        for _ in range(math.ceil(math.log2(n)) if n else 0):
            for i in range(n):
                self.move(i, i)
        self.values.sort(reverse=reverse)

    def reverse(self):
        n = self.read_length()
        if self.has_rows:
            for _ in range(n):
                self.meter.hold()
            self.values.reverse()
            return
        for i in range(n // 2):
            low, high = self.read(i), self.read(n - 1 - i)
            self.write(i, high)
            self.write(n - 1 - i, low)
