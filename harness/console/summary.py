"""The closing lines of a run: what was found, where it is, and what to do next.

Does not cover: what is shown while it runs.
"""

from copy import deepcopy

from harness import finding, predictions
from harness.console.words import changes_in_all, numbers
from harness.progress import Progress, progress_of
from harness.proposers.bill import recorded_cost
from harness.run import Run, Settings, kept
from harness.run.names import TRANSCRIPTS, branch_of
from harness.totals import Spend, Tally, total


def summary(run: Run, stopped: str) -> str:
    """The closing lines: what was found, where it is, and what to do next."""
    rows = run.ledger.rows
    if not rows:
        return f"stopped before the baseline was measured ({stopped}); the same command goes on"
    tally, wins = total(rows, Tally), kept(rows)
    lines = ["", f"run {run.settings.run}: {tally.proposals} of {run.settings.budget} experiments, {stopped}"]
    lines += best_lines(progress_of(rows))
    published = [row.number for row in wins]
    lines += [
        f"  kept      {finding.position(row, published)}: {finding.headline(row)} ({finding.paths(row).finding})"
        for row in wins
    ]
    lines.append("  verdicts  " + ", ".join(f"{count} {name}" for name, count in tally.outcomes.items()))
    if tally.nulls:
        kept_nulls = f"{tally.nulls_kept} of {len(tally.nulls)} kept"
        lines.append(f"  null rows {kept_nulls} (an experiment that changes nothing; should be 0)")
    predicted = predictions.sentence(predictions.score(rows))
    if predicted:
        lines.append(f"  predicted {predicted}")
    spend, now = deepcopy(total(rows, Spend)), recorded_cost(run.folder / TRANSCRIPTS, len(rows))
    if now.calls or now.lost_calls:
        spend.put(now, len(rows))
    if spend.calls or spend.lost_calls:
        lines += _spent(spend, len(wins))
    if now.calls or now.lost_calls:
        lines.append(f"            experiment {len(rows)} included, which was asked for and is not recorded yet")
    steps = next_steps(run.settings, tally.proposals, has_findings=bool(wins), worked=run.worked.hours())
    return "\n".join([*lines, *steps])


def _spent(spend: Spend, wins: int) -> list[str]:
    """Dollars, dollars a finding, tokens and the cache's share, and what lost replies may have cost."""
    input_, output = spend.input_tokens, spend.output_tokens
    share = spend.cached_tokens / input_ if input_ else 0.0
    dollars, lost = spend.known_dollars, spend.known_lost
    spent = "cost unknown" if dollars is None else f"{dollars:.2f} dollars"
    if dollars is not None and wins:
        spent += f", {dollars / wins:.2f} a kept finding"
    lines = [
        f"  spent     {spent}; {spend.calls} replies, {input_:,} tokens in ({share:.0%} from the cache), {output:,} out"
    ]
    if spend.lost_calls:
        most = "at a cost unknown" if lost is None else f"up to {lost:.2f} dollars more"
        lines.append(f"  lost      {spend.lost_calls} replies never arrived, and may have been billed {most}")
    return lines


def best_lines(progress: Progress) -> list[str]:
    """Baseline and best, each on one instance, and what all that was kept changed; none before the baseline."""
    if progress.baseline is None:
        return []
    best = "the baseline: nothing beat it"
    if progress.best is not None:
        best = f"{numbers(progress.best)}  (paired, in all: {changes_in_all(progress)})"
    return [f"  baseline  {numbers(progress.baseline)}", f"  best      {best}"]


def next_steps(
    settings: Settings, done: int, *, has_findings: bool, is_rejected: bool = False, worked: float = 0.0
) -> list[str]:
    """The commands that come next, after `done` proposals and `worked` hours; `is_rejected`: a review rejected one."""
    name, base, branch = settings.run, settings.baseline[:12], branch_of(settings.run)
    lines = ["next:", f"  see it as a page     python -m harness report {name}"]
    if has_findings:
        lines += [
            f"  review the findings  python -m harness review {name}    (or read: git log --stat {base}..{branch})",
            f"  audit them           python -m harness verify --run {name}",
            f"  measure them again   python -m harness verify --run {name} --rerun kept",
            f"  take them over       python -m harness merge {name}",
        ]
    if is_rejected:
        return [*lines, f"  begin another run    {begin_another(settings)}"]
    return [*lines, f"  go on                {go_on(settings, done, worked)}"]


def begin_another(settings: Settings) -> str:
    """What follows a run that a rejection has closed."""
    command = f"python loop.py --task {settings.task} {_proposer(settings)} --budget {settings.budget}"
    return f"{command}    (this one is closed: a finding of it was rejected)"


def go_on(settings: Settings, done: int, worked: float = 0.0) -> str:
    """The command that goes on with a run: the same limits, larger ones where they are used.

    `done` counts proposals, `worked` hours.
    """
    hours = settings.max_hours
    if hours is not None and worked >= hours:
        hours *= 2
    is_used = done >= settings.budget
    command = f"python loop.py --run {settings.run} --task {settings.task} {_proposer(settings)}"
    command += "" if hours is None else f" --max-hours {hours:g}"
    command += "" if settings.max_usd is None else f" --max-usd {settings.max_usd:g}"
    return f"{command} --budget {settings.budget + 20 * is_used}"


def _proposer(settings: Settings) -> str:
    source = {"scripted": " --script FILE", "replay": f" --replay {settings.replay}"}.get(settings.proposer, "")
    return f"--proposer {settings.proposer}{source}"
