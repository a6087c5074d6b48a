"""The closing lines of a run: what was found, where it is, and what to do next.

Does not cover: what is shown while it runs.
"""

import math

from harness import finding, predictions
from harness.console.words import numbers
from harness.judge import NAMES
from harness.proposers.bill import recorded_cost
from harness.records import Cost, Experiment
from harness.run import TRANSCRIPTS, Run, Settings, kept, proposals


def summary(run: Run, stopped: str) -> str:
    """The closing lines: what was found, where it is, and what to do next."""
    rows = run.ledger.rows
    if not rows:
        return f"stopped before the baseline was measured ({stopped}); the same command goes on"
    done, wins = proposals(rows), kept(rows)
    baseline = rows[0].evidence.screen[0].candidate
    lines = ["", f"run {run.settings.run}: {len(done)} of {run.settings.budget} experiments, {stopped}"]
    lines.append(f"  baseline  {numbers(baseline)}")
    if wins:
        lines.append(f"  best      {numbers(run.incumbent().screen)}  (paired, in all: {_in_all(wins)})")
    else:
        lines.append("  best      the baseline: nothing beat it")
    lines += [f"  kept      {row.number}: {finding.headline(row)} ({finding.paths(row).finding})" for row in wins]
    lines.append("  verdicts  " + ", ".join(f"{count} {name}" for name, count in _tally(done).items()))
    nulls = [r for r in rows if r.kind == "null"]
    if nulls:
        false = sum(r.verdict.outcome == "kept" for r in nulls)
        lines.append(f"  null rows {false} of {len(nulls)} kept (an experiment that changes nothing; should be 0)")
    predicted = predictions.sentence(predictions.score(done))
    if predicted:
        lines.append(f"  predicted {predicted}")
    pending = recorded_cost(run.folder / TRANSCRIPTS, len(rows))
    costs = [*(row.cost for row in rows), pending]
    if any(cost.calls or cost.lost_calls for cost in costs):
        lines += _spent(costs, len(wins))
    if pending.calls or pending.lost_calls:
        lines.append(f"            experiment {len(rows)} included, which was asked for and is not recorded yet")
    return "\n".join([*lines, *_next_steps(run, has_findings=bool(wins))])


def _spent(costs: list[Cost], wins: int) -> list[str]:
    """Dollars, dollars a finding, tokens and the cache's share, and what lost replies may have cost."""
    input_, output = sum(cost.input_tokens for cost in costs), sum(cost.output_tokens for cost in costs)
    share = sum(cost.cached_tokens for cost in costs) / input_ if input_ else 0.0
    known = [cost.dollars for cost in costs if cost.dollars is not None]
    dollars = math.fsum(known)
    spent = f"{dollars:.2f} dollars" if len(known) == len(costs) else "cost unknown"
    if len(known) == len(costs) and wins:
        spent += f", {dollars / wins:.2f} a kept finding"
    calls = sum(cost.calls for cost in costs)
    lines = [f"  spent     {spent}; {calls} replies, {input_:,} tokens in ({share:.0%} from the cache), {output:,} out"]
    lost = sum(cost.lost_calls for cost in costs)
    if lost:
        worst = [cost.lost_dollars for cost in costs if cost.lost_dollars is not None]
        most = f"up to {math.fsum(worst):.2f} dollars more" if len(worst) == len(costs) else "at a cost unknown"
        lines.append(f"  lost      {lost} replies never arrived, and may have been billed {most}")
    return lines


def _in_all(wins: list[Experiment]) -> str:
    """Cumulative paired change over the kept experiments, per metric."""
    parts = []
    for metric in ("ard", "dmd", "traffic"):
        factor = math.prod(1 + e.change for row in wins for e in row.verdict.effects if e.metric == metric)
        parts.append(f"{NAMES[metric]} {factor - 1:+.1%}")
    return ", ".join(parts)


def _tally(rows: list[Experiment]) -> dict[str, int]:
    names = [r.verdict.outcome for r in rows]
    return {name: names.count(name) for name in ("kept", "discarded", "inconclusive", "invalid")}


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
    command = go_on(run.settings, len(proposals(run.ledger.rows)), run.worked.hours())
    return [*lines, f"  go on                {command}"]


def go_on(settings: Settings, done: int, worked: float = 0.0) -> str:
    """The command that goes on with a run: the same limits, larger ones where they are used.

    `done` counts proposals, `worked` hours.
    """
    hours = settings.max_hours
    if hours is not None and worked >= hours:
        hours *= 2
    is_used = done >= settings.budget
    command = f"python loop.py --run {settings.run} --task {settings.task} --proposer {settings.proposer}"
    command += {"scripted": " --script FILE", "replay": f" --replay {settings.replay}"}.get(settings.proposer, "")
    command += "" if hours is None else f" --max-hours {hours:g}"
    command += "" if settings.max_usd is None else f" --max-usd {settings.max_usd:g}"
    return f"{command} --budget {settings.budget + 20 * is_used}"
