"""The words of one experiment's line, the same on a terminal and in a log file.

Promises: one harmless line, whatever a title or a reason holds. Does not cover: where and when it is printed.
"""

from harness.judge import NAMES
from harness.progress import IN_ALL, Progress
from harness.records import Experiment, Measurement
from harness.sandbox import printable

TITLE_WIDTH = 46


def left(position: str) -> str:
    """The left edge of an experiment's line."""
    return f"{position:>7}  "


def short(title: str, width: int = TITLE_WIDTH) -> str:
    """A title of at most so many characters."""
    return title if len(title) <= width else title[: width - 1] + "…"


def right(row: Experiment) -> str:
    """The right half: what became of it; and on a line of its own the reason of what was not measured."""
    verdict = row.verdict
    if row.kind == "baseline":
        return f"{'measured':<12} {numbers(row.evidence.screen[0].candidate)}  {row.seconds:.1f} s"
    measured = f"{_effects(row)}  " if verdict.effects else ""
    line = f"{verdict.outcome:<12} {measured}{row.seconds:.1f} s{_objection(row)}"
    if verdict.effects or verdict.outcome == "kept":
        return line
    return f"{line}\n{'':>9}{verdict.stage}: {first_line(verdict.reason)}"


def numbers(measured: Measurement) -> str:
    """A measurement in a few words."""
    return f"ARD {measured.ard:,.0f}  DMD {measured.dmd:.3g}  accuracy {measured.accuracy:.1%}"


def changes_in_all(progress: Progress) -> str:
    """What all that was kept changed, paired."""
    factors = zip(IN_ALL, progress.factors, strict=True)
    return ", ".join(f"{NAMES[metric]} {factor - 1:+.1%}" for metric, factor in factors)


def first_line(text: str, cap: int = 160) -> str:
    """The first line of a reason, capped and without control characters."""
    line = printable(text.split("\n", 1)[0])
    return line if len(line) <= cap else line[: cap - 1] + "…"


def _objection(row: Experiment) -> str:
    """Why numbers that may look like a gain are none, in the judge's few words before the numbers."""
    verdict = row.verdict
    said = verdict.outcome != "kept" and bool(verdict.effects)
    return f"  ({first_line(verdict.reason).split(':', 1)[0]})" if said else ""


def _effects(row: Experiment) -> str:
    effects = {e.metric: e for e in row.verdict.effects}
    ard, dmd, accuracy = effects["ard"], effects["dmd"], effects["accuracy"]
    return f"ARD {ard.after:,.0f} ({ard.change:+.1%})  DMD {dmd.change:+.1%}  accuracy {accuracy.after:.1%}"
