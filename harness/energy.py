"""Energy of accesses, in picojoules: the cost of the smallest memory level that holds a cell's LRU depth.

Promises: the table (`energy.yaml`) is read strictly, each number with its source; a birth costs what depth 1 costs;
registers cost nothing. Does not cover: any verdict. No rule of the gate looks at energy, and the levels are an ideal
hierarchy (inclusive, fully associative, LRU), not a machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from harness import strict_yaml
from harness.errors import BadInputError

TABLE = Path(__file__).with_name("energy.yaml")
MOST_LEVELS = 8  # the meter's columns


@dataclass(frozen=True, slots=True)
class Level:
    """One level. `bytes` None holds everything that the others do not; `picojoules` are for one word."""

    name: str
    bytes: int | None
    picojoules: float
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """The levels, smallest first. A cell takes `word_bytes`."""

    word_bytes: int
    levels: tuple[Level, ...]

    @property
    def cells(self) -> tuple[int, ...]:
        """How many cells each level but the last holds."""
        return tuple(level.bytes // self.word_bytes for level in self.levels if level.bytes is not None)

    def picojoules(self, accesses: Sequence[int]) -> float:
        """Of so many accesses at each level; later levels may be left out where nothing was accessed."""
        return sum(level.picojoules * count for level, count in zip(self.levels, accesses, strict=False))


def load(path: Path = TABLE) -> Table:
    """The table in that file.

    Raises:
        BadInputError: it cannot be read, or a field is unknown, missing or senseless.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path.name}: cannot be read ({error}); restore it from git") from None
    data = strict_yaml.parse_one(text, path.name)
    _refuse_unknown(path.name, data)
    try:
        table = msgspec.convert(data, Table)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path.name}: {error}; see harness/energy.py for the fields") from None
    _check(path.name, table)
    return table


def _refuse_unknown(file: str, data: Any) -> None:
    levels = data.get("levels") if isinstance(data, dict) else None
    parts: list[tuple[str, Any, type]] = [("", data, Table)]
    if isinstance(levels, list):
        parts += [(f"levels[{i}].", level, Level) for i, level in enumerate(levels)]
    for prefix, part, record in parts:
        known = [f.name for f in fields(record)]
        for key in part if isinstance(part, dict) else ():
            if key not in known:
                raise BadInputError(f"{file}: {prefix}{key}: unknown field; known are {', '.join(known)}")


def _check(file: str, table: Table) -> None:
    """Sizes grow, the last level holds the rest, and no number is without a source."""
    if table.word_bytes < 1:
        raise BadInputError(f"{file}: word_bytes: must be at least 1")
    if not 1 <= len(table.levels) <= MOST_LEVELS:
        raise BadInputError(f"{file}: levels: between 1 and {MOST_LEVELS} are needed")
    before = 0
    for i, level in enumerate(table.levels):
        where, is_last = f"{file}: levels[{i}]", i == len(table.levels) - 1
        if (level.bytes is None) != is_last:
            raise BadInputError(f"{where}.bytes: must be null in the last level, which holds the rest, and only there")
        if level.bytes is not None and level.bytes < max(before + 1, table.word_bytes):
            raise BadInputError(f"{where}.bytes: must be above the level before, and hold a word")
        if not 0 <= level.picojoules < float("inf"):
            raise BadInputError(f"{where}.picojoules: must be a number, 0 or above")
        if not level.name.strip() or not level.source.strip():
            raise BadInputError(f"{where}: name and source must say something; say where the number is from")
        before = level.bytes or before
