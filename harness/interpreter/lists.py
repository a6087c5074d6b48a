"""A list of the interpreter: each operation follows its row in docs/metric.md's table.

Promises: the counts of the table, step by step. Does not cover: the clock and the sums (`trace`).
"""

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.interpreter.container import Container, check_number, take_hold

if TYPE_CHECKING:
    from harness.interpreter.trace import Trace


class List(Container):
    """`values` are its numbers or rows; its block of cells is the length, once made, and then the numbers."""

    def __init__(self, trace: "Trace") -> None:
        super().__init__(trace)
        self.finished = False
        self.fixed = False

    @property
    def has_rows(self) -> bool:
        """Whether it holds lists."""
        return bool(self.values) and isinstance(self.values[0], List)

    def _cell(self, i: int) -> int:
        return self.block[i + 1] if self.finished else self.block[i]

    def _check(self, value: Any) -> None:
        """Refuse what this list cannot hold, before anything is counted."""
        if isinstance(value, List):
            if self.values and not self.has_rows:
                raise TypeError("a list holds numbers or rows")
            take_hold(self, value)
            return
        check_number(value)
        if self.has_rows:
            raise TypeError("a list holds numbers or rows")

    def append_new(self, value: Any) -> None:
        """A birth, or a row put into its place; the length is not written."""
        self._check(value)
        self.values.append(value)
        if isinstance(value, List):
            self.trace.hold()
        else:
            self.trace.born(self.block)

    def finish(self) -> None:
        """The list is complete: its length is written for the first time."""
        self.trace.born(self.block, 0)
        self.finished = True

    def read_length(self) -> int:
        """The length, counted."""
        self.trace.read(self.block[0])
        return len(self.values)

    def _may_change_length(self) -> None:
        if self.fixed:
            raise TypeError("the input buffer keeps its length")

    def _write_length(self) -> None:
        self.trace.write(self.block[0])

    def read(self, i: int) -> Any:
        """An element in range: counted when it is a number."""
        if not self.has_rows:
            self.trace.read(self._cell(i))
        return self.values[i]

    def _write(self, i: int, value: Any) -> None:
        if self.has_rows and isinstance(value, List):
            if value is not self.values[i]:
                take_hold(self, value)
                self.values[i].held = False
            self.values[i] = value
            self.trace.hold()
            return
        if isinstance(value, List):
            raise TypeError("a list holds numbers or rows")
        self._check(value)
        self.values[i] = value
        self.trace.write(self._cell(i))

    def _place(self, index: Any, message: str = "list index out of range") -> int:
        if type(index) not in (int, bool):
            raise TypeError(f"list indices must be integers or slices, not {type(index).__name__}")
        i: int = index + len(self.values) if index < 0 else index
        if not 0 <= i < len(self.values):
            raise IndexError(message)
        return i

    # -- reading ---

    def __len__(self) -> int:
        return self.read_length()

    def __bool__(self) -> bool:
        return self.read_length() > 0

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self.read(self._place(index))
        return self.trace.listed(self.read(i) for i in range(*index.indices(len(self.values))))

    def __iter__(self) -> Iterator[Any]:
        i, knows_length = 0, False
        while i < len(self.values):
            if self.has_rows and not knows_length:
                self.read_length()
                knows_length = True
            yield self.read(i)
            i += 1
        if not knows_length:
            self.read_length()

    def __reversed__(self) -> Iterator[Any]:
        return self._backwards(self.read_length() - 1)

    def _backwards(self, i: int) -> Iterator[Any]:
        while 0 <= i < len(self.values):
            yield self.read(i)
            i -= 1

    def __contains__(self, value: object) -> bool:
        return any(element == value for element in self)

    def index(self, value: Any) -> int:
        """Place of the first element that equals `value`."""
        for i, element in enumerate(self):
            if element == value:
                return i
        raise ValueError(f"{value!r} is not in list")

    def count(self, value: Any) -> int:
        """How many elements equal `value`."""
        found = 0
        for element in self:
            if element == value:
                found += 1
        return found

    def copy(self) -> "List":
        """As the slice of all."""
        made: List = self[:]
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, List):
            raise TypeError("a list is compared with a list only")
        if self.read_length() != other.read_length():
            return False
        return all(self.read(i) == other.read(i) for i in range(len(self.values)))

    def __ne__(self, other: object) -> bool:
        return not self.__eq__(other)

    __hash__ = None

    def __add__(self, other: object) -> "List":
        if not isinstance(other, List):
            raise TypeError(f'can only concatenate list (not "{type(other).__name__}") to list')
        return self.trace.listed(part.read(i) for part in (self, other) for i in range(len(part.values)))

    def __mul__(self, times: Any) -> "List":
        return self.trace.listed(self.read(i) for _ in range(times) for i in range(len(self.values)))

    __rmul__ = __mul__

    # -- writing ---

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            self._write(self._place(index, "list assignment index out of range"), value)
            return
        places = range(*index.indices(len(self.values)))
        temporary = self.trace.listed(value)
        if len(places) != len(temporary.values):
            raise ValueError("assigning to a slice keeps the length")
        for k, i in enumerate(places):
            self._write(i, temporary.read(k))

    def append(self, value: Any) -> None:
        """One element more at the end."""
        self._may_change_length()
        self.append_new(value)
        self._write_length()

    def extend(self, values: Iterable[Any]) -> None:
        """Every element of an iterable at the end."""
        self._may_change_length()
        if values is self:
            values = self.copy()  # lives until the length is written, as an argument does
        for value in values:
            self.append_new(value)
        self._write_length()

    def __iadd__(self, values: Iterable[Any]) -> "List":  # type: ignore[misc]  # noqa: PYI034 - extends by anything, as list does
        self.extend(values)
        return self

    def insert(self, index: int, value: Any) -> None:
        """One element more before a place: all later ones move."""
        self._may_change_length()
        end = len(self.values)
        at = max(0, index + end) if index < 0 else min(index, end)
        self.append_new(value)
        for i in range(end, at, -1):
            self._move(i - 1, i)
        self.values[at] = value
        if at != end:
            self._write_anew(at)
        self._write_length()

    def _move(self, source: int, target: int) -> None:
        """Read one element, write it in another place. A row stays held."""
        self.values[target] = self.read(source)
        self._write_anew(target)

    def _write_anew(self, i: int) -> None:
        if self.has_rows:
            self.trace.hold()
        else:
            self.trace.write(self._cell(i))

    def pop(self, index: Any = -1) -> Any:
        """Take one element out: all later ones move."""
        self._may_change_length()
        if not self.values:
            raise IndexError("pop from empty list")
        i = self._place(index, "pop index out of range")
        value = self.read(i)
        for later in range(i + 1, len(self.values)):
            self._move(later, later - 1)
        self._drop_last()
        if isinstance(value, Container):
            value.held = False
        self._write_length()
        return value

    def _drop_last(self) -> None:
        if not self.has_rows:
            self.trace.free(self.block.pop())
        self.values.pop()

    def clear(self) -> None:
        """Take every element out."""
        self._may_change_length()
        self.let_go()
        while self.values:
            self._drop_last()
        self._write_length()

    def sort(self, reverse: bool = False) -> None:  # noqa: FBT001, FBT002 - as the builtin
        """Sort numbers, counted as ceil(log2 n) passes that read and write every element."""
        if self.has_rows:
            raise TypeError("rows have no order")
        n = self.read_length()
        for _ in range(math.ceil(math.log2(n)) if n else 0):
            for i in range(n):
                self._move(i, i)
        self.values.sort(reverse=reverse)

    def reverse(self) -> None:
        """Reverse in place."""
        n = self.read_length()
        if self.has_rows:
            for _ in range(n):
                self.trace.hold()
            self.values.reverse()
            return
        for i in range(n // 2):
            low, high = self.read(i), self.read(n - 1 - i)
            self._write(i, high)
            self._write(n - 1 - i, low)
