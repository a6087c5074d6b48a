"""The run for a program: one strict JSON object a line, field by field in docs/overnight.md.

Promises: nothing else is on standard output; no NaN, no infinity. Does not cover: notices for people, which are left
out, and errors, which are on standard error.
"""

import json
import sys
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec

from harness import finding
from harness.console.view import Limits
from harness.finding.references import has_interval
from harness.interrupt import write_notice
from harness.progress import IN_ALL, Progress, progress_of
from harness.proposers.options import Wait
from harness.records import Effect, Experiment, Measurement, Stage
from harness.run import Run, kept, proposals_done
from harness.totals import OUTCOMES


class JsonLines:
    """Writes the run; a context that holds nothing."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def interrupted(self) -> None:
        """Say so on standard error."""
        write_notice()

    def follow(self, run: Run, limits: Limits) -> None:
        """Which run this is."""
        settings = run.settings
        self._write(
            "run",
            run=settings.run,
            task=settings.task,
            proposer=settings.proposer,
            branch=run.branch,
            commit=settings.baseline,
            budget=settings.budget,
            experiments=proposals_done(run.ledger.rows),
            max_usd=limits.max_usd,
        )

    def say(self, text: str) -> None:
        """For people."""

    def begin(self, position: str) -> None:
        """Not an event: see `end`."""

    def waiting(self, wait: Wait) -> None:
        """The proposer waits."""
        self._write("waiting", **msgspec.to_builtins(wait))

    def title(self, title: str) -> None:
        """As `begin`."""

    def stage(self, stage: Stage) -> None:
        """As `begin`."""

    def instance(self, number: int, most: int) -> None:
        """As `begin`."""

    def end(self, row: Experiment) -> None:
        """One experiment, or the baseline."""
        name = "baseline" if row.kind == "baseline" else "experiment"
        self._write(name, **row_object(row))

    def summary(self, run: Run, stopped: str) -> None:
        """How the run stands where it stops."""
        rows = run.ledger.rows
        findings = [{"number": row.number, "finding": str(finding.paths(row).finding)} for row in kept(rows)]
        standing = progress_object(progress_of(rows))
        self._write("summary", run=run.settings.run, stopped=stopped, budget=run.settings.budget, **standing,
                    findings=findings)  # fmt: skip

    def _write(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, allow_nan=False)
        print(line, file=self._out, flush=True)


def row_object(row: Experiment) -> dict[str, Any]:
    """What a row says, without its evidence instance by instance: that is in the ledger."""
    verdict = row.verdict
    return {
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "outcome": verdict.outcome,
        "stage": verdict.stage,
        "reason": verdict.reason,
        "win": verdict.win,
        "gain": verdict.gain,
        "measured": _measured(row.evidence.screen[0].candidate) if row.evidence.screen else None,
        "changes": {effect.metric: _change(effect) for effect in verdict.effects},
        "commit": row.commit,
        "model": row.model,
        "dollars": row.cost.dollars,
        "started": row.started,
        "seconds": row.seconds,
    }


def progress_object(progress: Progress) -> dict[str, Any]:
    """How a run stands."""
    return {
        "experiments": progress.done,
        "outcomes": {name: getattr(progress, name) for name in OUTCOMES},
        "null_rows": progress.nulls,
        "null_rows_kept": progress.nulls_kept,
        "baseline": _measured(progress.baseline),
        "best": _measured(progress.best or progress.baseline),
        "in_all": {m: f - 1 for m, f in zip(IN_ALL, progress.factors, strict=True)},
        "dollars": progress.dollars,
        "lost_dollars": progress.lost_dollars,
    }


def _measured(measured: Measurement | None) -> dict[str, float] | None:
    """The numbers of one measurement, on one instance."""
    if measured is None:
        return None
    names = ("ard", "dmd", "reuse", "traffic", "accuracy", "samples", "solved")
    return {name: getattr(measured, name) for name in names}


def _change(effect: Effect) -> dict[str, float | None]:
    """Paired; the interval is null where one instance gives none."""
    low, high = (effect.low, effect.high) if has_interval(effect) else (None, None)
    return {"before": effect.before, "after": effect.after, "change": effect.change, "low": low, "high": high}
