"""How the lines of a ledger hang together: each holds the hash of the one before.

Promises: lines are taken one by one, so that memory does not grow with a ledger; the first line that does not fit is
named, with what happened to it: edited, removed, moved or copied. Does not cover: one line by itself (`rows`).

The hash of a line is sha256 over its bytes, newline included: `sed -n 7p ledger.jsonl | sha256sum` is the tip
that line 8 holds.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from harness.ledger.rows import LedgerError, decode
from harness.records import Experiment

FIRST_TIP = "0" * 64
_RESTORE = "restore the ledger from a copy"
Lines = Callable[[], Iterable[bytes]]  # all lines from the first, at each call: what is wrong is looked up in them


def tip_of(line: bytes) -> str:
    """Hash of one line, newline included."""
    return hashlib.sha256(line).hexdigest()


def walk(
    lines: Iterable[bytes], every: Lines, known: int = 0, tip: str = FIRST_TIP
) -> Iterator[tuple[bytes, Experiment]]:
    """Each line with its row, the chain verified on the way; `known` lines before them, the last of hash `tip`, hold.

    Raises LedgerError, naming the line that is wrong and what happened to it.
    """
    for number, line in enumerate(lines, known + 1):
        row = decode(line, number)
        if row.tip != tip or row.number != number - 1:
            raise LedgerError(f"{_diagnosis(every, number, row)}; {_RESTORE}")
        yield line, row
        tip = tip_of(line)


def _diagnosis(lines: Lines, number: int, row: Experiment) -> str:
    """What happened to a ledger whose line `number`, holding `row`, is the first that does not fit."""
    tips = [tip_of(line) for line in lines()]
    here, before = tips[number - 1], tips[: number - 1]
    missing = row.number - number + 1
    if here in before:
        what = f"a copy of line {before.index(here) + 1}"
    elif row.tip == (before[-1] if before else FIRST_TIP):
        what = f"edited: its number is {row.number}, not {number - 1}"
    elif row.tip in tips:
        what = f"out of order: it was written after line {tips.index(row.tip) + 1}"
    elif missing > 0:
        what = f"{missing} removed before it"
    elif missing < 0 or row.tip == FIRST_TIP:
        what = "out of order"
    else:
        return _edited(lines, number, tips)
    return f"line {number}: {what}"


def _edited(lines: Lines, number: int, tips: Sequence[str]) -> str:
    """Which line was edited, when line `number` has its number and not the hash of the line before."""
    if number > 1 and number == len(tips):
        return f"line {number - 1}: edited, or the tip of line {number} is"
    if number > 1 and _follows(next(islice(lines(), number, None)), tips[number - 1]):
        return f"line {number - 1}: edited: line {number} holds another hash of it"
    return f"line {number}: edited: its tip is not the hash of the line before"


def _follows(line: bytes, tip: str) -> bool:
    with suppress(LedgerError):
        return decode(line, 0).tip == tip
    return False
