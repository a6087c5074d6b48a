"""The append-only record of every experiment: JSON lines, each holding the hash of the line before it.

Promises: a row is on the disk when `append` returns, or the file is as it was; a line that was edited,
removed, moved or copied is found and named, whenever the ledger is opened; a last line that a crash tore off is set
aside; appending costs the same however long the ledger is, and rows stay on the disk (`stored`); a lock dies with
its process.

Does not cover: an edit of the very last line, or lines removed from the end, which only a tip kept elsewhere
shows (every commit message holds one); somebody who writes the whole chain anew; locks between machines that
share a disk without locking.
"""

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness import crash_points
from harness.ledger import checkpoint as checkpoints
from harness.ledger.chain import FIRST_TIP, tip_of, walk
from harness.ledger.checkpoint import glance, lines_of
from harness.ledger.durable import make_folder, opened, replace_file, sync_folder, write_durably
from harness.ledger.lock import exclusive_lock
from harness.ledger.rows import LedgerError, decode, encode
from harness.ledger.stored import StoredRows
from harness.records import Experiment
from harness.totals import Total

__all__ = [
    "FIRST_TIP",
    "Ledger",
    "LedgerError",
    "StoredRows",
    "chain_of",
    "decode",
    "encode",
    "exclusive_lock",
    "glance",
    "make_folder",
    "read",
    "replace_file",
    "tip_of",
    "verify_bytes",
    "write_durably",
]

Say = Callable[[str], None]
_BLOCK = 1 << 16


def read(path: Path) -> tuple[Experiment, ...]:
    """The rows of the ledger at `path`, chain verified; LedgerError names the first line that is wrong."""
    try:
        return verify_bytes(path.read_bytes(), path.name)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}; name a ledger that exists") from error


def verify_bytes(data: bytes, name: str) -> tuple[Experiment, ...]:
    """As `read`, of a ledger's bytes; `name` begins the error line."""
    *lines, rest = data.split(b"\n")
    try:
        rows = chain_of(line + b"\n" for line in lines)
    except LedgerError as error:
        raise LedgerError(f"{name}: {error}") from error
    if rest:
        raise LedgerError(
            f"{name}: line {len(lines) + 1}: torn off; start the run again, which sets it aside"
        )
    return rows


def chain_of(lines: Iterable[bytes]) -> tuple[Experiment, ...]:
    """The rows of the lines, each with its newline, the chain verified; LedgerError as `read`."""
    known = list(lines)
    return tuple(row for _, row in walk(known, lambda: known))


class Ledger:
    """A ledger open for appending. Its writer holds `exclusive_lock`; `append` checks the file all the same.

    Attributes:
        path: the file.
        rows: all rows, oldest first; they grow with the ledger.
        recovered: one line about a torn last line that was set aside on opening, else empty.
        cut: one line about rows that the checkpoint knows and the ledger lacks, else empty.
    """

    def __init__(self, path: Path, length: int, kinds: Sequence[type[Total]], maker: str, say: Say) -> None:
        """The first `length` bytes of the file, verified; `open` and `peek` are what makes a ledger."""
        self.path = path
        self.recovered = self.cut = ""
        self.rows = StoredRows(path, kinds)
        self._maker = maker
        with opened(path, os.O_RDONLY) as file:
            self.rows.see(file)  # before it is read: a change meanwhile is then seen later
        found = checkpoints.read(path, maker)
        known, why = found.checkpoint, found.trouble
        if known and (known.length > length or not self.rows.resume(known)):
            self.cut = _cut(path, known, length) if known.length > length else ""
            known, why = None, "it is not what its checkpoint describes"
        self._checkpointed = len(self.rows)
        why = why or f"its checkpoint knows the first {len(self.rows)} only"
        start = self.rows.length
        walked = walk(lines_of(path, start, length), lambda: lines_of(path, 0, length), len(self.rows), self.rows.tip)
        try:
            for line, row in _told(walked, length - start, f"{path.name}: {why}", say):
                self.rows.push(line, row)
        except LedgerError as error:
            raise LedgerError(f"{path.name}: {error}") from error

    @classmethod
    def open(
        cls, path: Path, kinds: Sequence[type[Total]] = (), maker: str = "", say: Say = lambda _: None
    ) -> "Ledger":
        """The ledger at `path`, made if missing, chain verified; LedgerError names the line that is wrong.

        Args:
            path: the file.
            kinds: totals to keep in step with the rows.
            maker: what the totals are made by; a checkpoint of another maker is not used.
            say: told how far a verification is that takes longer than a second.
        """
        with opened(path, os.O_RDWR | os.O_CREAT) as file:
            sync_folder(path.parent)
            crash_points.reach("ledger-opened")
            size, whole = os.fstat(file).st_size, _whole_length(file)
            recovered = _set_aside(path, file, os.pread(file, size - whole, whole), whole) if whole < size else ""
        ledger = cls(path, whole, kinds, maker, say)
        ledger.recovered = recovered
        ledger._checkpoint_if_due()
        return ledger

    @classmethod
    def peek(cls, path: Path, kinds: Sequence[type[Total]] = (), maker: str = "") -> "Ledger":
        """The whole lines of the ledger at `path` as they stand, nothing written: not to be appended to."""
        if not path.exists():
            return cls(Path(os.devnull), 0, kinds, maker, lambda _: None)
        with opened(path, os.O_RDONLY) as file:
            size, whole = os.fstat(file).st_size, _whole_length(file)
        ledger = cls(path, whole, kinds, maker, lambda _: None)
        ledger.recovered = f"{path.name}: line {len(ledger.rows) + 1}: torn off" if whole < size else ""
        return ledger

    @property
    def tip(self) -> str:
        """The hash that the next row will hold."""
        return self.rows.tip

    def append(self, experiment: Experiment) -> Experiment:
        """Record `experiment`, numbered next; returned with its tip. LedgerError: nothing was written."""
        if experiment.number != len(self.rows):
            raise ValueError(f"experiment {experiment.number} cannot be row {len(self.rows)}")
        row = replace(experiment, tip=self.tip)
        line = encode(row)
        crash_points.reach("row-encoded")
        with opened(self.path, os.O_RDWR | os.O_APPEND) as file:
            self.rows.check(file, length=self.rows.length)
            _write_whole(file, line, self.rows.length)
            self.rows.push(line, row)
            self.rows.see(file)
        crash_points.reach("row-durable")
        self._checkpoint_if_due()
        return row

    def close(self) -> None:
        """Leave a checkpoint of all rows, if there is none."""
        if self._checkpointed < len(self.rows):
            self._write_checkpoint()

    def _checkpoint_if_due(self) -> None:
        if checkpoints.is_due(len(self.rows), self._checkpointed):
            self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        self._checkpointed = len(self.rows)
        with suppress(OSError):  # it saves time and nothing else: without it the next start verifies more rows
            checkpoints.write(self.path, self.rows.checkpoint(self._maker))


