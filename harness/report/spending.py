"""What a run cost: seconds by stage, replies, tokens and dollars.

Promises: an unknown price makes the dollars unknown, never zero; what lost replies may have cost is said beside it.
Does not cover: the machine's own price.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Experiment

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
    costs = [row.cost for row in rows]
    return Spending(
        seconds=math.fsum(row.seconds for row in rows),
        stages=_stages(rows),
        calls=sum(cost.calls for cost in costs),
        input_tokens=sum(cost.input_tokens for cost in costs),
        cached_tokens=sum(cost.cached_tokens for cost in costs),
        output_tokens=sum(cost.output_tokens for cost in costs),
        dollars=_known([cost.dollars for cost in costs]),
        lost_calls=sum(cost.lost_calls for cost in costs),
        lost_dollars=_known([cost.lost_dollars for cost in costs]),
    )


def _known(dollars: Sequence[float | None]) -> float | None:
    known = [each for each in dollars if each is not None]
    return math.fsum(known) if len(known) == len(dollars) else None


def _stages(rows: Sequence[Experiment]) -> tuple[StageTime, ...]:
    sums: dict[str, list[float]] = {}
    for row in rows:
        for stage, seconds in row.seconds_by_stage:
            sums.setdefault(stage, []).append(seconds)
        rest = row.seconds - math.fsum(seconds for _, seconds in row.seconds_by_stage)
        sums.setdefault("baseline" if row.kind == "baseline" else REST, []).append(max(0.0, rest))
    total = math.fsum(math.fsum(parts) for parts in sums.values()) or 1.0
    return tuple(StageTime(name, math.fsum(p), len(p), math.fsum(p) / total) for name, p in sums.items())
