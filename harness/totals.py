"""What the rows of a run add up to, kept in step row by row instead of added up again at each experiment.

Promises: `total(rows, Kind)` is the same of a ledger's own rows, where it costs nothing, and of any other sequence,
where it walks them; what a total holds can be written as JSON and read back exactly (sums of dollars too), because a
ledger's checkpoint does; its size does not follow the length of a row. Totals are made by `add` alone: callers only
read them. Does not cover: totals that need more than the records (they stand beside what uses them).
"""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import fsum
from typing import Protocol, TypeVar

from harness.records import Cost, Experiment, Outcome

OUTCOMES: tuple[Outcome, ...] = ("kept", "discarded", "inconclusive", "invalid")
_KEY, _NUMBER = 8, 4  # bytes of an entry of `Table`


def is_kept(row: Experiment) -> bool:
    """Whether the row advanced the branch: a kept proposal. A kept null row advances nothing."""
    return row.kind == "proposal" and row.verdict.outcome == "kept"


class Total(Protocol):
    """Anything that rows are added to, oldest first. Its fields are what the checkpoint keeps."""

    def add(self, row: Experiment) -> None:
        """Take one more row in."""


T = TypeVar("T", bound=Total)


class Rows(Sequence[Experiment]):
    """Rows that keep their totals in step."""

    @abstractmethod
    def total(self, kind: type[T]) -> T:
        """The total of that kind over all rows so far."""


def total(rows: Sequence[Experiment], kind: type[T]) -> T:
    """What the rows add up to."""
    if isinstance(rows, Rows):
        return rows.total(kind)
    found = kind()
    for row in rows:
        found.add(row)
    return found


@dataclass(slots=True)
class Tally:
    """How many rows of which kind.

    Attributes:
        rows: all of them.
        outcomes: of proposals, each of `OUTCOMES`.
        confirmed: proposals that reached the stage confirm.
        kept: positions of the kept proposals, which advanced the branch. A kept null row advances nothing.
        nulls: positions of the null rows; `nulls_kept` counts those that were kept.
    """

    rows: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    confirmed: int = 0
    kept: list[int] = field(default_factory=list)
    nulls: list[int] = field(default_factory=list)
    nulls_kept: int = 0

    def add(self, row: Experiment) -> None:
        """Count the row."""
        if row.kind == "proposal":
            self.outcomes[row.verdict.outcome] += 1
            self.confirmed += row.verdict.looks > 0
            self.kept += [self.rows] * is_kept(row)
        elif row.kind == "null":
            self.nulls.append(self.rows)
            self.nulls_kept += row.verdict.outcome == "kept"
        self.rows += 1

    @property
    def proposals(self) -> int:
        """The experiments that count against the budget."""
        return sum(self.outcomes.values())

    def position(self, index: int) -> int:
        """Where the proposal of that index (from 0) stands: the baseline, if there is one, is before all."""
        first = self.rows - self.proposals - len(self.nulls)
        position = first + index
        while (shifted := first + index + bisect_right(self.nulls, position)) != position:
            position = shifted
        return position


@dataclass(slots=True)
class Table:
    """Texts met before, each with the number of the row that had it first: 12 bytes an entry, sorted by hash.

    Texts are told apart by 64 bits of their SHA-256: among 100,000 a false meeting has a chance of one in four
    thousand million.
    """

    keys: bytearray = field(default_factory=bytearray)
    numbers: bytearray = field(default_factory=bytearray)

    def put(self, text: str, number: int) -> None:
        """Remember `text`, unless it was met before."""
        key = _key(text)
        at = self._place(key)
        if self.keys[_KEY * at : _KEY * (at + 1)] != key:
            self.keys[_KEY * at : _KEY * at] = key
            self.numbers[_NUMBER * at : _NUMBER * at] = number.to_bytes(_NUMBER, "big")

    def find(self, text: str) -> int | None:
        """The number that `text` was first met with; None if it never was."""
        key = _key(text)
        at = self._place(key)
        found = self.keys[_KEY * at : _KEY * (at + 1)] == key
        return int.from_bytes(self.numbers[_NUMBER * at : _NUMBER * (at + 1)], "big") if found else None

    def _place(self, key: bytes) -> int:
        """Index of the first entry that is not below `key`."""
        low, high = 0, len(self.keys) // _KEY
        while low < high:
            middle = (low + high) // 2
            if self.keys[_KEY * middle : _KEY * (middle + 1)] < key:
                low = middle + 1
            else:
                high = middle
        return low


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY]


@dataclass(slots=True)
class Trees:
    """Which experiment tried which tree first, null rows aside: the duplicate stage's memory."""

    table: Table = field(default_factory=Table)

    def add(self, row: Experiment) -> None:
        """Remember the row's tree."""
        if row.kind != "null" and row.tree_sha256:
            self.table.put(row.tree_sha256, row.number)


class Tried(Mapping[str, int]):
    """Tree hash to the number of the experiment that tried it first."""

    def __init__(self, trees: Trees) -> None:
        self._table = trees.table

    def __getitem__(self, tree: str) -> int:
        number = self._table.find(tree)
        if number is None:
            raise KeyError(tree)
        return number

    def __len__(self) -> int:
        return len(self._table.keys) // _KEY

    def __iter__(self) -> Iterator[str]:
        raise TypeError("trees are remembered by a part of their hash: they can be asked for, not listed")


@dataclass(slots=True)
class Sum:
    """A sum of floats that is exact however long it grows: `value` is what `math.fsum` gives over all of them."""

    parts: list[float] = field(default_factory=list)
    count: int = 0

    def put(self, number: float) -> None:
        """Add one number (Shewchuk's non-overlapping parts, as `math.fsum` keeps them)."""
        parts: list[float] = []
        for part in self.parts:
            high, low = (number, part) if abs(number) >= abs(part) else (part, number)
            number = high + low
            rest = low - (number - high)
            parts += [rest] if rest else []
        self.parts = [*parts, number]
        self.count += 1

    @property
    def value(self) -> float:
        """The sum so far."""
        return fsum(self.parts)


@dataclass(slots=True)
class Spend:
    """What all replies cost.

    Attributes:
        dollars, lost: sums of `Cost.dollars` and `Cost.lost_dollars` where they are known, which `count` counts.
        billed: the sum of known dollars of rows that a reply was received for.
        unknown: number of the first row whose cost is not known.
    """

    rows: int = 0
    calls: int = 0
    lost_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    dollars: Sum = field(default_factory=Sum)
    lost: Sum = field(default_factory=Sum)
    billed: Sum = field(default_factory=Sum)
    unknown: int | None = None

    def add(self, row: Experiment) -> None:
        """Add the row's cost."""
        self.put(row.cost, row.number)

    @property
    def known_dollars(self) -> float | None:
        """`dollars`; None where the cost of some row is not known."""
        return self.dollars.value if self.dollars.count == self.rows else None

    @property
    def known_lost(self) -> float | None:
        """`lost`, likewise."""
        return self.lost.value if self.lost.count == self.rows else None

    def put(self, cost: Cost, number: int) -> None:
        """Add the cost of the experiment of that number."""
        self.rows += 1
        for name in ("calls", "lost_calls", "input_tokens", "output_tokens", "cached_tokens"):
            setattr(self, name, getattr(self, name) + getattr(cost, name))
        if cost.dollars is not None:
            self.dollars.put(cost.dollars)
            if cost.calls:
                self.billed.put(cost.dollars)
        if cost.lost_dollars is not None:
            self.lost.put(cost.lost_dollars)
        if self.unknown is None and (cost.dollars is None or cost.lost_dollars is None):
            self.unknown = number
