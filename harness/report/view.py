"""One run as the page shows it: sentence, banners, tiles, rows, findings, endings, cost, integrity.

Promises: pure; a row that holds values no meter gives is shown as what it is, and never stops the page; nothing that
was recorded is left out. Does not cover: HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness import predictions
from harness.errors import ArdentError
from harness.finding.references import change_text, level_text
from harness.records import METRICS, Experiment, Metric, Outcome, Stage
from harness.report.endings import Group, endings
from harness.report.findings import FindingView, fate_of, prediction_text, prose_of, title_of, view_finding
from harness.report.levels import Chain, Standing, chain, is_kept, standings
from harness.report.source import RunSource, Statement
from harness.report.spending import Spending, spending
from harness.verify import Problem

COLUMNS: tuple[Metric, ...] = ("ard", "dmd", "traffic", "accuracy")
OUTCOMES: tuple[Outcome, ...] = ("kept", "discarded", "inconclusive", "invalid")
SHAPES: dict[str, str] = {"kept": "●", "discarded": "×", "inconclusive": "◇", "invalid": "|"}
CHAINED: tuple[Metric, ...] = ("dmd", "ard", "traffic")
# What forged rows may raise when their numbers are rendered; everything else would be a bug of the page.
IMPOSSIBLE = (ArithmeticError, ValueError, ArdentError)


@dataclass(frozen=True, slots=True)
class Cell:
    """A number as text, and by what it is sorted (None: at the end)."""

    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class RowView:
    """One experiment in the table of all."""

    number: int
    kind: str
    outcome: str
    stage: str
    title: str
    hypothesis: str
    prediction: str
    fate: str
    reason: str
    edits: tuple[tuple[str, str, str], ...]
    changes: tuple[Cell, ...]
    seconds: Cell
    dollars: Cell
    commit: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gain:
    """The chain of one metric from the baseline to the last incumbent, rendered."""

    metric: Metric
    change: str
    interval: str


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything that the page says of one run. `anchor` begins the identifiers of its elements."""

    anchor: str
    name: str
    sentence: str
    banners: tuple[Statement, ...]
    problems: tuple[str, ...]
    counts: dict[str, int]
    gains: tuple[Gain, ...]
    accuracy: str
    unreviewed: int
    predicted: str
    nulls: str
    points: tuple[Standing, ...]
    findings: tuple[FindingView, ...]
    died: tuple[tuple[Stage, tuple[Group, ...]], ...]
    spent: Spending
    rows: tuple[RowView, ...]
    source: RunSource


def view_run(source: RunSource, anchor: str) -> RunView:
    """The view of one run."""
    rows, found = source.rows, _by_row(source.audit.problems)
    tried = [row for row in rows if row.kind == "proposal"]
    wins = [row for row in rows if is_kept(row)]
    views, unshown = _findings(source, wins, found)
    return RunView(
        anchor=anchor,
        name=source.name,
        sentence=_sentence(source, tried, wins),
        banners=(*_banners(source), *unshown),
        problems=(*source.unreadable, *map(str, source.audit.problems)),
        counts={name: sum(row.verdict.outcome == name for row in tried) for name in OUTCOMES},
        gains=_gains(rows),
        accuracy=_accuracy(wins),
        unreviewed=sum(one.review is None or one.review.status == "unreviewed" for one in views),
        predicted=predictions.sentence(_scored(tried)),
        nulls=_nulls(rows),
        points=_standings(rows),
        findings=views,
        died=tuple((stage, tuple(groups)) for stage, groups in groupby(endings(rows), key=lambda group: group.stage)),
        spent=spending(rows),
        rows=tuple(_row(row, found.get(row.number, [])) for row in rows),
        source=source,
    )


