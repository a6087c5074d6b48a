"""One comparison as a table for the terminal: incumbent, candidate, change and interval, a metric a line.

Promises: every number comes from the verdict's effects or from the pairs it was derived from. Does not cover: findings,
whose rounding is one-sided (`finding.references`); here it is to the nearest.
"""

from collections.abc import Sequence
from statistics import fmean

from harness.finding.references import has_interval
from harness.judge import NAMES
from harness.records import Effect, Evidence, Metric, Pair, Verdict

HEADER = ("", "incumbent", "candidate", "change", "interval at the win's level")
FORMATS: dict[Metric, str] = {"ard": ",.1f", "dmd": ",.0f", "reuse": ",.0f", "traffic": ",.0f", "accuracy": ".2%"}


def measurement_table(verdict: Verdict, evidence: Evidence) -> list[str]:
    """The lines of the table for a verdict that rests on measurements."""
    pairs = evidence.confirm or evidence.screen
    rows = [HEADER, *(_effect_row(effect) for effect in verdict.effects), _samples_row(pairs), _solved_row(pairs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return ["  " + _aligned(row, widths) for row in rows] + [f"  {_note(verdict, pairs)}"]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (cell.ljust(width) if at == 0 else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
    return "   ".join([first, *others]).rstrip()


def _effect_row(effect: Effect) -> tuple[str, ...]:
    shown = FORMATS[effect.metric]
    change = _change(effect.metric, effect.change)
    interval = f"{_change(effect.metric, effect.low)} to {_change(effect.metric, effect.high)}"
    name = "test accuracy" if effect.metric == "accuracy" else NAMES[effect.metric]
    interval = interval if has_interval(effect) else "one instance"
    return name, f"{effect.before:{shown}}", f"{effect.after:{shown}}", change, interval


def _change(metric: Metric, change: float) -> str:
    return f"{100 * change:+.2f} points" if metric == "accuracy" else f"{change:+.2%}"


def _samples_row(pairs: Sequence[Pair]) -> tuple[str, ...]:
    theirs, ours = fmean(p.incumbent.samples for p in pairs), fmean(p.candidate.samples for p in pairs)
    return "samples to solve", f"{theirs:,.0f}", f"{ours:,.0f}", f"{ours / theirs - 1:+.2%}", ""


def _solved_row(pairs: Sequence[Pair]) -> tuple[str, ...]:
    theirs, ours = sum(p.incumbent.solved for p in pairs), sum(p.candidate.solved for p in pairs)
    return "solved instances", f"{theirs} of {len(pairs)}", f"{ours} of {len(pairs)}", "", ""


def _note(verdict: Verdict, pairs: Sequence[Pair]) -> str:
    instances = "one instance" if len(pairs) == 1 else f"{len(pairs)} paired instances"
    compared = "bit-identical predictions, compared exactly" if verdict.exact else "predictions differ"
    return f"({instances}; {compared})"
