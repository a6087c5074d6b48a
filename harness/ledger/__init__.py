"""The append-only record of every experiment: JSON lines, each holding the hash of the line before it.

Promises: a row is on the disk when `append` returns, or the file is as it was; a line that was edited,
removed, moved or copied is found and named; a last line that a crash tore off is set aside; a lock dies with
its process.

Does not cover: an edit of the very last line, or lines removed from the end, which only a tip kept elsewhere
shows (every commit message holds one); somebody who writes the whole chain anew; locks between machines that
share a disk without locking.

The hash of a line is sha256 over its bytes, newline included: `sed -n 7p ledger.jsonl | sha256sum` is the tip
that line 8 holds.
"""

import errno
import fcntl
import hashlib
import os
import shlex
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness import crash_points
from harness.errors import ArdentError
from harness.ledger.durable import replace_file, sync_folder, trouble, write_durably
from harness.ledger.rows import LedgerError, decode, encode
from harness.records import Experiment

__all__ = [
    "FIRST_TIP",
    "Ledger",
    "LedgerError",
    "chain_of",
    "decode",
    "encode",
    "exclusive_lock",
    "read",
    "replace_file",
    "tip_of",
    "verify_bytes",
    "write_durably",
]

FIRST_TIP = "0" * 64
_RESTORE = "restore the ledger from a copy"


def tip_of(line: bytes) -> str:
    """Hash of one line, newline included."""
    return hashlib.sha256(line).hexdigest()


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
    rows: list[Experiment] = []
    tip = FIRST_TIP
    for number, line in enumerate(known, 1):
        row = decode(line, number)
        if row.tip != tip or row.number != number - 1:
            raise LedgerError(f"{_diagnosis(known, number, row)}; {_RESTORE}")
        rows.append(row)
        tip = tip_of(line)
    return tuple(rows)


def _diagnosis(lines: Sequence[bytes], number: int, row: Experiment) -> str:
    """What happened to a ledger whose line `number`, holding `row`, is the first that does not fit."""
    here, before = lines[number - 1], lines[: number - 1]
    tips = [tip_of(line) for line in lines]
    missing = row.number - number + 1
    if here in before:
        what = f"a copy of line {before.index(here) + 1}"
    elif row.tip == (tips[number - 2] if before else FIRST_TIP):
        what = f"edited: its number is {row.number}, not {number - 1}"
    elif row.tip in tips:
        what = f"out of order: it was written after line {tips.index(row.tip) + 1}"
    elif missing > 0:
        what = f"{missing} removed before it"
    elif missing < 0 or row.tip == FIRST_TIP:
        what = "out of order"
    else:
        return _edited(lines, number)
    return f"line {number}: {what}"


def _edited(lines: Sequence[bytes], number: int) -> str:
    """Which line was edited, when line `number` has its number and not the hash of the line before."""
    last = number == len(lines)
    if number > 1 and last:
        return f"line {number - 1}: edited, or the tip of line {number} is"
    if number > 1 and _follows(lines[number], tip_of(lines[number - 1])):
        return f"line {number - 1}: edited: line {number} holds another hash of it"
    return f"line {number}: edited: its tip is not the hash of the line before"


def _follows(line: bytes, tip: str) -> bool:
    with suppress(LedgerError):
        return decode(line, 0).tip == tip
    return False


