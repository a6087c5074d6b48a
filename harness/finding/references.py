"""Numbers of one experiment as named figures: `{ard.after}`, `{gain.dmd}`, `{instances}`.

Promises: every figure is computed from the experiment's row and rounded towards the worse (a gain down, a
cost up, an accuracy down), so no text shows more than was measured. Both columns of a comparison are
rounded alike: equal values look equal. A gain's decimal text is exact with respect to the digits of the
evidence JSON.
Does not cover: whether a verdict is right (the judge's), nor where a figure is put in a sentence (see
prose).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Literal, get_args

from harness.records import METRICS, Effect, Experiment, Measurement, Metric, Pair, Verdict, Win

Part = Literal["before", "after", "change", "low", "high", "gain"]
Quantity = Literal["ard", "dmd", "reuse", "traffic", "accuracy", "samples"]

NOT_MEASURED = "[not measured]"
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
HEADLINE: Mapping[Win, Metric] = {"ard": "ard", "movement": "dmd", "accuracy": "accuracy"}
MUST_GAIN: Mapping[Win, tuple[Metric, ...]] = {
    "ard": ("ard", "dmd", "reuse"),
    "movement": ("dmd", "reuse", "traffic"),
    "accuracy": ("accuracy",),
}

# Wide enough for any double written out in full; the default of 28 digits refuses to quantize 1e30.
_WIDE = Context(prec=700)
_NO_BOUND = 1e9  # what the judge writes for a high end that one pair does not give; the low end is -1


@dataclass(frozen=True, slots=True)
class Figure:
    """One number as text. `quantity` and `part` say what it is of; `value` is there for comparing levels."""

    text: str
    quantity: Quantity | None = None
    part: Part | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What prose may refer to: figures by reference, and the change of each quantity that was measured."""

    figures: Mapping[str, Figure]
    changes: Mapping[Quantity, float]


def gain_of(quantity: Quantity, change: float) -> float:
    """Improvement as a positive number: costs fall, accuracy rises."""
    return change if quantity == "accuracy" else -change


def floor_decimal(value: float, places: str) -> Decimal:
    """The value rounded down to the places of `places`, such as "0.1". Zero has no sign."""
    floored = Decimal(repr(value)).quantize(Decimal(places), rounding=ROUND_FLOOR, context=_WIDE)
    return abs(floored) if floored.is_zero() else floored


def floor_percent(fraction: float) -> Decimal:
    """A fraction as percent with one decimal, rounded down. 0.8739 is 87.3; -0.0411 is -4.2."""
    return floor_decimal(fraction, "0.001").scaleb(2, _WIDE)


def _floor_gain(quantity: Quantity, gain: float) -> Decimal:
    """As floor_percent; a cost's below 1 % with two decimals: a fused order lowers ARD by 0.06 %, not by 0.0 %."""
    if quantity == "accuracy" or abs(gain) >= 0.01:
        return floor_percent(gain)
    return floor_decimal(gain, "0.0001").scaleb(2, _WIDE) or Decimal("0.0")


def gain_text(quantity: Quantity, gain: float) -> str:
    """A gain, rounded down: `87.3 %`, for accuracy `0.4 points`."""
    if not math.isfinite(gain):
        return NOT_MEASURED
    return f"{_floor_gain(quantity, gain):,} {_unit(quantity)}"


def change_text(quantity: Quantity, change: float) -> str:
    """A signed change, rounded towards the worse: `-87.3 %`, for accuracy `+0.4 points`."""
    if not math.isfinite(change):
        return NOT_MEASURED
    gain = _floor_gain(quantity, gain_of(quantity, change))
    shown = gain if quantity == "accuracy" else -gain
    return f"{shown:+,} {_unit(quantity)}" if shown else f"0.0 {_unit(quantity)}"


def level_text(quantity: Quantity, value: float) -> str:
    """A level, rounded towards the worse: accuracy `95.2 %`, a cost `17,976`, `84.3` or `1.250` by size."""
    if not math.isfinite(value):
        return NOT_MEASURED
    if quantity == "accuracy":
        return f"{floor_percent(value):,} %"
    # A mean carries the last bits of its arithmetic: without this, 17,976.000000000004 would be 17,977.
    exact = Context(prec=12).create_decimal(repr(value))
    places = "1" if abs(exact) >= 1000 else "0.1" if abs(exact) >= 10 else "0.001"
    return f"{exact.quantize(Decimal(places), rounding=ROUND_CEILING, context=_WIDE):,}"


def _unit(quantity: Quantity) -> str:
    return "points" if quantity == "accuracy" else "%"


def pair_change(quantity: Quantity, pair: Pair) -> float | None:
    """The change on one instance, relative, for accuracy a difference; None where the incumbent's is zero."""
    try:
        before, after = _quantity(quantity, pair.incumbent), _quantity(quantity, pair.candidate)
        return after - before if quantity == "accuracy" else after / before - 1
    except ZeroDivisionError:
        return None


