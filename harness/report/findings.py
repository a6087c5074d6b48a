"""A kept experiment as the page shows it: question, claim, table, instances, diff, profile, commands, review.

Promises: every number is rendered from the ledger's row, as in the finding; the proposer's words go through the same
filter (typed references, unverified numbers marked). Does not cover: whether the row is true; the audit's problems
stand beside it.
"""

import html
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness import finding, predictions
from harness.finding.claims import claim, finding_id, kept_win
from harness.finding.prose import edit_literals, render_quote
from harness.finding.references import Facts, change_text, gather_facts, level_text, pair_change
from harness.finding.sections import LABELS, open_questions, predicted_text, prediction_lines, surprises
from harness.judge.bounds import win_level
from harness.records import METRICS, Experiment, Metric, Pair
from harness.report.diffs import show_diff
from harness.report.profiles import Movement, movement
from harness.report.source import Published, Review, RunSource
from harness.settings import GateRules

FATES: dict[predictions.Fate, str] = {
    "true": "came true",
    "false": "did not come true",
    "undecided": "inside the noise",
    "unmeasured": "not measured",
}


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric over the confirm instances: rendered levels, change and interval."""

    label: str
    before: str
    after: str
    change: str
    interval: str


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """One confirm instance: per metric the change and both levels, rendered."""

    number: int
    cells: tuple[tuple[str, str], ...]
    samples: str
    solved: str


@dataclass(frozen=True, slots=True)
class Command:
    """One line to copy, and what it is for."""

    purpose: str
    line: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """Everything that the page says of one kept experiment."""

    number: int
    position: str
    title: str
    claim: str
    question: str
    hypothesis: str
    why: str
    prediction: str
    fate: str
    table: tuple[MetricLine, ...]
    basis: str
    confidence: str
    instances: tuple[InstanceLine, ...]
    lapses: tuple[str, ...]
    surprises: tuple[str, ...]
    questions: tuple[str, ...]
    diff: Markup
    diff_source: str
    profile: Movement | None
    profile_note: str
    commands: tuple[Command, ...]
    review: Review | None
    path: str
    problems: tuple[str, ...]


def unmarked(markdown: str) -> str:
    """A line that `prose` made safe for markdown, as plain text."""
    return re.sub(r"\\(.)|&(lt|gt|amp);", lambda m: m[1] or html.unescape(m[0]), markdown)


def title_of(row: Experiment) -> str:
    """The title with its references rendered, as plain text: what is not proven is marked there too."""
    return unmarked(finding.headline(row))


def prose_of(row: Experiment, text: str) -> str:
    """A paragraph of the proposer's with its references rendered, as plain text."""
    facts = gather_facts(row)
    lines = render_quote(text, facts, edit_literals(row.edits))
    return "\n".join(unmarked(line.removeprefix(">").strip()) for line in lines)


def fate_of(row: Experiment) -> str:
    """Whether the row's prediction came true, in words; empty where none was made."""
    return "" if row.prediction is None else FATES[predictions.fate(row)]


def view_finding(source: RunSource, row: Experiment, problems: Sequence[str]) -> FindingView:
    """The view of one kept row.

    Raises:
        ArithmeticError, ValueError, ArdentError: the row holds values that no meter gives.
    """
    facts = gather_facts(row)
    published = source.published[row.number]
    pair = published.profile
    moved = movement(pair.before, pair.after) if pair.before is not None and pair.after is not None else None
    fate = fate_of(row)
    return FindingView(
        number=row.number,
        position=finding.position(row, list(source.published)),
        title=title_of(row),
        claim=claim(row, facts),
        question=finding.QUESTIONS[kept_win(row)],
        hypothesis=prose_of(row, row.hypothesis),
        why=prose_of(row, row.why),
        prediction=" ".join(prediction_lines(row, facts)),
        fate=fate,
        table=_table(facts),
        basis=_basis(row, facts),
        confidence=_confidence(row, source.rules),
        instances=tuple(_instance(number, each) for number, each in enumerate(row.evidence.confirm, 1)),
        lapses=tuple(f"instance {lapse.index + 1}: {lapse.reason}" for lapse in row.evidence.lapses),
        surprises=tuple(surprises(row, facts)),
        questions=tuple(open_questions(row, facts)),
        diff=show_diff(published.diff),
        diff_source=published.diff_source,
        profile=moved,
        profile_note=pair.missing or _profile_note(pair.steps),
        commands=_commands(row, published),
        review=published.review,
        path=published.path,
        problems=tuple(problems),
    )


