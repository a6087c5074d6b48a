"""Two profiles beside each other: which buffers and which lines moved, a training step.

Promises: pure; a buffer is matched by its name, a line by its place and text, and what only one of the two has is shown
as such. Does not cover: taking the profiles.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.profiling import UNNAMED, Buffer, Profile, Sums
from harness.profiling.table import place

MOST = 8


@dataclass(frozen=True, slots=True)
class Moved:
    """DMD a training step of one buffer or one line before and after, None where it does not exist.

    Attributes:
        far_before, far_after: mean distance of its reads, in accesses, None where nothing is read.
    """

    name: str
    text: str
    before: float | None
    after: float | None
    far_before: float | None
    far_after: float | None

    @property
    def difference(self) -> float:
        """DMD a step, after minus before."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved most, the largest first, and what all of it comes to."""

    whole: Moved
    buffers: tuple[Moved, ...]
    lines: tuple[Moved, ...]
    more_buffers: int
    more_lines: int


def movement(before: Profile, after: Profile) -> Movement:
    """Compare two profiles."""
    buffers = _moved(before, after, lambda p: ((b.name, "", b.sums) for b in _named(p.buffers)))
    lines = _moved(before, after, lambda p: ((place(at), at.text, at.sums) for at in p.lines))
    whole = _pair("all", "", (before.total, before.samples), (after.total, after.samples))
    more = (max(0, len(buffers) - MOST), max(0, len(lines) - MOST))
    return Movement(whole, buffers[:MOST], lines[:MOST], *more)


def _named(buffers: Sequence[Buffer]) -> list[Buffer]:
    """The buffers under names that tell them apart: where several share one, or have none, the place is part of it."""
    count = Counter(buffer.name for buffer in buffers)
    plain = {name for name, times in count.items() if times == 1 and name != UNNAMED}
    return [b if b.name in plain else replace(b, name=f"{b.name}, {b.where}") for b in buffers]


_Rows = Callable[[Profile], Iterable[tuple[str, str, Sums]]]


def _moved(before: Profile, after: Profile, rows: _Rows) -> tuple[Moved, ...]:
    old = {(name, text): sums for name, text, sums in rows(before)}
    new = {(name, text): sums for name, text, sums in rows(after)}
    found = [
        _pair(name, text, (old.get((name, text)), before.samples), (new.get((name, text)), after.samples))
        for name, text in {**old, **new}
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.difference), each.name, each.text)))


def _pair(name: str, text: str, before: tuple[Sums | None, int], after: tuple[Sums | None, int]) -> Moved:
    moved = [None if sums is None else sums.dmd / max(1, steps) for sums, steps in (before, after)]
    far = [None if sums is None or not sums.ard_reads else sums.mean_distance for sums, _ in (before, after)]
    return Moved(name, text, moved[0], moved[1], far[0], far[1])
