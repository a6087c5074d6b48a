"""Ctrl-C as a normal way to stop: the first lets the experiment in progress be recorded, the second ends it at once.

Promises: SIGTERM is the same; the handlers that were there before come back. Does not cover: SIGKILL; the ledger does.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

NOTICE = b"\nstopping when this experiment is recorded; once more to stop now\n"


def write_notice() -> None:
    """Say on standard error what the first Ctrl-C does, from within its handler."""
    with suppress(OSError):
        os.write(2, NOTICE)  # print would fail if the signal came inside another print


class Interrupt:
    """A context in which the first SIGINT or SIGTERM only sets `asked`; the second raises KeyboardInterrupt.

    `tell` is called inside the handler of the first one: it may take no lock.
    """

    def __init__(self, tell: Callable[[], None] = write_notice) -> None:
        self.asked = False
        self._tell = tell
        self._before: dict[
            signal.Signals, signal.Handlers | Callable[[int, FrameType | None], object] | int | None
        ] = {}

    def __enter__(self) -> Self:
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
        self._tell()
