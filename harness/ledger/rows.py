"""One experiment as one line of the ledger, and back.

Promises: canonical JSON (sorted keys, ASCII, no NaN, one line); what is read back equals what was written,
floats to the last bit; a field that is unknown, missing or of another type is an error that names it. Rows of an
older schema are read as they were written: the fields that came later have their defaults.

Does not cover: how the lines hang together. That is harness/ledger.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.errors import ArdentError
from harness.records import Experiment

SCHEMA = 2
# What each schema added, as (record inside the row, with dots, or "" for the row itself, field).
ADDED: Mapping[int, tuple[tuple[str, str], ...]] = {
    2: (
        ("", "repairs"),
        ("cost", "cached_tokens"),
        ("cost", "lost_calls"),
        ("cost", "lost_dollars"),
        ("evidence", "lapses"),
        ("evidence", "opinion"),
        ("evidence.slack", "predict"),
        ("evidence.slack", "best_accuracy"),
    ),
}
_RESTORE = "restore the line from a copy of the ledger"


class LedgerError(ArdentError):
    """A ledger that cannot be believed or written. One line: file, line, what is wrong, the fix."""


def encode(experiment: Experiment) -> bytes:
    """The experiment as one line, newline included; LedgerError if it would not read back as it is."""
    where = f"experiment {experiment.number}"
    try:
        # There and back once, so that an integer in a float's place becomes the float that will be read.
        exact = msgspec.convert(msgspec.to_builtins(experiment), Experiment, strict=True)
        line = _canonical(as_written(exact))
    except (TypeError, ValueError) as error:
        raise LedgerError(
            f"{where}: it cannot be recorded: {error}; this is a bug, please report it"
        ) from error
    if decode(line, experiment.number + 1) != experiment:
        raise LedgerError(f"{where}: it does not read back as it was; this is a bug, please report it")
    return line


def as_written(experiment: Experiment) -> dict[str, Any]:
    """The row as plain values, without what its schema does not have."""
    row: dict[str, Any] = msgspec.to_builtins(experiment)
    for schema, fields in ADDED.items():
        for record, name in fields if experiment.schema < schema else ():
            place = row
            for step in record.split(".") if record else ():
                place = place[step]
            del place[name]
    return row


def decode(line: bytes, number: int) -> Experiment:
    """The experiment of line `number` (from 1); LedgerError if it is not exactly what `encode` writes."""
    try:
        raw = json.loads(line)
        _canonical(raw)  # refuses what JSON has no word for: NaN, and 1e999, which is read as infinity
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"line {number}: not JSON, so damaged or edited; {_RESTORE}") from error
    if not isinstance(raw, dict):
        raise LedgerError(f"line {number}: not a JSON object; {_RESTORE}")
    if raw.get("schema") not in range(1, SCHEMA + 1):
        found = raw.get("schema", "missing")
        raise LedgerError(f"line {number}: schema: {found!r} is not 1 to {SCHEMA}; use the Ardent that wrote it")
    try:
        experiment = msgspec.convert(raw, Experiment, strict=True)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise LedgerError(f"line {number}: {place.rstrip('`') or 'row'}: {problem}; {_RESTORE}") from error
    expected = as_written(experiment)
    if _canonical(expected) != line:
        problem = next(_differences(raw, expected, ""), "not in the ledger's own form, so edited")
        raise LedgerError(f"line {number}: {problem}; {_RESTORE}")
    return experiment


def decode_again(line: bytes, number: int) -> Experiment:
    """As `decode`, of a line that was decoded before and has not changed since: its form is not looked at again."""
    try:
        return msgspec.convert(json.loads(line), Experiment, strict=True)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise LedgerError(f"line {number}: changed while it was in use; {_RESTORE}") from error


def _canonical(value: object) -> bytes:
    """`value` as one line of JSON, newline included; ValueError for NaN and infinity."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def _differences(raw: object, expected: object, place: str) -> Iterator[str]:
    """Fields that are in only one of two JSON values, named by their place."""
    if isinstance(raw, Mapping) and isinstance(expected, Mapping):
        for key in sorted(raw.keys() | expected.keys()):
            if key not in expected:
                yield f"{place}{key}: unknown field"
            elif key not in raw:
                yield f"{place}{key}: missing"
            else:
                yield from _differences(raw[key], expected[key], f"{place}{key}.")
    elif isinstance(raw, list) and isinstance(expected, list | tuple):
        for index, pair in enumerate(zip(raw, expected, strict=False)):
            yield from _differences(*pair, f"{place.rstrip('.')}[{index}].")
