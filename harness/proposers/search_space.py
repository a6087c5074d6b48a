"""prompts/search_space.yaml: what the search may vary, read strictly.

Promises: a space that is returned is non-empty in every dimension; everything else is a BadInputError naming
file, field and fix.
Does not cover: whether champion.py has such a hyperparameter; the search compares the two when it proposes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from harness.errors import BadInputError
from harness.proposers.documents import read_yaml

METHOD = "method"
FORMS = "{choices: [...]} or {type: int or float, low: ..., high: ..., log: true or false}"

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    name: str
    choices: tuple[Value, ...]

    def contains(self, value: Value) -> bool:
        """Whether `value` is one of the choices, type included (True == 1 to Python)."""
        return any(type(value) is type(choice) and value == choice for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of whole numbers or of floats, both ends included."""

    name: str
    low: float
    high: float
    log: bool
    whole: bool

    def contains(self, value: Value) -> bool:
        """Whether `value` lies inside, and is whole where it must be."""
        if isinstance(value, str) or (self.whole and not isinstance(value, int)):
            return False
        return self.low <= value <= self.high


Dimension = Choice | Range


def read_space(path: Path) -> tuple[Dimension, ...]:
    """The dimensions of `path`, in the file's order. Raises BadInputError."""
    documents = read_yaml(path, "the search space")
    if len(documents) != 1 or not isinstance(documents[0], dict) or not documents[0]:
        raise BadInputError(f"{path}: must be one mapping from names to {FORMS}")
    return tuple(_read_dimension(path, name, raw) for name, raw in documents[0].items())


def _read_dimension(path: Path, name: object, raw: object) -> Dimension:
    where = f"{path}: {name}"
    if not isinstance(name, str) or not isinstance(raw, dict):
        raise BadInputError(f"{where}: must be {FORMS}")
    known = {"choices"} if "choices" in raw else {"type", "low", "high", "log"}
    for key in raw:
        if key not in known:
            raise BadInputError(f"{where}: unknown key {key!r}; write {FORMS}")
    if name == METHOD and "choices" not in raw:
        raise BadInputError(f"{where}: needs choices, the names of methods; write {FORMS}")
    return _read_choice(where, name, raw["choices"]) if "choices" in raw else _read_range(where, name, raw)


def _read_choice(where: str, name: str, raw: object) -> Choice:
    if not isinstance(raw, list) or not raw:
        raise BadInputError(f"{where}: choices: must be a list with at least one value")
    for value in raw:
        named = isinstance(value, str) and bool(value)
        if name == METHOD and not named:
            raise BadInputError(f"{where}: choices: {value!r} is not the name of a method")
        if not named and not _is_number(value):
            raise BadInputError(f"{where}: choices: {value!r} is neither text nor a finite number")
    if len(set(raw)) != len(raw):
        raise BadInputError(f"{where}: choices: a value stands twice; remove one")
    return Choice(name, tuple(raw))


def _read_range(where: str, name: str, raw: Mapping[str, object]) -> Range:
    if raw.get("type") not in {"int", "float"}:
        raise BadInputError(f"{where}: type: must be int or float, not {raw.get('type')!r}")
    whole, log = raw["type"] == "int", raw.get("log", False)
    if not isinstance(log, bool):
        raise BadInputError(f"{where}: log: must be true or false, not {log!r}")
    low, high = (_read_bound(where, field, raw.get(field), whole=whole) for field in ("low", "high"))
    if not low < high:
        raise BadInputError(f"{where}: the range from {low} to {high} is empty; low must be below high")
    if log and low <= 0:
        raise BadInputError(f"{where}: low: must be above 0 on a log scale, not {low}")
    return Range(name, low, high, log, whole)


def _read_bound(where: str, field: str, raw: object, *, whole: bool) -> float:
    if isinstance(raw, str):
        # YAML 1.1 reads 1e-4 as text: a float needs its dot.
        raise BadInputError(f"{where}: {field}: {raw!r} is text; write a number with a dot, such as 1.0e-4")
    if not isinstance(raw, int | float) or not _is_number(raw) or (whole and not isinstance(raw, int)):
        kind = "a whole number" if whole else "a finite number"
        raise BadInputError(f"{where}: {field}: must be {kind}, not {raw!r}")
    return raw


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e300
        and isfinite(value)
    )
