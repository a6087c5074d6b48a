"""What a run cost: seconds by stage, replies, tokens and dollars.

Promises: an unknown price makes the dollars unknown, never zero; what lost replies may have cost is said beside it.
Does not cover: the machine's own price.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Experiment
from harness.totals import Spend, total

REST = "propose and record"


@dataclass(frozen=True, slots=True)
class StageTime:
    """Seconds in one stage, how many experiments reached it, and its share of the run's time."""

    stage: str
    seconds: float
    experiments: int
    share: float


@dataclass(frozen=True, slots=True)
class Spending:
    """Sums over a ledger. `dollars` is None where the price of a reply is unknown; `lost_dollars` likewise."""

    seconds: float
    stages: tuple[StageTime, ...]
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    dollars: float | None
    lost_calls: int
    lost_dollars: float | None


def spending(rows: Sequence[Experiment]) -> Spending:
    """Everything that the rows cost."""
    spend = total(rows, Spend)
    return Spending(
        seconds=math.fsum(row.seconds for row in rows),
        stages=_stages(rows),
        calls=spend.calls,
        input_tokens=spend.input_tokens,
        cached_tokens=spend.cached_tokens,
        output_tokens=spend.output_tokens,
        dollars=spend.known_dollars,
        lost_calls=spend.lost_calls,
        lost_dollars=spend.known_lost,
    )


def _stages(rows: Sequence[Experiment]) -> tuple[StageTime, ...]:
    sums: dict[str, list[float]] = {}
    for row in rows:
        for stage, seconds in row.seconds_by_stage:
            sums.setdefault(stage, []).append(seconds)
        rest = row.seconds - math.fsum(seconds for _, seconds in row.seconds_by_stage)
        sums.setdefault("baseline" if row.kind == "baseline" else REST, []).append(max(0.0, rest))
    whole = math.fsum(math.fsum(parts) for parts in sums.values()) or 1.0
    return tuple(StageTime(name, math.fsum(p), len(p), math.fsum(p) / whole) for name, p in sums.items())
