"""Plain lines: one an experiment, its left half printed before the work starts.

Promises: readable in a log file and aloud; no cursor movement, no colours; nothing is parsed back from here.
Does not cover: the ledger.
"""

import sys
from contextlib import suppress
from io import TextIOWrapper
from types import TracebackType
from typing import Self, TextIO

from harness.console.summary import summary
from harness.console.view import Limits
from harness.console.words import TITLE_WIDTH, first_line, left, right, short
from harness.interrupt import write_notice
from harness.proposers.options import Wait
from harness.records import Experiment, Stage
from harness.run import Run


class Console:
    """Prints the run; a context that ends a line left open.

    `quiet`: only the summary. `aloud`: for a screen reader, no row of dots between a title and what became of it.
    """

    def __init__(self, out: TextIO = sys.stdout, *, quiet: bool = False, aloud: bool = False) -> None:
        self._out = out
        self._is_quiet = quiet
        self._fill = " " if aloud else "."
        self._is_open = False
        self._position = ""
        if isinstance(out, TextIOWrapper):
            out.reconfigure(errors="replace")  # a title may hold what this terminal has no sign for

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._is_open and not self._out.closed:
            with suppress(OSError):
                self.say("")

    def interrupted(self) -> None:
        """Say so on standard error."""
        write_notice()

    def follow(self, run: Run, limits: Limits) -> None:
        """Nothing to prepare."""

    def say(self, text: str) -> None:
        """The rest of the open line, or a whole one."""
        self._is_open = False
        self._print(text + "\n")

    def begin(self, position: str) -> None:
        """The left edge of an experiment's line, before the proposer is asked."""
        self._is_open, self._position = not self._is_quiet, position
        self._print(left(position))

    def waiting(self, wait: Wait) -> None:
        """The rest of the line, and its left edge again."""
        what = f"waiting {wait.seconds:.0f} s before try {wait.attempt} of {wait.attempts}"
        self.say(f"{what}: {first_line(wait.reason)}")
        self.begin(self._position)

    def title(self, title: str) -> None:
        """What the experiment is, before it is tried."""
        self._print(f"{short(title):{self._fill}<{TITLE_WIDTH}} ")

    def stage(self, stage: Stage) -> None:
        """Not said: a line that grows cannot be taken back."""

    def instance(self, number: int, most: int) -> None:
        """Not said, as a stage."""

    def end(self, row: Experiment) -> None:
        """The right half, and the reason of what did not come to a measurement."""
        self.say(right(row))

    def summary(self, run: Run, stopped: str) -> None:
        """The closing lines, however quiet."""
        self._is_open = False
        text = summary(run, stopped)
        print(text.lstrip("\n") if self._is_quiet else text, file=self._out, flush=True)

    def _print(self, text: str) -> None:
        if not self._is_quiet:
            print(text, end="", file=self._out, flush=True)
