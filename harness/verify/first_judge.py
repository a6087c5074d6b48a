"""The judge of ledger schema 1, as it was, for ledgers that were recorded with it. Nothing is kept by it any more.

Promises: rows of schema 1 have the verdict that they had; a task file of that time reads as it did. Does not cover: any
new verdict; that is `harness.judge`, and docs/decisions.md says why it changed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from harness.records import Effect, Measurement, Metric, Outcome, Pair, Slack, Stage, Verdict, Win
from harness.verify.first_task import FirstRules

VALUES: dict[Metric, Callable[[Measurement], float]] = {
    "ard": lambda m: m.ard,
    "dmd": lambda m: m.dmd,
    "reuse": lambda m: m.reuse,
    "traffic": lambda m: m.traffic,
}
NAMES: dict[Metric, str] = {"ard": "ARD", "dmd": "DMD", "reuse": "reuse", "traffic": "traffic", "accuracy": "accuracy"}
MUST_FALL: dict[Win, tuple[Metric, ...]] = {
    "ard": ("ard", "dmd", "reuse"),
    "movement": ("dmd", "reuse", "traffic"),
    "accuracy": (),
}
LEAST_SPREAD = 1e-9  # identical ratios still leave room for rounding


@dataclass(frozen=True, slots=True)
class _Bound:
    """Mean of a paired difference, its interval at the win's level, and the wider-risk guard interval."""

    mean: float
    low: float
    high: float
    guard_low: float
    guard_high: float


def screen(pair: Pair, rules: FirstRules) -> Verdict | None:
    """The verdict on one paired instance, if it is already clear; None lets the candidate through to confirm."""
    if pair.incumbent.solved and not pair.candidate.solved:
        return Verdict(
            "discarded", "screen", "the candidate leaves the screen instance unsolved; the incumbent solves it"
        )
    if _is_exact([pair]):
        bounds = _bounds([pair], rules, looks=1)
        if any(_exact_win(win, [pair], bounds, rules) for win in rules.wins):
            return None
        return _verdict("discarded", "screen", f"same predictions, no gain: {_summary(bounds)}", [pair], bounds)
    more_dmd = pair.candidate.dmd / pair.incumbent.dmd - 1
    more_accuracy = pair.candidate.accuracy - pair.incumbent.accuracy
    if more_dmd > rules.screen_margin and ("accuracy" not in rules.wins or more_accuracy <= rules.accuracy_tolerance):
        bounds = _bounds([pair], rules, looks=1)
        return _verdict("discarded", "screen", f"a clear loss on one instance: {_summary(bounds)}", [pair], bounds)
    return None


def confirm(pairs: Sequence[Pair], slack: Slack, rules: FirstRules, looks: int) -> Verdict | None:
    """The verdict after the confirm pairs so far, or None when another instance is needed.

    Args:
        pairs: in the order drawn, at least one.
        slack: how far the incumbent already is from the best seen.
        rules: the task's thresholds.
        looks: this candidate is the looks-th of the run to reach confirm.
    """
    exact = _is_exact(pairs)
    if len(pairs) < (rules.exact_instances if exact else rules.first_look):
        return None
    bounds = _bounds(pairs, rules, looks)
    for win in rules.wins:
        if exact and _exact_win(win, pairs, bounds, rules):
            return _kept(win, pairs, bounds, looks, exact=True)
        if not exact and _noisy_win(win, pairs, bounds, slack, rules, looks):
            return _kept(win, pairs, bounds, looks, exact=False)
    if exact:
        return _verdict("discarded", "confirm", f"same predictions, no gain: {_summary(bounds)}", pairs, bounds, looks)
    if all(_is_hopeless(win, pairs, bounds, rules) for win in rules.wins):
        return _verdict("discarded", "confirm", f"{_objection(pairs)}: {_summary(bounds)}", pairs, bounds, looks)
    if len(pairs) >= rules.max_instances:
        reason = f"inside the noise after {len(pairs)} instances: {_summary(bounds)}"
        return _verdict("inconclusive", "confirm", reason, pairs, bounds, looks)
    return None


