"""The evidence of an experiment as a file: its whole ledger row as pretty, sorted, strict JSON.

Promises: the text is ASCII and the same for the same row; reading gives an equal row back, or one line
that names the file and the field. No NaN, no infinity, no field twice, none unknown and none left out.
Does not cover: whether the row is the one in the ledger, or true (`python -m harness verify`).
"""

import json
import math
from typing import Any

import msgspec

from harness.errors import ArdentError, BadInputError
from harness.ledger.rows import as_written
from harness.records import Experiment


def evidence_json(experiment: Experiment) -> str:
    """The text of results/<run>/<NNNN>.json.

    Raises:
        ArdentError: a number in the row is not finite, which JSON cannot say.
    """
    row = as_written(experiment)
    field = _non_finite(row, "")
    if field is not None:
        name = f"experiment {experiment.number} of run {experiment.run[:64]!r}"
        raise ArdentError(f"{name}: {field}: not a finite number; the judge must not report one")
    return json.dumps(row, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _non_finite(value: Any, field: str) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else field
    found = (_non_finite(inner, path) for path, inner in _fields(value, field))
    return next((path for path in found if path is not None), None)


def _fields(value: Any, field: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{field}.{key}".lstrip("."), inner) for key, inner in value.items()]
    return (
        [(f"{field}[{at}]", inner) for at, inner in enumerate(value)]
        if isinstance(value, list | tuple)
        else []
    )


def read_evidence(text: str, name: str) -> Experiment:
    """The row from the text of an evidence file. `name` is the file's, for messages.

    Raises:
        BadInputError: no strict JSON, or not exactly the fields of an experiment.
    """
    try:
        row = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
        experiment = msgspec.convert(row, Experiment)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise _bad(name, where.strip("`").removeprefix("$."), what) from error
    except (ValueError, RecursionError) as error:  # json's own error is a ValueError
        raise _bad(name, "JSON", " ".join(str(error).split())[:200]) from error
    field = _difference(row, json.loads(json.dumps(as_written(experiment))), "")
    if field is not None:
        raise _bad(name, field, "unknown, missing, or not written as the harness writes it")
    return experiment


def _bad(name: str, field: str, what: str) -> BadInputError:
    fix = "restore the file from git, or run `python -m harness verify`"
    return BadInputError(f"{name}: {field.strip() or 'row'}: {what}; {fix}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"field {next(key for key in keys if keys.count(key) > 1)[:64]!r} occurs twice")
    return row


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits[:64]} is out of range")
    return value


def _difference(row: Any, again: Any, field: str) -> str | None:
    """The first field that reading did not take over as it is."""
    if isinstance(row, dict) and isinstance(again, dict):
        strays = sorted(row.keys() ^ again.keys())
        if strays:
            return f"{field}.{strays[0][:64]}".lstrip(".")
    elif not isinstance(row, list):
        return None if row == again else field
    pairs = zip(sorted(_fields(row, field)), sorted(_fields(again, field)), strict=False)
    return next(
        (found for (path, left), (_, right) in pairs if (found := _difference(left, right, path))), None
    )