def _quantity(quantity: Quantity, measurement: Measurement) -> float:
    return float(getattr(measurement, quantity))


def samples_effect(experiment: Experiment) -> tuple[float, float, float] | None:
    """Mean samples to solve before, after, and the relative change. An unsolved instance counts its limit."""
    pairs = experiment.evidence.confirm
    before = sum(pair.incumbent.samples for pair in pairs)
    after = sum(pair.candidate.samples for pair in pairs)
    return (before / len(pairs), after / len(pairs), after / before - 1) if before else None


def solved_texts(experiment: Experiment) -> tuple[str, str]:
    """Instances that incumbent and candidate solved, as `5 of 5`."""
    pairs = experiment.evidence.confirm
    incumbents = sum(pair.incumbent.solved for pair in pairs)
    candidates = sum(pair.candidate.solved for pair in pairs)
    return f"{incumbents} of {len(pairs)}", f"{candidates} of {len(pairs)}"


def effect_of(verdict: Verdict, metric: Metric) -> Effect | None:
    """The verdict's effect on a metric; None where the gate did not judge it."""
    return next((effect for effect in verdict.effects if effect.metric == metric), None)


def has_interval(effect: Effect) -> bool:
    """Whether the instances were enough for an interval: one pair gives none, and the judge writes all there is."""
    return effect.low > -1 and effect.high < _NO_BOUND


def claimed_text(verdict: Verdict) -> str:
    """The gain that the finding may claim, rounded down."""
    if verdict.win is None or verdict.gain is None:
        return NOT_MEASURED
    return gain_text(HEADLINE[verdict.win], verdict.gain)


def least_text(verdict: Verdict) -> str:
    """The least gain that the intervals leave possible, over the metrics that had to gain; rounded down."""
    if verdict.win is None:
        return NOT_MEASURED
    shown = [effect for effect in verdict.effects if effect.metric in MUST_GAIN[verdict.win]]
    bounds = [effect.low if effect.metric == "accuracy" else -effect.high for effect in shown]
    return gain_text(HEADLINE[verdict.win], min(bounds)) if bounds else NOT_MEASURED


def gather_facts(experiment: Experiment) -> Facts:
    """All figures of an experiment. Every name in REFERENCES is there; what was not measured says so."""
    figures = {name: Figure(NOT_MEASURED) for name in REFERENCES}
    changes: dict[Quantity, float] = {}
    for metric in METRICS:
        effect = effect_of(experiment.verdict, metric)
        if effect is not None:
            figures |= _level_figures(metric, effect.before, effect.after, effect.change)
            figures |= _bound_figures(effect)
            changes[metric] = effect.change
    samples = samples_effect(experiment)
    if samples is not None:
        figures |= _level_figures("samples", *samples)
        changes["samples"] = samples[2]
    return Facts(figures | _run_figures(experiment), changes)


def _level_figures(quantity: Quantity, before: float, after: float, change: float) -> dict[str, Figure]:
    gain = gain_text(quantity, gain_of(quantity, change))
    return {
        f"{quantity}.before": Figure(level_text(quantity, before), quantity, "before", before),
        f"{quantity}.after": Figure(level_text(quantity, after), quantity, "after", after),
        f"{quantity}.change": Figure(change_text(quantity, change), quantity, "change"),
        f"gain.{quantity}": Figure(gain, quantity, "gain"),
    }


def _bound_figures(effect: Effect) -> dict[str, Figure]:
    low, high = change_text(effect.metric, effect.low), change_text(effect.metric, effect.high)
    return {
        f"{effect.metric}.low": Figure(low, effect.metric, "low"),
        f"{effect.metric}.high": Figure(high, effect.metric, "high"),
    }


def _run_figures(experiment: Experiment) -> dict[str, Figure]:
    verdict = experiment.verdict
    before, after = solved_texts(experiment)
    headline = None if verdict.win is None else HEADLINE[verdict.win]
    return {
        "solved.before": Figure(before),
        "solved.after": Figure(after),
        "instances": Figure(f"{len(experiment.evidence.confirm):,}"),
        "looks": Figure(f"{verdict.looks:,}"),
        "gain.claimed": Figure(claimed_text(verdict), headline, "gain"),
    }


REFERENCES: tuple[str, ...] = (
    *(f"{quantity}.{part}" for quantity in QUANTITIES for part in ("before", "after", "change")),
    *(f"{metric}.{bound}" for metric in METRICS for bound in ("low", "high")),
    *(f"gain.{quantity}" for quantity in QUANTITIES),
    *("gain.claimed", "solved.before", "solved.after", "instances", "looks"),
)