class Ledger:
    """A ledger open for appending. Its writer holds `exclusive_lock`; `append` checks the tail all the same.

    Attributes:
        path: the file.
        recovered: one line about a torn last line that was set aside on opening, else empty.
        tip: the hash that the next row will hold.
    """

    def __init__(self, path: Path, lines: Sequence[bytes], recovered: str) -> None:
        self.path = path
        self.recovered = recovered
        self._rows = list(chain_of(lines))
        self._last = lines[-1] if lines else b""
        self._length = sum(map(len, lines))
        self.tip = tip_of(self._last) if lines else FIRST_TIP

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """The ledger at `path`, made if missing, chain verified; LedgerError names the line that is wrong."""
        with _opened(path, os.O_RDWR | os.O_CREAT) as file:
            sync_folder(path.parent)
            crash_points.reach("ledger-opened")
            data = path.read_bytes()
            whole = _whole_length(data)
            recovered = _set_aside(path, file, data[whole:], whole) if whole < len(data) else ""
        try:
            return cls(path, [line + b"\n" for line in data[:whole].split(b"\n")[:-1]], recovered)
        except LedgerError as error:
            raise LedgerError(f"{path.name}: {error}") from error

    @property
    def rows(self) -> tuple[Experiment, ...]:
        """All rows, oldest first."""
        return tuple(self._rows)

    def append(self, experiment: Experiment) -> Experiment:
        """Record `experiment`, numbered next; returned with its tip. LedgerError: nothing was written."""
        if experiment.number != len(self._rows):
            raise ValueError(f"experiment {experiment.number} cannot be row {len(self._rows)}")
        row = replace(experiment, tip=self.tip)
        line = encode(row)
        crash_points.reach("row-encoded")
        with _opened(self.path, os.O_RDWR | os.O_APPEND) as file:
            last = os.pread(file, len(self._last) + 1, self._length - len(self._last))
            if os.fstat(file).st_size != self._length or last != self._last:
                raise LedgerError(
                    f"{self.path.name}: changed since this run last wrote it; stop whatever else writes it, "
                    f"then run: python -m harness verify"
                )
            _write_whole(file, line, self._length)
        crash_points.reach("row-durable")
        self._rows.append(row)
        self._last, self._length, self.tip = line, self._length + len(line), tip_of(line)
        return row


def _whole_length(data: bytes) -> int:
    """How many bytes are whole lines. A crash can cut the last one, or leave zeros in it."""
    end = data.rfind(b"\n") + 1
    start = data.rfind(b"\n", 0, max(end - 1, 0)) + 1
    return start if b"\0" in data[start:end] else end


def _set_aside(path: Path, file: int, torn: bytes, whole: int) -> str:
    """Move the torn end of the ledger to <path>.torn, where earlier ones stay; says so in one line."""
    place = path.with_name(path.name + ".torn")
    with _opened(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as aside:
        _write_whole(aside, torn + b"\n", os.fstat(aside).st_size)
    sync_folder(path.parent)
    crash_points.reach("torn-kept")
    os.ftruncate(file, whole)
    os.fsync(file)
    crash_points.reach("torn-cut")
    return (
        f"{path.name}: the last line was torn off by a crash; its {len(torn)} bytes are now in {place.name}"
    )


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor; any trouble of the system while it is open becomes LedgerError."""
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise trouble(path, error) from error


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


@contextmanager
def exclusive_lock(path: Path, owner: str) -> Iterator[None]:
    """Hold the lock of the folder around `path`; ArdentError naming its holder when `owner` ("run x") is locked.

    The lock is the kernel's and ends with this process, however that ends; its processes elsewhere, before a reboot or
    in another container, make no difference. The file says who holds it, and is no lock: removing it frees nothing.
    A process forked from this one without exec shares the lock; none of ours is.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(path, error) from error
    try:
        _lock(folder, file, path, owner)
        yield
        os.ftruncate(file, 0)
        crash_points.reach("unlocked")
    finally:
        os.close(file)
        os.close(folder)


def _lock(folder: int, file: int, path: Path, owner: str) -> None:
    """Lock the open folder, and write into the file who holds it."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    command = " ".join(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]).split())[:200]
    text = f"pid {os.getpid()} on {socket.gethostname()} since {started} ({command})\n"
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode("utf-8", "replace"), 0)
    except BlockingIOError as held:
        holder = os.pread(file, 1000, 0).decode("utf-8", "replace").strip() or "another process"
        raise ArdentError(f"{owner} is already being run by {holder}; wait for it or stop it") from held
    except OSError as error:
        raise trouble(path, error) from error
