"""What the paired measurements say about one metric: mean, spread, and intervals at the win's and the guards' level.

Promises: pure; nothing is dropped. Effects are log ratios (candidate over incumbent on the same instance), for accuracy
differences. Does not cover: what follows from them; that is the judge itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev
from typing import Literal

from harness.records import Measurement, Metric, Pair
from harness.settings import GateRules

Quantity = Metric | Literal["predict", "reached"]  # one prediction's traffic, and the candidate's own accuracy
LEAST_SPREAD = 1e-9  # identical ratios still leave room for rounding
LEAST_PREDICT = 1.0  # cells: a prediction that moves nothing has no logarithm
VALUES: dict[Metric, Callable[[Measurement], float]] = {
    "ard": lambda m: m.ard,
    "dmd": lambda m: m.dmd,
    "reuse": lambda m: m.reuse,
    "traffic": lambda m: m.traffic,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One metric over the pairs so far.

    Attributes:
        least, most: the extreme instances.
        low, high: one-sided bounds of the mean at the win's level; infinite for a single pair.
        guard_low, guard_high: the same at the guards' level.
        reach: how far from what it has to beat the mean must lie at the last instance, were the spread what it is now.
    """

    mean: float
    spread: float
    least: float
    most: float
    low: float
    high: float
    guard_low: float
    guard_high: float
    reach: float


Bounds = Mapping[Quantity, Bound]


def win_level(rules: GateRules, looks: int) -> float:
    """One-sided error of one win of the looks-th candidate; docs/gate.md derives it."""
    return rules.alpha / (looks * (looks + 1)) / len(rules.wins)


def bounds_of(pairs: Sequence[Pair], rules: GateRules, looks: int) -> Bounds:
    """Every metric's bound, that of one prediction's traffic, and that of the accuracy that the candidate reaches."""
    differences: dict[Quantity, list[float]] = {
        metric: log_ratios(pairs, value) for metric, value in VALUES.items()
    }
    differences["accuracy"] = [p.candidate.accuracy - p.incumbent.accuracy for p in pairs]
    differences["predict"] = log_ratios(pairs, predict_traffic)
    differences["reached"] = [p.candidate.accuracy for p in pairs]
    level = win_level(rules, looks)
    return {name: student(values, level, rules) for name, values in differences.items()}


def log_ratios(pairs: Sequence[Pair], value: Callable[[Measurement], float]) -> list[float]:
    """Candidate over incumbent, pair by pair."""
    return [math.log(value(p.candidate) / value(p.incumbent)) for p in pairs]


def predict_traffic(measured: Measurement) -> float:
    """Cells that one prediction moves."""
    return max(measured.predict_traffic, LEAST_PREDICT)


def student(differences: Sequence[float], level: float, rules: GateRules) -> Bound:
    """Student's interval of a mean; without bound for a single value."""
    n, mean, least, most = len(differences), fmean(differences), min(differences), max(differences)
    if n == 1:
        return Bound(mean, 0.0, least, most, -math.inf, math.inf, -math.inf, math.inf, math.inf)
    spread = stdev(differences)
    wide = _quantile(n, level) * max(spread, LEAST_SPREAD) / math.sqrt(n)
    guard = _quantile(n, rules.guard_level) * spread / math.sqrt(n)
    last = max(n, rules.max_instances)
    reach = _quantile(last, level) * max(spread, LEAST_SPREAD) / math.sqrt(last)
    return Bound(mean, spread, least, most, mean - wide, mean + wide, mean - guard, mean + guard, reach)


@cache
def _quantile(n: int, level: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that most commands can do without

    return -float(stdtrit(n - 1, level))


def is_exact(pairs: Sequence[Pair], bounds: Bounds, rules: GateRules) -> bool:
    """Whether the candidate left the mathematics alone, and what it costs hardly depends on the instance.

    Identical predictions alone are not enough: costs may be drawn from `rng`, and then a few instances are a lottery.
    """
    if any(not _is_identical(p) for p in pairs):
        return False
    least = -math.log1p(-rules.exact_gain)
    return all(bounds[m].spread <= rules.exact_spread * max(abs(bounds[m].mean), least) for m in VALUES)


def _is_identical(pair: Pair) -> bool:
    ours, theirs = pair.candidate, pair.incumbent
    return (ours.predictions_sha256, ours.test_bits, ours.samples) == (
        theirs.predictions_sha256,
        theirs.test_bits,
        theirs.samples,
    )


def mcnemar(pairs: Sequence[Pair]) -> float:
    """Exact one-sided p of McNemar's test, pooled: the chance of so many wins, were wins and losses equally likely."""
    from scipy.special import bdtrc  # noqa: PLC0415 - as above

    won = lost = 0
    for pair in pairs:
        ours, theirs = int(pair.candidate.test_bits, 16), int(pair.incumbent.test_bits, 16)
        won += (ours & ~theirs).bit_count()
        lost += (theirs & ~ours).bit_count()
    return float(bdtrc(won - 1, won + lost, 0.5)) if won else 1.0
