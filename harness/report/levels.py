"""Where a run stands after each experiment, relative to its baseline, and how sure that is.

Promises: every level is a chain of paired changes: the incumbent's level times what the candidate changed on the same
instances, so that an easy or a hard instance moves nothing. Accuracy is the level measured on the experiment's own
instances. Does not cover: the winner's curse: of many candidates the kept ones are also the lucky ones, so a chain of
them flatters a little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from harness.finding.references import has_interval
from harness.judge.bounds import VALUES
from harness.records import METRICS, Effect, Experiment, Metric
from harness.totals import is_kept

MOST_CHANGE = 1e8  # relative: more no measurement gives
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Level:
    """One metric of one experiment: a fraction of the baseline, for accuracy a fraction of the test samples.

    Attributes:
        low, high: None where there is no interval.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An experiment's levels, empty where nothing was measured, and the incumbent's after it."""

    row: Experiment
    levels: dict[Metric, Level]
    incumbent: dict[Metric, float]


@dataclass(frozen=True, slots=True)
class Chain:
    """The change of one metric from the baseline to the last incumbent, as a log ratio.

    Attributes:
        error: standard error of `mean`, from the spread over instances; `freedom`: its degrees (Welch).
    """

    mean: float
    error: float
    freedom: float

    @property
    def change(self) -> float:
        """Relative: -0.3 is 30 % lower."""
        return math.expm1(self.mean)

    def interval(self) -> tuple[float, float]:
        """Relative change, at CONFIDENCE."""
        reach = quantile(self.freedom) * self.error
        return math.expm1(self.mean - reach), math.expm1(self.mean + reach)


def standings(rows: Sequence[Experiment]) -> tuple[Standing, ...]:
    """One for every row, in order."""
    found = []
    incumbent: dict[Metric, float] = dict.fromkeys(METRICS, 1.0)
    if rows and rows[0].evidence.screen:
        incumbent["accuracy"] = rows[0].evidence.screen[0].candidate.accuracy
    for row in rows:
        levels = {e.metric: _level(e, incumbent) for e in row.verdict.effects if _is_sane(e)}
        if row.kind == "baseline":
            levels = {metric: Level(value, None, None) for metric, value in incumbent.items()}
        if is_kept(row):
            incumbent = incumbent | {metric: level.value for metric, level in levels.items()}
        found.append(Standing(row, levels, dict(incumbent)))
    return tuple(found)


def _is_sane(effect: Effect) -> bool:
    """A forged row may hold what no measurement gives; it has no place on a logarithmic axis."""
    values = (effect.change, effect.low, effect.high, effect.after)
    if effect.metric == "accuracy":
        return all(-1 <= value <= 1 for value in values)
    return all(math.isfinite(value) for value in values) and -1 < effect.change < MOST_CHANGE


def _level(effect: Effect, incumbent: dict[Metric, float]) -> Level:
    if effect.metric == "accuracy":
        ends = (effect.after + end - effect.change for end in (effect.low, effect.high))
    else:
        ends = (incumbent[effect.metric] * (1 + end) for end in (effect.low, effect.high))
    value = effect.after if effect.metric == "accuracy" else incumbent[effect.metric] * (1 + effect.change)
    low, high = ends
    return Level(value, low, high) if has_interval(effect) else Level(value, None, None)


def chain(rows: Sequence[Experiment], metric: Metric) -> Chain | None:
    """From the baseline to the last kept row; None where nothing was kept, or accuracy is asked for.

    Each kept row adds the mean of its paired log ratios, over instances that no other row used; so errors add in
    squares. The degrees of freedom are Welch's (Satterthwaite 1946).
    """
    steps = [_log_ratios(row, metric) for row in rows if is_kept(row)]
    if not steps or min(map(len, steps)) < 2:  # one instance has no spread, and accuracy no ratio
        return None
    parts = [variance(ratios) / len(ratios) for ratios in steps]
    total = sum(parts)
    below = sum(part**2 / (len(ratios) - 1) for part, ratios in zip(parts, steps, strict=True))
    freedom = total**2 / below if below else float(sum(len(ratios) - 1 for ratios in steps))
    return Chain(sum(fmean(ratios) for ratios in steps), math.sqrt(total), freedom)


def _log_ratios(row: Experiment, metric: Metric) -> list[float]:
    value = VALUES.get(metric)
    if value is None:
        return []
    return [math.log(value(pair.candidate) / value(pair.incumbent)) for pair in row.evidence.confirm]


def quantile(freedom: float) -> float:
    """Student's, two-sided at CONFIDENCE."""
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that a page without a kept row can do without

    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))
