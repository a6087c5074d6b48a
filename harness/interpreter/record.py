"""A record of the interpreter: named fields, fixed when it is made.

Does not cover: the clock and the sums (`trace`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from harness.interpreter.container import Container, check_number, take_hold

if TYPE_CHECKING:
    from harness.interpreter.trace import Trace


class Record(Container):
    """`values` in the order of `names`; its block holds the cells of the numeric fields in that order."""

    def __init__(self, trace: "Trace", names: Sequence[str], values: Sequence[Any]) -> None:
        super().__init__(trace)
        self.names = tuple(names)
        self.cells: dict[str, int] = {}
        for name, value in zip(names, values, strict=True):
            self._make_field(name, value)

    def _make_field(self, name: str, value: Any) -> None:
        if isinstance(value, Container):
            take_hold(self, value)
            self.trace.hold()
        else:
            check_number(value)
            self.trace.born(self.block)
            self.cells[name] = self.block[-1]
        self.values.append(value)

    def _refuse(self, *_other: object) -> NoReturn:
        raise TypeError("a record has no order, is not compared, and neither true nor false")

    __bool__ = __iter__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = None

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise KeyError(name)
        return self.names.index(name)

    def __getitem__(self, name: str) -> Any:
        value = self.values[self._place(name)]
        if name in self.cells:
            self.trace.read(self.cells[name])
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        i = self._place(name)
        old = self.values[i]
        is_container = isinstance(value, Container)
        if isinstance(old, Container) != is_container or (is_container and type(old) is not type(value)):
            raise TypeError("a field keeps its kind")
        if is_container:
            if value is not old:
                take_hold(self, value)
                old.held = False
            self.trace.hold()
        else:
            check_number(value)
            self.trace.write(self.cells[name])
        self.values[i] = value
