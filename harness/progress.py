"""Where a run stands: what was found so far, and when it will end if it goes on as it did.

Promises: one row is added in constant time, so that 100,000 of them cost nothing while the next one runs; an estimate
rests on at least LEAST_TURNS experiments and names its spread. Does not cover: how it is shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median

from harness.records import Experiment, Measurement, Metric
from harness.totals import is_kept, total

LEAST_TURNS = 3  # before so many experiments ended there is no estimate
MOST_TURNS = 20  # the last ones: a run grows faster as its incumbent shrinks
MOST_POINTS = 200  # of the sparkline: as wide as any terminal
IN_ALL: tuple[Metric, ...] = ("ard", "dmd", "traffic")


@dataclass(frozen=True, slots=True)
class Progress:
    """What the rows of a run add up to.

    Attributes:
        kept, discarded, inconclusive, invalid: proposals by their outcome; nulls, nulls_kept: null rows.
        best: the incumbent's measurement on the instance that decided last; None while it is the baseline.
        factors: after over before of each metric of IN_ALL, paired, multiplied over the kept experiments.
        screened: ARD on the screen instance, and whether the experiment was kept; the last MOST_POINTS.
        seconds: of the last MOST_TURNS experiments, null rows included.
        dollars, lost_dollars: of all replies, and the most that replies which never arrived cost; None if unknown.
        calls: replies received or lost; 0 where the proposer asks no model.
    """

    kept: int = 0
    discarded: int = 0
    inconclusive: int = 0
    invalid: int = 0
    nulls: int = 0
    nulls_kept: int = 0
    baseline: Measurement | None = None
    best: Measurement | None = None
    factors: tuple[float, ...] = (1.0,) * len(IN_ALL)
    screened: tuple[tuple[float, bool], ...] = ()
    seconds: tuple[float, ...] = ()
    dollars: float | None = 0.0
    lost_dollars: float | None = 0.0
    calls: int = 0

    @property
    def done(self) -> int:
        """Proposals that ended: what counts against the budget."""
        return self.kept + self.discarded + self.inconclusive + self.invalid

    def after(self, row: Experiment) -> "Progress":
        """The same with one row more."""
        if row.kind == "baseline":
            return replace(self, baseline=row.evidence.screen[0].candidate)
        advanced = is_kept(row)
        timed = replace(
            self,
            seconds=(*self.seconds, row.seconds)[-MOST_TURNS:],
            dollars=_sum(self.dollars, row.cost.dollars),
            lost_dollars=_sum(self.lost_dollars, row.cost.lost_dollars),
            calls=self.calls + row.cost.calls + row.cost.lost_calls,
        )
        if row.kind == "null":
            return replace(timed, nulls=self.nulls + 1, nulls_kept=self.nulls_kept + (row.verdict.outcome == "kept"))
        points = [(pair.candidate.ard, advanced) for pair in row.evidence.screen]
        counted = replace(timed, screened=(*self.screened, *points)[-MOST_POINTS:])
        return _counted(counted, row)


@dataclass(slots=True)
class Watched:
    """`Progress` as a total of a ledger."""

    progress: Progress = field(default_factory=Progress)

    def add(self, row: Experiment) -> None:
        """Take in the next row."""
        self.progress = self.progress.after(row)


def progress_of(rows: Sequence[Experiment]) -> Progress:
    """What these rows add up to, oldest first."""
    return total(rows, Watched).progress


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds for `turns` more experiments: from `low` to `high`, by the median and the mean of the last ones.

    `of` so many were looked at; `turns` counts null rows too, so it need not be whole, and is at least 1.
    """

    low: float
    high: float
    turns: float
    of: int


def estimate_end(progress: Progress, left: int, hours: float = math.inf, dollars: float = math.inf) -> Estimate | None:
    """When `left` proposals more will have ended, or the hours or dollars that are left; None if it is too early.

    A median alone would promise too much: a kept experiment takes 30 times as long as a refused one.
    """
    if len(progress.seconds) < LEAST_TURNS or not progress.done:
        return None
    spent = None if progress.dollars is None else (progress.dollars + (progress.lost_dollars or 0.0)) / progress.done
    proposals = min(left, dollars / spent) if spent else left
    turns = max(proposals * (1 + progress.nulls / progress.done), 1.0)
    ends = sorted(min(turns * each(progress.seconds), max(hours, 0.0) * 3600) for each in (median, fmean))
    return Estimate(ends[0], ends[1], turns, len(progress.seconds))


def _counted(progress: Progress, row: Experiment) -> Progress:
    outcome = row.verdict.outcome
    counted = replace(progress, **{outcome: getattr(progress, outcome) + 1})
    if not is_kept(row):
        return counted
    changes = {effect.metric: effect.change for effect in row.verdict.effects}
    factors = tuple(f * (1 + changes.get(m, 0.0)) for m, f in zip(IN_ALL, progress.factors, strict=True))
    pairs = row.evidence.confirm or row.evidence.screen
    return replace(counted, factors=factors, best=pairs[-1].candidate if pairs else counted.best)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
