"""`python -m harness status`: where a run stands, from outside: while it runs, when it ended, and after a crash.

Promises: only reads (`run.outside`). Does not cover: the stage in progress, which only the loop's own view knows.
"""

import argparse
import json
import math
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from harness import finding
from harness.cli import Parser
from harness.commands import counted
from harness.commands.watched import Sight, watch
from harness.console.json_lines import progress_object
from harness.console.sparkline import ASCII_BARS, BARS, sparkline
from harness.console.summary import begin_another, best_lines, go_on, next_steps
from harness.console.times import Left, duration, end_words, estimate_of, left_words
from harness.console.words import short
from harness.flags import above_zero
from harness.git import Repository
from harness.progress import Progress, progress_of
from harness.run import Settings, kept
from harness.run.branch import is_rejected
from harness.run.names import branch_of, ref_of
from harness.run.outside import Seen, begun_names, is_at_work, recorded_names, see_run
from harness.sandbox import printable
from harness.totals import OUTCOMES

MOST_BARS = 60
EVERY_S = 2.0  # a look at 100,000 rows takes a fifth of a second


@dataclass(frozen=True, slots=True)
class StatusArguments:
    """What was asked for; --help says what each means."""

    run: str | None
    json: bool
    watch: float | None


def main(argv: list[str], root: Path) -> int:
    """Show where a run stands; 0, or 1 if the end of its ledger was torn off."""
    arguments = _arguments(argv)
    repository = Repository.open(root, allow_in_progress=True)
    names = begun_names(repository)
    name = arguments.run or _latest(repository, names)
    if name is None:
        print(json.dumps({"command": "status", "run": None}) if arguments.json else _nothing(repository))
        return 0
    if arguments.watch is not None:
        look = partial(_look, repository, name, is_json=arguments.json)
        return watch(look, arguments.watch, sys.stdout, has_lines=arguments.json)
    seen = see_run(repository, name)
    others = [other for other in names if other != name]
    report = _report(repository, seen, others)
    print(json.dumps(_document(seen, others), indent=1, allow_nan=False) if arguments.json else "\n".join(report))
    return int(seen.torn > 0)


def _arguments(argv: list[str]) -> StatusArguments:
    parser = Parser(prog="python -m harness status", description=_ABOUT)
    parser.add_argument("run", nargs="?", metavar="RUN", help="default: the one at work, else the last one")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    again = "look again every SECONDS (default: %(const)s) until the run ends or Ctrl-C: in place on a terminal, "
    again += "else a line when something happened; with --json an object a line"
    parser.add_argument("--watch", nargs="?", type=_period, const=EVERY_S, metavar="SECONDS", help=again)
    return StatusArguments(**vars(parser.parse_args(argv)))


def _period(text: str) -> float:
    seconds = above_zero(text)
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.1 to 86400 seconds")
    return seconds


_ABOUT = (
    "Where a run stands: who works on it and since when, what was found so far, when it will end, or how to go on. "
    "Reads its ledger only, and disturbs nobody: run it beside the loop as often as you like."
)


def _latest(repository: Repository, names: list[str]) -> str | None:
    """The run at work, else the one that was worked on last."""
    at_work = [name for name in names if is_at_work(repository, name)]
    return next(iter(at_work + names), None)


def _nothing(repository: Repository) -> str:
    recorded = recorded_names(repository)
    known = f" (recorded in results/: {', '.join(recorded)})" if recorded else ""
    return f"no run here yet{known}; begin one: python loop.py --budget 20"


def _look(repository: Repository, name: str, *, is_json: bool) -> Sight:
    """The run as it is now, for who watches it."""
    seen = see_run(repository, name)
    others, progress = [other for other in begun_names(repository) if other != name], progress_of(seen.rows)
    news = json.dumps(_document(seen, others), allow_nan=False) if is_json else _news(seen, progress)
    report = tuple(_report(repository, seen, others))
    happened = (seen.state, len(seen.rows), seen.holder.pid if seen.holder else 0)
    return Sight(report, news, happened, seen.state not in {"running", "unknown"}, int(seen.torn > 0))


def _news(seen: Seen, progress: Progress) -> str:
    parts = [f"run {seen.name}: {_state(seen, progress, is_brief=True)}", _counts(progress)]
    return "; ".join([*parts, *(" ".join(line.split(maxsplit=1)) for line in _latest_row(seen))])


def _report(repository: Repository, seen: Seen, others: list[str]) -> list[str]:
    progress = progress_of(seen.rows)
    lines = [f"run {seen.name}: {_state(seen, progress)}"]
    lines += best_lines(progress) + _chart(progress)
    lines.append(f"  done      {_counts(progress)}")
    if progress.calls:
        spent = "cost unknown" if progress.dollars is None else f"{progress.dollars:.2f} dollars"
        lines.append(f"  spent     {spent}, {counted(progress.calls, 'request')}")
    lines += _latest_row(seen) + _what_next(repository, seen, progress)
    if others:
        lines.append(f"  others    {', '.join(others)}  (python -m harness status RUN)")
    return lines


