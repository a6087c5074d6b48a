"""What the loop tells whoever watches it.

Does not cover: who is told at which moment (loop.py), and how it looks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from harness.proposers.options import Wait
from harness.records import Experiment, Stage
from harness.run import Run


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run beside its budget: `hours_left`, asked again whenever it is shown, and dollars in all."""

    hours_left: Callable[[], float] = lambda: math.inf
    max_usd: float | None = None


class View(Protocol):
    """Shows a run. A context; what is open on the screen is ended when it is left."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, however that came."""
        ...

    def interrupted(self) -> None:
        """The first Ctrl-C came. Called inside a signal handler: takes no lock, prints nothing through a buffer."""
        ...

    def follow(self, run: Run, limits: Limits) -> None:
        """This run is shown from now on."""
        ...

    def say(self, text: str) -> None:
        """A notice, of one line or more."""
        ...

    def begin(self, position: str) -> None:
        """An experiment begins: `3/20`, `null`, or `0` for the baseline. The proposer is asked now."""
        ...

    def waiting(self, wait: Wait) -> None:
        """The model did not answer; it is asked again after that wait."""
        ...

    def title(self, title: str) -> None:
        """What the experiment is, before it is tried."""
        ...

    def stage(self, stage: Stage) -> None:
        """The stage that begins."""
        ...

    def instance(self, number: int, most: int) -> None:
        """The confirm instance that begins, of so many at most."""
        ...

    def end(self, row: Experiment) -> None:
        """What became of the experiment, or the baseline's numbers."""
        ...

    def summary(self, run: Run, stopped: str) -> None:
        """The run stops, and why."""
        ...
