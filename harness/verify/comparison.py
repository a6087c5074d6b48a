"""Two records compared leaf by leaf, each difference with its field and both values.

Promises: values of different types differ; the order of fields does not matter. Does not cover: which one is right.
"""

import math
from collections.abc import Iterator

import msgspec

CLOSE = 1e-9  # relative: another libm may round the judge's logarithms differently

Found = Iterator[tuple[str, str]]  # field, and what is wrong with it
Pairs = Iterator[tuple[str, object, object]]  # field, and its value on either side


def differences(recorded: object, again: object, where: str, *, close: float = 0.0) -> Found:
    """The leaves in which two records differ, each with both values. Floats within `close` (relative) are equal."""
    for field, left, right in differing(recorded, again, where, close=close):
        yield field, f"recorded {shown(left)}, is {shown(right)}"


def differing(recorded: object, again: object, where: str, *, close: float = 0.0) -> Pairs:
    """The same, each with its two values."""
    yield from _differing(msgspec.to_builtins(recorded), msgspec.to_builtins(again), where, close)


def _differing(recorded: object, again: object, where: str, close: float) -> Pairs:
    if isinstance(recorded, dict) and isinstance(again, dict):
        for key in recorded.keys() | again.keys():
            yield from _differing(recorded.get(key), again.get(key), f"{where}.{key}".lstrip("."), close)
    elif isinstance(recorded, list | tuple) and isinstance(again, list | tuple) and len(recorded) == len(again):
        for at, (left, right) in enumerate(zip(recorded, again, strict=True)):
            yield from _differing(left, right, f"{where}[{at}]", close)
    elif not _same(recorded, again, close):
        yield where, recorded, again


def _same(left: object, right: object, close: float) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=close, abs_tol=close / 1000)
    return left == right and type(left) is type(right)


def shown(value: object) -> str:
    """A value in a line about it."""
    text = f"{len(value)} entries" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
