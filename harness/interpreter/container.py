"""What the interpreter's lists and records have in common: a block of cells, what they hold, and who holds them.

Promises: the rules of docs/metric.md on what can be stored where. Does not cover: counting (`trace`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.interpreter.trace import Trace

LARGEST = 2**63


class Container:
    """A list or record: it owns a block of cells and may hold other containers. Freed, it lets go of both."""

    __hash__ = None  # type: ignore[assignment]  # lists and records are no keys

    def __init__(self, trace: "Trace") -> None:
        self.trace = trace
        self.number = trace.new_block()
        self.values: list[Any] = []
        self.held = False

    def __del__(self) -> None:
        self.let_go()
        self.trace.free_block(self.number)

    def let_go(self) -> None:
        """What was held may be held by another."""
        for value in self.values:
            if isinstance(value, Container):
                value.held = False

    @property
    def block(self) -> list[int]:
        """The live cells, in the order in which they are stamped."""
        return self.trace.blocks[self.number]


def check_number(value: object) -> None:
    """Refuse what no cell can hold."""
    if type(value) not in (float, bool, int):
        raise TypeError(f"a cell holds a number, not {type(value).__name__}")
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise OverflowError("a cell holds at most 64 bits")


def rows_below(value: Container) -> Iterator[Container]:
    """The container and all that it holds, at any depth."""
    yield value
    for item in value.values:
        if isinstance(item, Container):
            yield from rows_below(item)


def take_hold(holder: Container, value: Container) -> None:
    """From now on `holder` holds `value`, which nobody holds yet, and which does not hold the holder."""
    if value.held or any(inner is holder for inner in rows_below(value)):
        raise TypeError("a list or record is held once: write a copy")
    value.held = True
