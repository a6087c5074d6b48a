"""What an interpreted program runs on: its frames, its budget, and what a register may hold.

Does not cover: what nodes mean (`expressions`, `statements`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.interpreter.container import LARGEST, Container
from harness.interpreter.trace import Trace


class InterpreterError(Exception):
    """The program does what the interpreter has no meaning for, or needs too many evaluations."""


class Callee(Protocol):
    """A function of the program. It takes over the dictionary of its locals: nobody else holds what is in it."""

    @property
    def parameters(self) -> Sequence[str]:
        """Names, in order."""

    def call(self, names: dict[str, Any]) -> Any:
        """Run the body; the value of its return, a tuple of several, or None."""


@dataclass(slots=True)
class Machine:
    """One run: where accesses are counted, the builtins over it, and how many evaluations are left."""

    trace: Trace
    builtins: Mapping[str, Callable[..., Any]]
    left: int

    def spend(self) -> None:
        """Count one evaluation."""
        self.left -= 1
        if self.left < 0:
            raise InterpreterError("more evaluations than the second opinion takes")


@dataclass(slots=True)
class Frame:
    """One call, or one comprehension inside a call (`outer` is then where its other names are)."""

    machine: Machine
    module: Mapping[str, Any]
    names: dict[str, Any] = field(default_factory=dict)
    outer: "Frame | None" = None

    def look_up(self, name: str) -> Any:
        """The value of a name: local, of an enclosing comprehension or call, or of the module."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.outer
        if name in self.module:
            return self.module[name]
        raise NameError(f"name {name!r} has no value here")

    def bind(self, name: str, value: Any) -> None:
        """Put a value into a register."""
        self.names[name] = checked(value)


def checked(value: Any) -> Any:
    """The value, if a register can hold it: a number of at most 64 bits, or a list or record."""
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise OverflowError("a register holds at most 64 bits")
    if type(value) not in (float, int, bool) and not isinstance(value, Container):
        raise InterpreterError(f"a register holds a number, a list or a record, not {type(value).__name__}")
    return value
