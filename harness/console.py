"""What a person sees while the loop runs: one line an experiment, its left half printed before the work starts.

Promises: plain lines, readable in a log file; nothing is parsed back from here. Does not cover: the ledger.
"""

import math
import sys
from contextlib import suppress
from io import TextIOWrapper
from types import TracebackType
from typing import Self, TextIO

from harness import finding, predictions
from harness.judge import NAMES
from harness.records import Experiment, Measurement, Stage
from harness.run import Run, kept, proposals
from harness.sandbox import printable
from harness.totals import Spend, Tally, total

TITLE_WIDTH = 46


class Console:
    """Prints the run; a context that ends a line left open. On a terminal the stage in progress is shown."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._is_open = False
        if isinstance(out, TextIOWrapper):
            out.reconfigure(errors="replace")  # a title may hold what this terminal has no sign for

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._is_open and not self._out.closed:
            with suppress(OSError):
                self.say("")

    def say(self, text: str) -> None:
        """The rest of the open line, or a whole one."""
        self._is_open = False
        print(text, file=self._out, flush=True)

    def begin(self, position: str) -> None:
        """The left edge of an experiment's line, before the proposer is asked."""
        self._is_open = True
        print(f"{position:>7}  ", end="", file=self._out, flush=True)

    def title(self, title: str) -> None:
        """What the experiment is, before it is tried."""
        short = title if len(title) <= TITLE_WIDTH else title[: TITLE_WIDTH - 1] + "…"
        print(f"{short:.<{TITLE_WIDTH}} ", end="", file=self._out, flush=True)

    def stage(self, stage: Stage) -> None:
        """The stage that begins, where it can be overwritten."""
        if self._out.isatty():
            print(f"{stage:<12}", end="\b" * 12, file=self._out, flush=True)

    def instance(self, number: int, most: int) -> None:
        """The confirm instance that begins, of so many at most, where it can be overwritten."""
        if self._out.isatty():
            progress = f"confirm {number}/{most}"
            print(f"{progress:<14}", end="\b" * 14, file=self._out, flush=True)

    def end(self, row: Experiment) -> None:
        """The right half, and the reason of what did not come to a measurement."""
        verdict = row.verdict
        measured = f"{_effects(row)}  " if verdict.effects else ""
        self.say(f"{verdict.outcome:<12} {measured}{row.seconds:.1f} s{_objection(row)}")
        if not verdict.effects and verdict.outcome != "kept":
            self.say(f"{'':>9}{verdict.stage}: {first_line(verdict.reason)}")

    def baseline(self, row: Experiment) -> None:
        """The right half of experiment 0."""
        self.say(f"{'measured':<12} {_numbers(row.evidence.screen[0].candidate)}  {row.seconds:.1f} s")


def _objection(row: Experiment) -> str:
    """Why numbers that may look like a gain are none, in the judge's few words before the numbers."""
    verdict = row.verdict
    said = verdict.outcome != "kept" and bool(verdict.effects)
    return f"  ({first_line(verdict.reason).split(':', 1)[0]})" if said else ""


def _effects(row: Experiment) -> str:
    effects = {e.metric: e for e in row.verdict.effects}
    ard, dmd, accuracy = effects["ard"], effects["dmd"], effects["accuracy"]
    return f"ARD {ard.after:,.0f} ({ard.change:+.1%})  DMD {dmd.change:+.1%}  accuracy {accuracy.after:.1%}"


def _numbers(measured: Measurement) -> str:
    return f"ARD {measured.ard:,.0f}  DMD {measured.dmd:.3g}  accuracy {measured.accuracy:.1%}"


def first_line(text: str, cap: int = 160) -> str:
    """The first line of a reason, capped and without control characters."""
    line = printable(text.split("\n", 1)[0])
    return line if len(line) <= cap else line[: cap - 1] + "…"