def slack_after(slack: Slack, verdict: Verdict) -> Slack:
    """How far the new incumbent is from the best seen, after a kept verdict."""
    change = {e.metric: e.change for e in verdict.effects}
    return Slack(
        dmd=max(0.0, slack.dmd + math.log1p(change["dmd"])),
        reuse=max(0.0, slack.reuse + math.log1p(change["reuse"])),
        traffic=max(0.0, slack.traffic + math.log1p(change["traffic"])),
        accuracy=max(0.0, slack.accuracy - change["accuracy"]),
    )


# -- wins ---------------------------------------------------------------------------------------------------------


def _exact_win(win: Win, pairs: Sequence[Pair], bounds: dict[Metric, _Bound], rules: FirstRules) -> bool:
    """Every instance must show the gain, and nothing may be worse at all. Accuracy cannot have changed."""
    if win == "accuracy" or not all(p.candidate.solved for p in pairs):
        return False
    enough = all(bounds[m].high <= math.log1p(-rules.min_gain) for m in MUST_FALL[win])
    return enough and bounds["traffic"].high <= 0 and _predicts_no_dearer(pairs, 0.0)


def _noisy_win(
    win: Win, pairs: Sequence[Pair], bounds: dict[Metric, _Bound], slack: Slack, rules: FirstRules, looks: int
) -> bool:
    if win == "accuracy":
        return _accuracy_win(pairs, bounds, slack, rules, looks)
    return (
        all(p.candidate.solved for p in pairs)
        and all(bounds[m].high <= math.log1p(-rules.min_gain) for m in MUST_FALL[win])
        and slack.traffic + bounds["traffic"].guard_high <= math.log1p(rules.traffic_tolerance)
        and slack.accuracy - bounds["accuracy"].guard_low <= rules.accuracy_tolerance
        and _predicts_no_dearer(pairs, rules.predict_tolerance)
    )


def _accuracy_win(
    pairs: Sequence[Pair], bounds: dict[Metric, _Bound], slack: Slack, rules: FirstRules, looks: int
) -> bool:
    if any(p.incumbent.solved and not p.candidate.solved for p in pairs):
        return False
    if bounds["accuracy"].low <= 0 or _mcnemar(pairs) > _level(rules, looks):
        return False
    solved = sum(p.incumbent.solved for p in pairs)
    if 2 * solved < len(pairs) or (solved < len(pairs) and all(p.candidate.solved for p in pairs)):
        return True  # the incumbent misses the target: reaching it may cost
    allowed = math.log1p(rules.traffic_tolerance)
    return (
        slack.dmd + bounds["dmd"].guard_high <= allowed
        and slack.reuse + bounds["reuse"].guard_high <= allowed
        and slack.traffic + bounds["traffic"].guard_high <= allowed
        and _predicts_no_dearer(pairs, rules.predict_tolerance)
    )


def _is_hopeless(win: Win, pairs: Sequence[Pair], bounds: dict[Metric, _Bound], rules: FirstRules) -> bool:
    """Whether the data already speak against this win, as clearly as they would have to speak for it."""
    if win == "accuracy":
        allowed = math.log1p(rules.traffic_tolerance)
        dearer = any(bounds[m].low > allowed for m in MUST_FALL["movement"]) and all(p.incumbent.solved for p in pairs)
        missed = any(p.incumbent.solved and not p.candidate.solved for p in pairs)
        return bounds["accuracy"].high <= 0 or dearer or missed
    if not all(p.candidate.solved for p in pairs):
        return True
    return any(bounds[m].low > math.log1p(-rules.min_gain) for m in MUST_FALL[win]) or not _predicts_no_dearer(
        pairs, rules.predict_tolerance
    )


def _predicts_no_dearer(pairs: Sequence[Pair], tolerance: float) -> bool:
    ours = fmean(p.candidate.predict_traffic for p in pairs)
    theirs = fmean(p.incumbent.predict_traffic for p in pairs)
    return ours <= theirs * (1 + tolerance)


# -- statistics ---------------------------------------------------------------------------------------------------


def _is_exact(pairs: Sequence[Pair]) -> bool:
    return all(
        p.candidate.predictions_sha256 == p.incumbent.predictions_sha256
        and p.candidate.test_bits == p.incumbent.test_bits
        and p.candidate.samples == p.incumbent.samples
        for p in pairs
    )


