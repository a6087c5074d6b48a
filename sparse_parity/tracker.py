"""MemTracker: average reuse distance from hand-placed, buffer-level calls.

The clock advances by the size of every read and write. The distance of a read is the clock minus the clock at
the start of that buffer's last write. ARD is the mean distance, weighted by floats read. These are the
published definitions, and the published numbers come out to the integer.

Does not cover: anything that a method does not declare. A method that leaves calls out scores better for it,
which is why this tracker is for the record and the gate measures with the memory trace instead.
"""

from dataclasses import dataclass
from typing import Protocol


class TrackerError(ValueError):
    """A call that cannot be true: a read of what was never written, a size that is none, a read beyond the
    buffer.
    """


class Tracker(Protocol):
    """What a method's `step` may call, as expression statements."""

    def read(self, name: str, size: int) -> None:
        """Record that `size` floats of buffer `name` are read."""

    def write(self, name: str, size: int) -> None:
        """Record that `size` floats of buffer `name` are written."""


class _NoTracker:
    """Records nothing."""

    def read(self, name: str, size: int) -> None:
        """Do nothing."""

    def write(self, name: str, size: int) -> None:
        """Do nothing."""


NO_TRACKER: Tracker = _NoTracker()


@dataclass(frozen=True, slots=True)
class BufferSummary:
    """One buffer. `distances` holds one entry per read, in order; `average` is their plain mean, None without
    reads.
    """

    name: str
    size: int
    distances: tuple[int, ...]
    average: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was recorded.

    Attributes:
        ard: mean distance weighted by floats read; None without reads.
        weighted_sum: sum over reads of floats times distance.
        reads, writes: calls.
        floats_read: floats over all reads.
        total_floats: floats over all reads and writes, the clock's last value.
        buffers: in the order of their first writes.
    """

    ard: float | None
    weighted_sum: int
    reads: int
    writes: int
    floats_read: int
    total_floats: int
    buffers: tuple[BufferSummary, ...]


class MemTracker:
    """Records reads and writes of named buffers; see the module for the definitions."""

    def __init__(self) -> None:
        self._clock = 0
        self._writes = 0
        self._size: dict[str, int] = {}
        self._written_at: dict[str, int] = {}
        self._reads: dict[str, list[tuple[int, int]]] = {}

    def write(self, name: str, size: int) -> None:
        """Record a write, which also sets the buffer's size.

        Raises:
            TrackerError: `size` is not a positive int.
        """
        _check_size("write", name, size)
        self._written_at[name] = self._clock
        self._size[name] = size
        self._reads.setdefault(name, [])
        self._writes += 1
        self._clock += size

    def read(self, name: str, size: int) -> None:
        """Record a read of the buffer or of a part of it.

        Raises:
            TrackerError: `size` is not a positive int, the buffer was never written, or it is smaller
                than `size`.
        """
        _check_size("read", name, size)
        if name not in self._written_at:
            raise TrackerError(f"read of {name!r}, which was never written; record its write first")
        if size > self._size[name]:
            raise TrackerError(f"read of {size} floats of {name!r}, which holds {self._size[name]}")
        self._reads[name].append((size, self._clock - self._written_at[name]))
        self._clock += size

    def summary(self) -> Summary:
        """Everything recorded so far."""
        reads = [read for of_buffer in self._reads.values() for read in of_buffer]
        floats_read = sum(size for size, _ in reads)
        weighted_sum = sum(size * distance for size, distance in reads)
        return Summary(
            ard=weighted_sum / floats_read if reads else None,
            weighted_sum=weighted_sum,
            reads=len(reads),
            writes=self._writes,
            floats_read=floats_read,
            total_floats=self._clock,
            buffers=tuple(self._summarise(name) for name in self._size),
        )

    def _summarise(self, name: str) -> BufferSummary:
        distances = tuple(distance for _, distance in self._reads[name])
        average = sum(distances) / len(distances) if distances else None
        return BufferSummary(name, self._size[name], distances, average)


def _check_size(operation: str, name: str, size: int) -> None:
    # bool is an int to isinstance; True is no size.
    if type(size) is not int or size <= 0:
        raise TrackerError(f"{operation} of {name!r}: size is {size!r}; it must be a positive int")