def _by_row(problems: Sequence[Problem]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for problem in problems:
        if problem.row is not None:
            found.setdefault(problem.row, []).append(f"{problem.field}: {problem.what}")
    return found


def _standings(rows: Sequence[Experiment]) -> tuple[Standing, ...]:
    try:
        return standings(rows)
    except IMPOSSIBLE:
        return tuple(Standing(row, {}, dict.fromkeys(METRICS, 1.0)) for row in rows)


def _scored(tried: Sequence[Experiment]) -> predictions.Score:
    return predictions.score([row for row in tried if row.prediction is not None])


# -- the run in one sentence ------------------------------------------------------------------------------------------


def _sentence(source: RunSource, tried: Sequence[Experiment], wins: Sequence[Experiment]) -> str:
    rows = source.rows
    if not rows:
        return f"Run {source.name}: nothing was measured in it yet."
    who = " and ".join(sorted({row.proposer for row in tried})) or source.proposer or rows[0].proposer
    spent = duration(sum(row.seconds for row in rows))
    begun = f"began on {rows[0].started[:10]}" if rows[0].started else "began"
    if not tried:
        return f"Run {source.name} on task {rows[0].task} {begun} and has measured its baseline; nothing was tried yet."
    of = f" of {source.budget}" if source.budget is not None and source.budget != len(tried) else ""
    what = f"{len(tried)}{of} proposal{'s' * (len(tried) != 1)} of {who} tried in {spent}"
    return f"Run {source.name} on task {rows[0].task} {begun}: {what}, {len(wins)} kept. {_achieved(rows, wins)}"


def _achieved(rows: Sequence[Experiment], wins: Sequence[Experiment]) -> str:
    """What the kept ones come to; smallest claims first: rounded towards the worse."""
    if not wins:
        return "Nothing beat the baseline."
    parts = [f"{gain.metric.upper()} {gain.change}" for gain in _gains(rows) if gain.metric != "traffic"]
    return f"From the baseline to the last kept: {', '.join(parts)}." if parts else "How much in all cannot be said."


def duration(seconds: float) -> str:
    """Seconds in words: `48 s`, `8.4 min`, `9.1 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _gains(rows: Sequence[Experiment]) -> tuple[Gain, ...]:
    found = []
    for metric in CHAINED:
        try:
            whole = chain(rows, metric)
            found += [] if whole is None else [_gain(metric, whole)]
        except IMPOSSIBLE:  # the banner of the audit says which row
            continue
    return tuple(found)


def _gain(metric: Metric, whole: Chain) -> Gain:
    low, high = whole.interval()
    interval = f"{change_text(metric, low)} to {change_text(metric, high)}"
    return Gain(metric, change_text(metric, whole.change), interval)


def _accuracy(wins: Sequence[Experiment]) -> str:
    last = [e for e in wins[-1].verdict.effects if e.metric == "accuracy"] if wins else []
    return level_text("accuracy", last[0].after) if last else ""


def _nulls(rows: Sequence[Experiment]) -> str:
    nulls = [row for row in rows if row.kind == "null"]
    return f"{sum(row.verdict.outcome == 'kept' for row in nulls)} of {len(nulls)}" if nulls else ""


# -- banners ----------------------------------------------------------------------------------------------------------


def _banners(source: RunSource) -> list[Statement]:
    """What a reader must know before anything else, the worst first."""
    audit, found = source.audit, []
    wrong = len(audit.problems) + len(source.unreadable)
    if not source.chained:
        text = "The ledger's chain is broken: the rows below were read one by one, and nothing shows that they belong "
        found.append(Statement("broken", text + "together or were not changed."))
    if wrong:
        text = f"Do not believe this run: {wrong} thing{'s' * (wrong > 1)} in it do{'es' * (wrong == 1)} not hold."
        found.append(Statement("broken", text))
    elif source.rows:
        text = (
            f"Verified as this page was made: the chain holds over {_counted(len(source.rows), 'row')}, "
            f"{_counted(audit.derived, 'verdict')} derived again, {_counted(audit.consistent, 'other row')} "
            f"consistent, {_counted(audit.findings, 'finding')} as the evidence says."
        )
        found.append(Statement("good", text))
    if source.state.text:
        found.append(source.state)
    kept_nulls = sum(row.kind == "null" and row.verdict.outcome == "kept" for row in source.rows)
    if kept_nulls:
        text = f"Null rows kept: {kept_nulls}. An experiment that changes nothing passed the gate."
        found.append(Statement("warning", text))
    return found + [Statement("note", f"{note[0].upper()}{note[1:]}.") for note in audit.notes]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# -- findings ---------------------------------------------------------------------------------------------------------


def _findings(
    source: RunSource, wins: Sequence[Experiment], found: dict[int, list[str]]
) -> tuple[tuple[FindingView, ...], list[Statement]]:
    views, unshown = [], []
    for row in wins:
        try:
            views.append(view_finding(source, row, found.get(row.number, [])))
        except IMPOSSIBLE as error:
            text = f"Experiment {row.number} is kept, and its numbers cannot be shown ({error}); see its row."
            unshown.append(Statement("broken", text))
    return tuple(views), unshown


# -- rows -------------------------------------------------------------------------------------------------------------


def _row(row: Experiment, problems: Sequence[str]) -> RowView:
    verdict = row.verdict
    try:
        title, hypothesis, fate, changes = title_of(row), _hypothesis(row), fate_of(row), _changes(row)
    except IMPOSSIBLE as error:
        problems = [*problems, f"its numbers cannot be shown ({error})"]
        title, hypothesis, fate, changes = row.title, row.hypothesis, "", (Cell("?", None),) * len(COLUMNS)
    dollars = row.cost.dollars
    return RowView(
        number=row.number,
        kind=row.kind,
        outcome=verdict.outcome,
        stage=verdict.stage,
        title=title,
        hypothesis=hypothesis,
        prediction=prediction_text(row),
        fate=fate,
        reason=verdict.reason,
        edits=tuple((edit.path, edit.search, edit.text) for edit in row.edits),
        changes=changes,
        seconds=Cell(f"{row.seconds:,.1f}", row.seconds),
        dollars=Cell("?" if dollars is None else f"{dollars:.3f}" if dollars else "", dollars),
        commit=row.commit[:12],
        problems=tuple(problems),
    )


def _hypothesis(row: Experiment) -> str:
    return prose_of(row, row.hypothesis) if row.hypothesis else ""


def _changes(row: Experiment) -> tuple[Cell, ...]:
    effects = {effect.metric: effect.change for effect in row.verdict.effects}
    return tuple(
        Cell(change_text(metric, effects[metric]), effects[metric]) if metric in effects else Cell("", None)
        for metric in COLUMNS
    )
