"""Ctrl-C as a normal way to stop: the first lets the experiment in progress be recorded, the second ends it at once.

Promises: the handlers that were there before come back. Does not cover: SIGKILL; the ledger does.
"""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupt:
    """A context in which the first SIGINT or SIGTERM only sets `asked`; the second raises KeyboardInterrupt."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.asked = False
        self._say = say
        self._before: dict[signal.Signals, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "Interrupt":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._say("\nstopping when this experiment is recorded; once more to stop now")
