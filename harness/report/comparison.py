"""Runs beside each other at equal budget, and what that comparison can and cannot tell.

Promises: every run is cut to as many proposals as the shortest has; intervals come from the spread over instances alone
and say so; between proposers there is an exact permutation test over runs where there are enough of them, and a
sentence where there are not. Does not cover: runs of different tasks or from different baselines; they are left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, sqrt
from statistics import fmean

from harness.records import Experiment, Metric
from harness.report.levels import Chain, chain
from harness.report.source import RunSource
from harness.report.spending import Spending, spending
from harness.totals import is_kept

COMPARED: Metric = "dmd"
MOST_SPLITS = 100_000


@dataclass(frozen=True, slots=True)
class Arm:
    """One run cut to the common budget: its rows so far, its chains of ARD, DMD and traffic if it kept something."""

    name: str
    proposer: str
    rows: tuple[Experiment, ...]
    kept: int
    chains: dict[Metric, Chain]
    spent: Spending


@dataclass(frozen=True, slots=True)
class Contest:
    """Two runs: how much more data the last incumbent of the first moves than that of the second, with its interval."""

    first: str
    second: str
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What can be said of several runs.

    Attributes:
        budget: proposals of each that are compared.
        objections: why some runs are left out, or none can be compared.
        sentences: what the numbers mean, and what they cannot tell.
    """

    budget: int
    arms: tuple[Arm, ...]
    contests: tuple[Contest, ...]
    objections: tuple[str, ...]
    sentences: tuple[str, ...]


def compare(sources: Sequence[RunSource]) -> Comparison | None:
    """Compare the runs; None where there are fewer than two to show."""
    if len(sources) < 2:
        return None
    alike, objections = _alike(sources)
    if len(alike) < 2:
        return Comparison(0, (), (), tuple(objections), ("No two of these runs can be compared.",))
    budget = min(sum(row.kind == "proposal" for row in source.rows) for source in alike)
    arms = tuple(_arm(source, budget) for source in alike)
    contests = tuple(_contest(one, other) for one, other in combinations(arms, 2))
    return Comparison(budget, arms, contests, tuple(objections), tuple(_sentences(arms, budget)))


def _alike(sources: Sequence[RunSource]) -> tuple[list[RunSource], list[str]]:
    """Those that share task, harness and baseline with the most others."""
    objections = [f"{source.name}: nothing was tried in it yet" for source in sources if len(source.rows) < 2]
    begun = [source for source in sources if len(source.rows) >= 2]
    ground = Counter(_ground(source.rows[0]) for source in begun)
    if not ground:
        return [], objections
    common = ground.most_common(1)[0][0]
    for source in begun:
        names = ("task", "harness", "baseline's code")
        other = [n for n, ours, theirs in zip(names, _ground(source.rows[0]), common, strict=True) if ours != theirs]
        if other:
            objections.append(f"{source.name}: another {', another '.join(other)} than the others")
    return [source for source in begun if _ground(source.rows[0]) == common], objections


def _ground(first: Experiment) -> tuple[str, str, str]:
    return first.task_sha256, first.harness_sha256, first.tree_sha256


def cut(rows: Sequence[Experiment], budget: int) -> tuple[Experiment, ...]:
    """The rows up to and with the last of so many proposals."""
    found, left = [], budget
    for row in rows:
        if row.kind == "proposal" and left == 0:
            break
        left -= row.kind == "proposal"
        found.append(row)
    return tuple(found)


def _arm(source: RunSource, budget: int) -> Arm:
    rows = cut(source.rows, budget)
    metrics: tuple[Metric, ...] = ("ard", "dmd", "traffic")
    chains = {metric: found for metric in metrics if (found := chain(rows, metric)) is not None}
    return Arm(source.name, rows[-1].proposer, rows, sum(map(is_kept, rows)), chains, spending(rows))


def _contest(first: Arm, second: Arm) -> Contest:
    """Errors of chains over different instances add in squares; a run that kept nothing stands at the baseline."""
    one, other = (arm.chains.get(COMPARED, Chain(0.0, 0.0, 1.0)) for arm in (first, second))
    parts = one.error**2, other.error**2
    below = parts[0] ** 2 / one.freedom + parts[1] ** 2 / other.freedom
    freedom = sum(parts) ** 2 / below if below else 1.0
    difference = Chain(one.mean - other.mean, sqrt(sum(parts)), freedom)
    return Contest(first.name, second.name, difference.change, *difference.interval())


def _sentences(arms: Sequence[Arm], budget: int) -> list[str]:
    said = (
        f"Each run is cut to its first {budget} proposals. The intervals (95 %) hold over instances: they say how "
        "sure it is that one run's last incumbent moves less data than the other's. Both are chains of kept steps, and "
        "the kept are also the lucky, so both flatter a little."
    )
    proposers = Counter(arm.proposer for arm in arms)
    if len(proposers) < 2:
        only = next(iter(proposers))
        return [said, f"All are runs of `{only}`: their spread shows how much one run of it differs from the next."]
    return [said, *(_between(arms, *pair) for pair in combinations(sorted(proposers), 2))]


def _between(arms: Sequence[Arm], one: str, other: str) -> str:
    """What the runs say of two proposers, by an exact permutation test on the log ratios of DMD."""
    ours, theirs = (
        [arm.chains[COMPARED].mean if COMPARED in arm.chains else 0.0 for arm in arms if arm.proposer == name]
        for name in (one, other)
    )
    runs = f"{len(ours)} run{'s' * (len(ours) > 1)} of `{one}` against {len(theirs)} of `{other}`"
    splits = comb(len(ours) + len(theirs), len(ours))
    if min(len(ours), len(theirs)) < 2:
        return (
            f"{runs}: this tells which of these runs found more, not which proposer is better. How much runs of one "
            "proposer differ among themselves is not known from a single one: repeat each with other seeds."
        )
    if splits > MOST_SPLITS:
        return f"{runs}: too many for an exact test here."
    chance, least = _permutation(ours, theirs), (1 + (len(ours) == len(theirs))) / splits
    better = one if fmean(ours) < fmean(theirs) else other
    return (
        f"{runs}: `{better}` found less data movement on average. Were the proposers equal, a difference at least so "
        f"large would come up in {chance:.1%} of all ways to deal out the runs; {least:.1%} is the least that so "
        "few runs can give."
    )


def _permutation(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Two-sided, over every split of the runs into groups of these sizes."""
    every, found = [*ours, *theirs], abs(fmean(ours) - fmean(theirs))
    total, size, hits, count = sum(every), len(ours), 0, 0
    for chosen in combinations(every, size):
        count += 1
        mean, rest = sum(chosen) / size, (total - sum(chosen)) / len(theirs)
        hits += abs(mean - rest) >= found - 1e-12
    return hits / count
