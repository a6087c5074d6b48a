"""A verdict's effects and its sentence. Does not cover: deciding anything."""

import math
from collections.abc import Sequence
from statistics import fmean

from harness.judge.bounds import VALUES, Bounds
from harness.records import Effect, Metric, Pair

NAMES: dict[Metric, str] = {"ard": "ARD", "dmd": "DMD", "reuse": "reuse", "traffic": "traffic", "accuracy": "accuracy"}


def effects_of(pairs: Sequence[Pair], bounds: Bounds) -> tuple[Effect, ...]:
    """Before and after are geometric means (accuracy: means), so that after / before is 1 + change."""
    effects = []
    for metric, value in VALUES.items():
        before = math.exp(fmean(math.log(value(p.incumbent)) for p in pairs))
        bound = bounds[metric]
        change, low, high = (_relative(b) for b in (bound.mean, bound.low, bound.high))
        effects.append(Effect(metric, before, before * (1 + change), change, low, high))
    before = fmean(p.incumbent.accuracy for p in pairs)
    after = fmean(p.candidate.accuracy for p in pairs)
    bound = bounds["accuracy"]
    low, high = max(-1.0, bound.low), min(1.0, bound.high)
    return (*effects, Effect("accuracy", before, after, after - before, low, high))


def _relative(log_ratio: float) -> float:
    """A log ratio as a relative change; no interval (one pair) is written as -1 to 1e9, for JSON has no infinity."""
    return -1.0 if log_ratio == -math.inf else math.expm1(log_ratio) if log_ratio < 20 else 1e9


def summary(bounds: Bounds) -> str:
    """The mean effects in one line."""
    parts = [_part(NAMES[m], math.expm1(bounds[m].mean)) for m in VALUES]
    return ", ".join([*parts, f"accuracy {bounds['accuracy'].mean:+.2%}"])


def _part(name: str, change: float) -> str:
    """One decimal, and two where one would hide that there is a change."""
    return f"{name} {change:+.2%}" if 0.00005 <= abs(change) < 0.0015 else f"{name} {change:+.1%}"


def objection(pairs: Sequence[Pair]) -> str:
    """Why a measured candidate is no win, in a few words."""
    unsolved = sum(not p.candidate.solved for p in pairs)
    return f"{unsolved} of {len(pairs)} instances left unsolved" if unsolved else "no gain"
