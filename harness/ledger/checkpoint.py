"""What a ledger's beginning was found to be, kept beside it so that a start need not decode it again.

Promises: a checkpoint is believed only where every byte of the beginning that it describes is still the same (SHA-256);
it is replaced whole or not at all; without it, or with one that does not fit, the whole chain is verified, so that it
can be removed at any time; the same rows give the same checkpoint. It is not believed by `python -m harness verify`.
Does not cover: trust. Who can edit the ledger can edit the checkpoint too; docs/ledger.md says what that means.
"""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.ledger.chain import tip_of
from harness.ledger.durable import opened, replace_file
from harness.totals import T

FORM = f"1 {sys.byteorder}"
# Rows after the checkpoint are decoded at the next start, 0.2 to 0.7 ms each. At least so many rows lie between two
# checkpoints, and a 256th of the ledger: a checkpoint takes about 40 bytes a row, so that a row costs the same 10 kB
# of writing however long the ledger is.
LEAST_ROWS = SHARE = 256
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The beginning of a ledger.

    Attributes:
        form: of this record; maker: the state of the harness that added up the totals.
        length, sha256: of the beginning's bytes; tip: hash of its last line.
        ends: where each line ends, 8 bytes a line.
        totals: by the name of their kind.
    """

    form: str
    maker: str
    length: int
    sha256: str
    tip: str
    ends: bytes
    totals: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """The checkpoint beside a ledger, or why there is none that can be used."""

    checkpoint: Checkpoint | None
    trouble: str = ""


def place_of(ledger: Path) -> Path:
    """Where the checkpoint of that ledger lies."""
    return ledger.with_suffix(".checkpoint")


def is_due(rows: int, known: int) -> bool:
    """Whether so many rows are worth a new checkpoint, when the last one knows the first `known`."""
    return rows - known >= max(LEAST_ROWS, rows // SHARE)


def write(ledger: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of that ledger. OSError on trouble."""
    body = msgspec.json.encode(checkpoint)
    replace_file(place_of(ledger), hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read(ledger: Path, maker: str | None = None) -> Found:
    """The checkpoint beside that ledger; of any maker if none is named. Its bytes are not compared yet."""
    try:
        head, _, body = place_of(ledger).read_bytes().partition(b"\n")
        if head.decode("ascii") != hashlib.sha256(body).hexdigest():
            return Found(None, "its checkpoint is damaged")
        found = msgspec.json.decode(body, type=Checkpoint)
    except FileNotFoundError:
        return Found(None, "it has no checkpoint")
    except (OSError, ValueError) as error:
        return Found(None, f"its checkpoint cannot be read ({error})")
    if found.form != FORM or maker not in (None, found.maker):
        return Found(None, "its checkpoint was made by another state of the harness")
    return Found(found)


def total_in(checkpoint: Checkpoint, kind: type[T]) -> T:
    """The total of that kind. ValueError or KeyError: it holds none."""
    return msgspec.convert(checkpoint.totals[kind.__name__], kind)


def digest_of(file: int, length: int) -> "hashlib._Hash":
    """The SHA-256 of the first `length` bytes, ready to go on; of fewer where the file is shorter."""
    digest = hashlib.sha256()
    at = 0
    while at < length and (block := os.pread(file, min(_BLOCK, length - at), at)):
        digest.update(block)
        at += len(block)
    return digest


def lines_of(path: Path, start: int, stop: int) -> Iterator[bytes]:
    """The whole lines between two offsets, at which lines begin; LedgerError on trouble."""
    with opened(path, os.O_RDONLY) as file, open(file, "rb", closefd=False) as stream:
        stream.seek(start)
        for line in stream:
            start += len(line)
            if start > stop or not line.endswith(b"\n"):
                return
            yield line


def glance(path: Path, kind: type[T], mark: bytes) -> tuple[T | None, int, str]:
    """Without verifying anything: the checkpoint's total, lines after it that hold `mark`, and the last line's hash.

    For looking at a ledger that another process may be writing. Of the checkpoint only the last line is compared; with
    none that fits, the total is None and all lines are looked at. The hash is empty where there is no whole line.
    """
    found = read(path).checkpoint
    known: T | None = None
    start, tip = 0, ""
    try:
        if found and _last_line(path, found) == found.tip:
            known, start, tip = total_in(found, kind), found.length, found.tip
    except (ValueError, KeyError):
        pass
    count, last = 0, b""
    for line in lines_of(path, start, sys.maxsize) if path.exists() else ():
        count, last = count + (mark in line), line
    return known, count, tip_of(last) if last else tip


def _last_line(path: Path, known: Checkpoint) -> str:
    """The hash of what stands where the checkpoint's last line stood."""
    ends = memoryview(known.ends).cast("Q")
    start = ends[-2] if len(ends) > 1 else 0
    with opened(path, os.O_RDONLY) as file:
        return tip_of(os.pread(file, known.length - start, start))
