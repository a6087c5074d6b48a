"""The rows of a ledger where they lie: on the disk, read when asked for, with their totals kept in step.

Promises: memory does not follow the length of the ledger, but for 8 bytes a row and the totals; a row that is read
again is read from the very bytes that were verified: whatever touched the file, its hash is compared before anything is
believed. Does not cover: writing rows (`Ledger`), and other processes that append meanwhile (their rows are not seen).
"""

import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from harness.ledger.chain import FIRST_TIP, tip_of
from harness.ledger.checkpoint import FORM, Checkpoint, digest_of, lines_of, total_in
from harness.ledger.durable import opened
from harness.ledger.rows import LedgerError, decode_again
from harness.records import Experiment
from harness.totals import Rows, T, Total

RECENT_BYTES = 8_000_000  # of lines whose rows are kept decoded: a briefing shows 300 to 800 of the newest


class StoredRows(Rows):
    """A ledger's rows, oldest first.

    Attributes:
        tip: the hash that the next row will hold.
    """

    def __init__(self, path: Path, kinds: Sequence[type[Total]]) -> None:
        self.path = path
        self.tip = FIRST_TIP
        self._ends = array("Q")
        self._digest = hashlib.sha256()
        self._totals: dict[str, Any] = {kind.__name__: kind() for kind in kinds}
        self._recent: dict[int, Experiment] = {}
        self._recent_bytes = 0
        self._seen: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of all rows."""
        return self._ends[-1] if self._ends else 0

    # Growing

    def resume(self, known: Checkpoint) -> bool:
        """Begin with what the checkpoint knows, if it describes the file's beginning; whether it does."""
        with opened(self.path, os.O_RDONLY) as file:
            digest = digest_of(file, known.length)
        try:
            ends = array("Q", known.ends)
            totals = {name: total_in(known, type(kind)) for name, kind in self._totals.items()}
        except (ValueError, KeyError):
            return False
        if digest.hexdigest() != known.sha256:
            return False
        self._ends, self._digest, self.tip, self._totals = ends, digest, known.tip, totals
        return True

    def push(self, line: bytes, row: Experiment) -> None:
        """Take in a line that was verified, or that was just written."""
        self._ends.append(self.length + len(line))
        self._remember(len(self._ends) - 1, row)
        self._digest.update(line)
        self.tip = tip_of(line)
        for each in self._totals.values():
            each.add(row)

    def checkpoint(self, maker: str) -> Checkpoint:
        """What is known of the rows so far."""
        digest = self._digest.hexdigest()
        return Checkpoint(FORM, maker, self.length, digest, self.tip, self._ends.tobytes(), self._totals)

    # Reading

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Experiment: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Experiment, ...]: ...

    def __getitem__(self, index: int | slice) -> Experiment | tuple[Experiment, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        position = range(len(self))[index]
        if position not in self._recent:
            self._remember(position, self._read(position))
        return self._recent[position]

    def __iter__(self) -> Iterator[Experiment]:
        """From the disk, one by one."""
        self._check_bytes()
        for number, line in enumerate(lines_of(self.path, 0, self.length), 1):
            yield decode_again(line, number)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(one == another for one, another in zip(self, other, strict=True))

    def __hash__(self) -> int:
        raise TypeError("rows that grow have no hash")

    def total(self, kind: type[T]) -> T:
        """The total of that kind; one that was not asked for when the ledger was opened is added up once."""
        if kind.__name__ not in self._totals:
            found = kind()
            for row in self:
                found.add(row)
            self._totals[kind.__name__] = found
        known: T = self._totals[kind.__name__]
        return known

    def _read(self, position: int) -> Experiment:
        self._check_bytes()
        start = self._start(position)
        with opened(self.path, os.O_RDONLY) as file:
            line = os.pread(file, self._ends[position] - start, start)
        return decode_again(line, position + 1)

    def _start(self, position: int) -> int:
        return self._ends[position - 1] if position else 0

    def _remember(self, position: int, row: Experiment) -> None:
        self._recent[position] = row
        self._recent_bytes += self._ends[position] - self._start(position)
        while self._recent_bytes > RECENT_BYTES and len(self._recent) > 1:
            first = next(iter(self._recent))
            del self._recent[first]
            self._recent_bytes -= self._ends[first] - self._start(first)

    def _check_bytes(self) -> None:
        with opened(self.path, os.O_RDONLY) as file:
            self.check(file)

    def check(self, file: int, length: int | None = None) -> None:
        """LedgerError unless the open file begins with the very bytes of these rows, and has the length said.

        They are hashed again only where the file's times, size or place are not those seen last.
        """
        has_length = length in (None, os.fstat(file).st_size)
        if not has_length or (_identity(file) != self._seen and not self._is_same(file)):
            raise LedgerError(
                f"{self.path.name}: changed since this run last wrote it; stop whatever else writes it, "
                f"then run: python -m harness verify"
            )
        self.see(file)

    def see(self, file: int) -> None:
        """Note the file as it is now: it holds these rows."""
        self._seen = _identity(file)

    def _is_same(self, file: int) -> bool:
        return digest_of(file, self.length).digest() == self._digest.digest()


def _identity(file: int) -> tuple[int, ...]:
    status = os.fstat(file)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
