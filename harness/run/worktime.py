"""How long a run has been worked on, over all its starts: what --max-hours is held against.

Promises: the time from opening a run to closing it counts, whatever was done in it. It is noted at each stage, each
confirm instance, and around each question to the proposer, so that `kill -9` loses at most one of those. It is never
less than the rows' own seconds. Does not cover: time in which the computer slept, and notes that a power cut lost.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from harness.ledger.durable import trouble
from harness.records import Experiment
from harness.totals import Sum, total

FILE = "worktime"  # seconds, as one number of a fixed width: one write replaces it


@dataclass(slots=True)
class Worked:
    """What the rows themselves took."""

    seconds: Sum = field(default_factory=Sum)

    def add(self, row: Experiment) -> None:
        """Add the row's."""
        self.seconds.put(row.seconds)


@dataclass(frozen=True, slots=True)
class WorkTime:
    """The work time of an open run, in seconds: `before` of its earlier starts, `began` the clock at this one."""

    path: Path
    before: float
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def read(cls, folder: Path, rows: Sequence[Experiment]) -> "WorkTime":
        """That of the run in `folder`; nothing is written. A note that cannot be read counts as none."""
        path = folder / FILE
        try:
            noted = float(path.read_text("ascii"))
        except (OSError, ValueError):
            noted = 0.0
        of_rows = total(rows, Worked).seconds.value
        return cls(path, max(noted, of_rows) if isfinite(noted) else of_rows)

    def seconds(self) -> float:
        """Until now."""
        return self.before + time.monotonic() - self.began

    def hours(self) -> float:
        """The same in hours."""
        return self.seconds() / 3600

    def note(self) -> None:
        """Write it down. ArdentError: it cannot be."""
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, b"%020.3f\n" % self.seconds(), 0)
            finally:
                os.close(file)
        except OSError as error:
            raise trouble(self.path, error) from error