def _table(facts: Facts) -> tuple[MetricLine, ...]:
    figures = facts.figures
    lines = []
    for metric in METRICS:
        before, after, change, low, high = (
            figures[f"{metric}.{part}"].text for part in ("before", "after", "change", "low", "high")
        )
        lines.append(MetricLine(LABELS[metric], before, after, change, f"{low} to {high}"))
    before, after, change = (figures[f"samples.{part}"].text for part in ("before", "after", "change"))
    solved = figures["solved.before"].text, figures["solved.after"].text
    return (*lines, MetricLine(LABELS["samples"], before, after, change, "–"), MetricLine("solved", *solved, "–", "–"))


def _basis(row: Experiment, facts: Facts) -> str:
    same = "bit-identical predictions" if row.verdict.exact else "predictions differ"
    opinion = row.evidence.opinion
    second = "" if opinion is None else f" Second opinion on the trace: {opinion.words}."
    instances = facts.figures["instances"].text
    return f"Means over {instances} fresh instances, paired; {same}. Rounded towards the worse.{second}"


def _confidence(row: Experiment, rules: GateRules | None) -> str:
    """How sure the gate is, in a sentence; the numbers are the task's own."""
    looks = row.verdict.looks
    if rules is None or looks < 1:
        return "How sure this is cannot be said: the task's rules are not in this repository."
    if row.verdict.exact:
        return (
            f"Judged exactly: the predictions are bit for bit the incumbent's, and the gain shows on every instance, "
            f"by at least {rules.exact_gain:.2%} at the worst end of its interval."
        )
    chance = win_level(rules, looks) * len(rules.wins)
    return (
        f"Candidate {looks} of this run to reach confirm. One without a gain is kept here with a chance of at most "
        f"1 in {1 / chance:,.0f}; over the whole run, however long, at most {rules.alpha:.0%} (docs/gate.md). "
        "The intervals are the gate's, at the level of that candidate."
    )


def _instance(number: int, pair: Pair) -> InstanceLine:
    cells = tuple(_cell(metric, pair) for metric in METRICS)
    samples = f"{pair.incumbent.samples:,} → {pair.candidate.samples:,}"
    solved = " → ".join("yes" if each.solved else "no" for each in (pair.incumbent, pair.candidate))
    return InstanceLine(number, cells, samples, solved)


def _cell(metric: Metric, pair: Pair) -> tuple[str, str]:
    change = pair_change(metric, pair)
    before, after = (float(getattr(each, metric)) for each in (pair.incumbent, pair.candidate))
    levels = f"{level_text(metric, before)} → {level_text(metric, after)}"
    return ("–" if change is None else change_text(metric, change)), levels


def _profile_note(steps: int) -> str:
    return (
        f"Measured now, in the sandbox: the first {steps} training steps of both on the run's first instance, init "
        "included; DMD a step. Where the steps to solution changed too, the whole training moved by both."
    )


def _commands(row: Experiment, published: Published) -> tuple[Command, ...]:
    run, name = shlex.quote(row.run), shlex.quote(finding_id(row))
    found = [
        Command("reproduce", f"python -m harness verify --run {run} --rerun {row.number}"),
        Command("approve", f"python -m harness review {run} --approve {name}"),
        Command("reject and revert", f"python -m harness review {run} --reject {name} --note WHY"),
        Command("merge, when all are reviewed", f"python -m harness merge {run}"),
    ]
    if published.commit:
        sha = shlex.quote(published.commit[:12])
        found.append(Command("see the commit", f"git show {sha}"))
        found.append(Command("revert where it is merged", f"git show {sha} -- sparse_parity | git apply -R"))
    return tuple(found)


def prediction_text(row: Experiment) -> str:
    """What was predicted, in a few words; empty where nothing was."""
    return "" if row.prediction is None else predicted_text(row.prediction)