def _state(seen: Seen, progress: Progress, *, is_brief: bool = False) -> str:
    settings, holder = seen.settings, seen.holder
    if settings is None:
        return f"recorded in results/{seen.name}/: {counted(progress.done, 'experiment')}"
    at = f"experiment {progress.done + 1} of {settings.budget}" if seen.rows else "the baseline"
    if progress.done >= settings.budget:
        at = "its closing commit"
    if holder is None:
        why = "its budget is used" if seen.state == "ended" else "it was interrupted, out of time, or paused"
        return f"{seen.state} after {progress.done} of {settings.budget} experiments: {why}"
    who = printable(f"pid {holder.pid} on {holder.host} since {holder.since} ({holder.command})")
    if seen.state == "killed":
        return f"killed at {at}: {who} is no more"
    if seen.state == "unknown":
        return f"at {at}, by {who}; whether it is still at work cannot be told from this machine"
    return f"running, at {at}" if is_brief else f"running, at {at}{_for_how_long(seen)}, by {who}"


def _for_how_long(seen: Seen) -> str:
    if not seen.rows:
        return ""
    last = seen.rows[-1]
    elapsed = datetime.now(UTC).timestamp() - datetime.fromisoformat(last.started).timestamp() - last.seconds
    return f" for {duration(max(elapsed, 0.0))}"


def _chart(progress: Progress) -> list[str]:
    if progress.baseline is None:
        return []
    ards = [progress.baseline.ard, *(ard for ard, _ in progress.screened)][-MOST_BARS:]
    if len(ards) < 2:
        return []
    bars = BARS if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII_BARS
    return [f"  ARD       {sparkline(ards, bars)}  {max(ards):,.0f} to {min(ards):,.0f}, log scale"]


def _counts(progress: Progress) -> str:
    counts = ", ".join(f"{getattr(progress, name)} {name}" for name in OUTCOMES)
    nulls = f"; {progress.nulls_kept} of {counted(progress.nulls, 'null row')} kept" if progress.nulls else ""
    return counts + nulls


def _latest_row(seen: Seen) -> list[str]:
    if len(seen.rows) < 2:
        return []
    last = seen.rows[-1]
    where = finding.position(last, [row.number for row in kept(seen.rows)])
    return [f"  last      {where}: {short(printable(last.title))}: {last.verdict.outcome}"]


def _what_next(repository: Repository, seen: Seen, progress: Progress) -> list[str]:
    settings = seen.settings
    if settings is None:
        return [f"  audit     python -m harness verify --run {seen.name}"]
    lines = []
    if seen.state in {"running", "unknown"}:
        left = _left(seen, settings)
        lines.append(f"  left      {', '.join(left_words(progress, left))}")
        lines.append(f"  end       {end_words(progress, left, 0.0)}")
        return lines
    if seen.torn:
        lines.append(f"  torn      the last {seen.torn} bytes of the ledger, by a crash; going on sets them aside")
    found, is_refused = progress.kept > 0, is_rejected(repository, seen.name)
    if seen.state == "ended":
        worked = seen.worked_hours
        return [*lines, *next_steps(settings, progress.done, has_findings=found, is_rejected=is_refused, worked=worked)]
    if seen.rows and repository.ref(ref_of(seen.name)) is None:
        lines.append(f"  branch    {branch_of(seen.name)} is gone; going on says how to restore it")
    if is_refused:
        return [*lines, f"  another   {begin_another(settings)}"]
    return [*lines, f"  go on     {go_on(settings, progress.done, seen.worked_hours)}"]


def _left(seen: Seen, settings: Settings) -> Left:
    """What the flags of the last start leave."""
    hours = math.inf if settings.max_hours is None else settings.max_hours - seen.worked_hours
    return Left(settings.budget, hours, settings.max_usd)


def _document(seen: Seen, others: list[str]) -> dict[str, Any]:
    progress, settings = progress_of(seen.rows), seen.settings
    return {
        "command": "status",
        "run": seen.name,
        "state": seen.state,
        "holder": asdict(seen.holder) if seen.holder else None,
        "task": settings.task if settings else seen.rows[0].task if seen.rows else None,
        "proposer": settings.proposer if settings else None,
        "branch": branch_of(seen.name),
        "budget": settings.budget if settings else None,
        **progress_object(progress),
        "max_hours": settings.max_hours if settings else None,
        "max_usd": settings.max_usd if settings else None,
        "worked_hours": seen.worked_hours,
        "estimate": _estimate(progress, _left(seen, settings)) if settings else None,
        "torn_bytes": seen.torn,
        "go_on": go_on(settings, progress.done, seen.worked_hours) if settings else None,
        "others": others,
    }


def _estimate(progress: Progress, left: Left) -> dict[str, float] | None:
    """Seconds to the end, were it at work now."""
    found = estimate_of(progress, left)
    return None if found is None else {"low_s": found.low, "high_s": found.high, "of": found.of}