def _told(
    walked: Iterator[tuple[bytes, Experiment]],
    length: int,
    why: str,
    say: Say,
    pauses: tuple[float, float] = (1.0, 10.0),
) -> Iterator[tuple[bytes, Experiment]]:
    """The same, with a word on how far it is, first and then again after so many seconds."""
    due, done = time.monotonic() + pauses[0], 0
    for line, row in walked:
        yield line, row
        done += len(line)
        if time.monotonic() > due:
            say(f"{why}, so rows are verified one by one: {done / length:.0%}")
            due = time.monotonic() + pauses[1]


def _cut(path: Path, known: checkpoints.Checkpoint, length: int) -> str:
    place = checkpoints.place_of(path).name
    return (
        f"{path.name}: rows were cut off its end: it had {known.length} bytes and has {length}; "
        f"restore it from a copy, or remove {place} to go on without them"
    )


def _whole_length(file: int) -> int:
    """How many bytes are whole lines. A crash can cut the last one, or leave zeros in it."""
    size = os.fstat(file).st_size
    end = _line_start(file, size)
    start = _line_start(file, end - 1) if end else 0
    return start if b"\0" in os.pread(file, end - start, start) else end


def _line_start(file: int, stop: int) -> int:
    """Where the line begins that the byte at `stop` would belong to."""
    while stop > 0:
        at = max(0, stop - _BLOCK)
        found = os.pread(file, stop - at, at).rfind(b"\n")
        if found >= 0:
            return at + found + 1
        stop = at
    return 0


def _set_aside(path: Path, file: int, torn: bytes, whole: int) -> str:
    """Move the torn end of the ledger to <path>.torn, where earlier ones stay; says so in one line."""
    place = path.with_name(path.name + ".torn")
    with opened(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as aside:
        _write_whole(aside, torn + b"\n", os.fstat(aside).st_size)
    sync_folder(path.parent)
    crash_points.reach("torn-kept")
    os.ftruncate(file, whole)
    os.fsync(file)
    crash_points.reach("torn-cut")
    return (
        f"{path.name}: the last line was torn off by a crash; its {len(torn)} bytes are now in {place.name}"
    )


def _write_whole(file: int, data: bytes, length: int) -> None:
    """Write `data` at the end of a file of `length` bytes and sync it, or cut the file back to `length`."""
    done = False
    try:
        # One call, so that a crash leaves a cut line at worst, never a mixed one.
        if os.write(file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        crash_points.reach("row-written")
        os.fsync(file)
        done = True
    finally:
        if not done:
            os.ftruncate(file, length)