def _level(rules: FirstRules, looks: int) -> float:
    """One-sided error of one win at one look; docs/gate.md derives it."""
    looks_at_one = rules.max_instances - rules.first_look + 1
    return rules.alpha / (looks * (looks + 1)) / looks_at_one / len(rules.wins)


def _bounds(pairs: Sequence[Pair], rules: FirstRules, looks: int) -> dict[Metric, _Bound]:
    differences: dict[Metric, list[float]] = {
        metric: [math.log(value(p.candidate) / value(p.incumbent)) for p in pairs] for metric, value in VALUES.items()
    }
    differences["accuracy"] = [p.candidate.accuracy - p.incumbent.accuracy for p in pairs]
    if _is_exact(pairs):
        return {m: _Bound(fmean(d), min(d), max(d), min(d), max(d)) for m, d in differences.items()}
    level = _level(rules, looks)
    return {metric: _student(d, level, rules.alpha) for metric, d in differences.items()}


def _student(differences: Sequence[float], level: float, guard_level: float) -> _Bound:
    """Student's interval of a mean; without bound for a single value."""
    n = len(differences)
    mean = fmean(differences)
    if n == 1:
        return _Bound(mean, -math.inf, math.inf, -math.inf, math.inf)
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that most commands can do without

    error = max(stdev(differences), LEAST_SPREAD) / math.sqrt(n)
    wide = -float(stdtrit(n - 1, level)) * error
    guard = -float(stdtrit(n - 1, guard_level)) * error
    return _Bound(mean, mean - wide, mean + wide, mean - guard, mean + guard)


def _mcnemar(pairs: Sequence[Pair]) -> float:
    """Exact one-sided p of McNemar's test, pooled: the chance of so many wins, were wins and losses equally likely."""
    from scipy.special import bdtrc  # noqa: PLC0415 - as above

    won = lost = 0
    for pair in pairs:
        ours, theirs = int(pair.candidate.test_bits, 16), int(pair.incumbent.test_bits, 16)
        won += (ours & ~theirs).bit_count()
        lost += (theirs & ~ours).bit_count()
    return float(bdtrc(won - 1, won + lost, 0.5)) if won else 1.0


# -- words --------------------------------------------------------------------------------------------------------


def _kept(win: Win, pairs: Sequence[Pair], bounds: dict[Metric, _Bound], looks: int, *, exact: bool) -> Verdict:
    falls = [-math.expm1(bounds[m].mean) for m in MUST_FALL[win]]
    gain = min(falls, default=bounds["accuracy"].mean)
    how = "same predictions on every instance" if exact else f"{len(pairs)} instances"
    label = "ARD" if win == "ard" else win
    reason = f"{label} win ({how}): {_summary(bounds)}"
    return Verdict("kept", "confirm", reason, win, gain, exact, looks, _effects(pairs, bounds))


def _objection(pairs: Sequence[Pair]) -> str:
    """Why a measured candidate is no win, in a few words."""
    unsolved = sum(not p.candidate.solved for p in pairs)
    return f"{unsolved} of {len(pairs)} instances left unsolved" if unsolved else "no gain"


def _verdict(
    outcome: Outcome, stage: Stage, reason: str, pairs: Sequence[Pair], bounds: dict[Metric, _Bound], looks: int = 0
) -> Verdict:
    effects = _effects(pairs, bounds)
    return Verdict(outcome, stage, reason, exact=_is_exact(pairs), looks=looks, effects=effects)


def _effects(pairs: Sequence[Pair], bounds: dict[Metric, _Bound]) -> tuple[Effect, ...]:
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
    return -1.0 if log_ratio == -math.inf else 1e9 if log_ratio == math.inf else math.expm1(log_ratio)


def _summary(bounds: dict[Metric, _Bound]) -> str:
    parts = [f"{NAMES[m]} {math.expm1(bounds[m].mean):+.1%}" for m in VALUES]
    return ", ".join([*parts, f"accuracy {bounds['accuracy'].mean:+.2%}"])