def summary(run: Run, stopped: str) -> str:
    """The closing lines: what was found, where it is, and what to do next."""
    rows = run.ledger.rows
    if not rows:
        return f"stopped before the baseline was measured ({stopped}); the same command goes on"
    tally, wins = total(rows, Tally), kept(rows)
    baseline = rows[0].evidence.screen[0].candidate
    lines = ["", f"run {run.settings.run}: {tally.proposals} of {run.settings.budget} experiments, {stopped}"]
    lines.append(f"  baseline  {_numbers(baseline)}")
    if wins:
        lines.append(f"  best      {_numbers(run.incumbent().screen)}  (paired, in all: {_in_all(wins)})")
    else:
        lines.append("  best      the baseline: nothing beat it")
    lines += [f"  kept      {row.number}: {finding.headline(row)} ({finding.paths(row).finding})" for row in wins]
    lines.append("  verdicts  " + ", ".join(f"{count} {name}" for name, count in tally.outcomes.items()))
    if tally.nulls:
        kept_nulls = f"{tally.nulls_kept} of {len(tally.nulls)} kept"
        lines.append(f"  null rows {kept_nulls} (an experiment that changes nothing; should be 0)")
    predicted = predictions.sentence(predictions.score(rows))
    if predicted:
        lines.append(f"  predicted {predicted}")
    spend = total(rows, Spend)
    if spend.calls or spend.lost_calls:
        lines += _spent(spend, len(wins))
    return "\n".join([*lines, *_next_steps(run, has_findings=bool(wins))])


def _spent(spend: Spend, wins: int) -> list[str]:
    """Dollars, dollars a finding, tokens and the cache's share, and what lost replies may have cost."""
    input_, output = spend.input_tokens, spend.output_tokens
    share = spend.cached_tokens / input_ if input_ else 0.0
    is_known, dollars = spend.dollars.count == spend.rows, spend.dollars.value
    spent = f"{dollars:.2f} dollars" if is_known else "cost unknown"
    if is_known and wins:
        spent += f", {dollars / wins:.2f} a kept finding"
    lines = [
        f"  spent     {spent}; {spend.calls} replies, {input_:,} tokens in ({share:.0%} from the cache), {output:,} out"
    ]
    if spend.lost_calls:
        is_known = spend.lost.count == spend.rows
        most = f"up to {spend.lost.value:.2f} dollars more" if is_known else "at a cost unknown"
        lines.append(f"  lost      {spend.lost_calls} replies never arrived, and may have been billed {most}")
    return lines


def _in_all(wins: list[Experiment]) -> str:
    """Cumulative paired change over the kept experiments, per metric."""
    parts = []
    for metric in ("ard", "dmd", "traffic"):
        factor = math.prod(1 + e.change for row in wins for e in row.verdict.effects if e.metric == metric)
        parts.append(f"{NAMES[metric]} {factor - 1:+.1%}")
    return ", ".join(parts)


def _next_steps(run: Run, *, has_findings: bool) -> list[str]:
    name, base = run.settings.run, run.settings.baseline[:12]
    lines = ["next:"]
    if has_findings:
        lines += [
            f"  read the findings    git log --stat {base}..{run.branch}    (or: git show {run.branch}:DISCOVERIES.md)",
            f"  audit them           python -m harness verify --run {name}",
            f"  measure them again   python -m harness verify --run {name} --rerun kept",
            f"  take them over       git merge {run.branch}",
        ]
    return [*lines, f"  go on                {_go_on(run)}"]


def _go_on(run: Run) -> str:
    """The command that goes on with the run: the same budget if it is not used yet, else a larger one."""
    settings = run.settings
    is_used = proposals(run.ledger.rows) >= settings.budget
    command = f"python loop.py --run {settings.run} --task {settings.task} --proposer {settings.proposer}"
    command += {"scripted": " --script FILE", "replay": f" --replay {settings.replay}"}.get(settings.proposer, "")
    return f"{command} --budget {settings.budget + 20 * is_used}"
