"""One experiment: ask, apply, gate, record, and publish what was kept.

Promises: a row is in the ledger before the next experiment begins; every tree that could be made is kept alive by
refs/experiments/<run>/<number>; a kept experiment becomes exactly one commit on the research branch with code,
evidence, finding, discovery and ledger, the same commit however often a crash makes it be made; publishing again what
was published changes nothing. Does not cover: how many, and for how long.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness import contract, crash_points, edits, finding, gate
from harness.errors import ArdentError
from harness.finding.evidence import evidence_json
from harness.gate import Context, Incumbent, Trial
from harness.proposers import Proposer
from harness.records import (
    Briefing,
    Cost,
    Evidence,
    Experiment,
    Kind,
    Pair,
    Proposal,
    Reply,
    Stage,
    Verdict,
)
from harness.run import Run, environment, kept
from harness.run.branch import is_closed, refuse_checkout, start_branch
from harness.run.names import attempts_of, ledger_path
from harness.sandbox import printable
from harness.totals import Tally, Trees, Tried, total

OnStage = Callable[[Stage], None]
OnInstance = Callable[[int, int], None]
DISCOVERIES = "DISCOVERIES.md"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: UTC in ISO 8601 for the record, and the clock's seconds to measure from."""

    utc: str
    clock: float

    @classmethod
    def now(cls) -> "Moment":
        """This moment."""
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter())


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one experiment is about, before it is tried."""

    kind: Kind
    reply: Reply
    title: str
    began: Moment


def run_baseline(run: Run, on_stage: OnStage) -> Experiment:
    """Test and measure the baseline, record it as experiment 0, and begin the research branch with it.

    Raises:
        ArdentError: it fails its own tests, breaks the policy, or cannot be measured.
    """
    attempt = Attempt("baseline", _no_reply(""), "baseline", Moment.now())
    commit = run.settings.baseline
    sources = run.code(commit)
    on_stage = _passing(run, on_stage)
    on_stage("tests")
    problem = contract.run(run.bench.trusted, sources, run.bench.task)
    if problem:
        raise ArdentError(f"the baseline fails the tests of tests/sparse_parity: {problem}; mend it and commit first")
    on_stage("screen")
    seed, measured = gate.measure_baseline(sources, run.bench, _purpose(run))
    evidence = Evidence(screen=(Pair(seed, measured, measured),))
    verdict = Verdict("kept", "screen", "the baseline: what the run started from")
    trial = Trial(verdict, evidence, edits.normal_hash(sources), (("screen", round(measured.seconds, 3)),))
    row = _record(run, attempt, trial, commit, commit)
    start_branch(run)
    return row


def ask(run: Run, incumbent: Incumbent, proposer: Proposer, briefing: Briefing) -> Attempt:
    """Ask the proposer. Its paid reply is on disk before this returns."""
    began = Moment.now()
    run.worked.note()
    crash_points.reach("asking")
    reply = proposer.propose(briefing, lambda proposal: _objection(run, incumbent, proposal))
    run.worked.note()
    crash_points.reach("answered")
    title = reply.proposal.title if reply.proposal else "no usable proposal"
    return Attempt("proposal", reply, printable(title), began)


def _objection(run: Run, incumbent: Incumbent, proposal: Proposal) -> str:
    """What a repair turn can mend: edits that do not apply, refusals of the policy, failing tests. Empty if nothing."""
    try:
        sources = edits.apply(incumbent.sources, proposal.edits)
    except edits.EditError as error:
        return str(error)
    return gate.find_problem(sources, run.bench, Tried(total(run.ledger.rows, Trees)))


def null_is_due(run: Run) -> bool:
    """Whether the next experiment is a null row: one after every `null_every` proposals."""
    every, tally = run.bench.task.rules.null_every, total(run.ledger.rows, Tally)
    return every > 0 and tally.proposals // every > len(tally.nulls)


def discoveries(run: Run, commit: str) -> str:
    """DISCOVERIES.md at a commit, empty where there is none."""
    return _text_at(run, commit, DISCOVERIES)


def null_attempt() -> Attempt:
    """An experiment that changes nothing, to see how often the gate keeps one."""
    return Attempt("null", _no_reply("null"), "null row: the incumbent with other random numbers", Moment.now())


def try_attempt(
    run: Run,
    incumbent: Incumbent,
    attempt: Attempt,
    on_stage: OnStage,
    on_instance: OnInstance = lambda _number, _most: None,
) -> Experiment:
    """Apply, gate, record; publish when kept. Returns the row."""
    context = _context(run, _passing(run, on_stage), on_instance, is_null=attempt.kind == "null")
    sources, trial = _gated(run, incumbent, attempt, context)
    crash_points.reach("gated")
    commit = _keep_alive(run, incumbent, sources, attempt.title) if sources is not None else ""
    row = _record(run, attempt, trial, incumbent.commit, commit)
    publish_pending(run)
    return row


def _gated(
    run: Run, incumbent: Incumbent, attempt: Attempt, context: Context
) -> tuple[Mapping[str, str] | None, Trial]:
    if attempt.kind == "null":
        return None, gate.judge_candidate(incumbent.sources, incumbent, run.bench, context)
    if attempt.reply.proposal is None:
        return None, _failed("propose", attempt.reply.error, incumbent)
    context.on_stage("edit")
    try:
        sources = edits.apply(incumbent.sources, attempt.reply.proposal.edits)
    except edits.EditError as error:
        return None, _failed("edit", str(error), incumbent)
    return sources, gate.judge_candidate(sources, incumbent, run.bench, context)


def _passing(run: Run, on_stage: OnStage) -> OnStage:
    """The same, with the work time noted and a crash point at each stage's beginning."""

    def begin(stage: Stage) -> None:
        run.worked.note()
        crash_points.reach(f"stage-{stage}")
        on_stage(stage)

    return begin


def _failed(stage: Stage, reason: str, incumbent: Incumbent) -> Trial:
    return Trial(Verdict("invalid", stage, reason), Evidence(slack=incumbent.slack), "", ())


def _context(run: Run, on_stage: OnStage, on_instance: OnInstance, *, is_null: bool) -> Context:
    rows = run.ledger.rows
    tried, confirmed = Tried(total(rows, Trees)), total(rows, Tally).confirmed

    def begin(number: int, most: int) -> None:
        run.worked.note()
        on_instance(number, most)

    return Context(_purpose(run), tried, confirmed, is_null, on_stage, begin)


def _purpose(run: Run) -> str:
    """What the instances of the next experiment are drawn for: its number. The secret, or --seed, is the run's."""
    return str(len(run.ledger.rows))


# -- recording ------------------------------------------------------------------------------------------------------


def _record(run: Run, attempt: Attempt, trial: Trial, parent: str, commit: str) -> Experiment:
    """Append the row; nothing is recorded if the trusted code changed while it was measured."""
    run.check_harness()
    return run.ledger.append(_row(run, attempt, trial, parent, commit))


def _row(run: Run, attempt: Attempt, trial: Trial, parent: str, commit: str) -> Experiment:
    proposal = attempt.reply.proposal
    return Experiment(
        run=run.settings.run,
        number=len(run.ledger.rows),
        kind=attempt.kind,
        title=attempt.title,
        hypothesis=proposal.hypothesis if proposal else "",
        why=proposal.why if proposal else "",
        prediction=proposal.prediction if proposal else None,
        edits=proposal.edits if proposal else (),
        edits_sha256=edits.edits_hash(proposal.edits) if proposal else "",
        tree_sha256=trial.tree_sha256,
        parent=parent,
        commit=commit,
        verdict=trial.verdict,
        evidence=trial.evidence,
        proposer=attempt.reply.proposer,
        model=attempt.reply.model,
        prompt_sha256=attempt.reply.prompt_sha256,
        cost=attempt.reply.cost,
        task=run.settings.task,
        task_sha256=run.settings.task_sha256,
        harness_sha256=run.harness_sha256,
        environment=environment(),
        started=attempt.began.utc,
        seconds=round(time.perf_counter() - attempt.began.clock, 3),
        seconds_by_stage=trial.seconds_by_stage,
        repairs=attempt.reply.repairs,
    )


def _no_reply(proposer: str) -> Reply:
    return Reply(None, proposer, "", "", Cost())


def _keep_alive(run: Run, incumbent: Incumbent, sources: Mapping[str, str], title: str) -> str:
    """Commit the candidate on a ref of its own, so that it can be looked at and measured again."""
    number = len(run.ledger.rows)
    ref = f"{attempts_of(run.settings.run)}{number:04d}"
    message = f"Experiment {number} of run {run.settings.run}: {title}\n"
    changes = changes_between(incumbent.sources, sources)
    return run.repository.commit(incumbent.commit, changes, message, ref, run.repository.ref(ref))


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """What turns the one set of files into the other: path to text, None where a file goes."""
    changed: dict[str, str | None] = {p: t for p, t in after.items() if before.get(p) != t}
    return changed | {p: None for p in before if p not in after}


# -- publishing -----------------------------------------------------------------------------------------------------


def publish_pending(run: Run) -> None:
    """Commit the last row's finding if it was kept and is not on the branch yet.

    Raises:
        ArdentError: the branch has moved to other code, or cannot be written.
    """
    last = run.ledger.rows[-1:]
    if not kept(last):
        return
    (row,) = last
    tip, paths = run.tip(), finding.paths(row)
    if _text_at(run, tip, paths.evidence) == evidence_json(row):
        return
    if run.code(tip) != run.code(row.parent):
        raise ArdentError(f"{run.branch} moved while experiment {row.number} ran; see git reflog {run.branch}")
    changes = changes_between(run.code(row.parent), run.code(row.commit)) | {
        paths.evidence: evidence_json(row),
        paths.finding: finding.render(row, run.repository.diff(row.parent, row.commit, ["sparse_parity"])),
        DISCOVERIES: finding.add_bullet(_text_at(run, tip, DISCOVERIES), finding.bullet(row)),
    }
    _commit(run, tip, f"{finding.headline(row)}\n\n{printable(row.verdict.reason)}", changes)


def close(run: Run) -> None:
    """Commit the rows after the last kept experiment, so that a merge brings the whole ledger."""
    tip = run.tip()
    if not is_closed(run.repository, run.settings, run.ledger.tip):
        _commit(run, tip, f"Ledger of run {run.settings.run}: {len(run.ledger.rows)} rows", {})


def _commit(run: Run, tip: str, message: str, changes: Mapping[str, str | None]) -> None:
    """Advance the branch by one commit with the ledger as it is, dated by its last row: made again, it is the same."""
    crash_points.reach("publishing")
    refuse_checkout(run.repository, run.settings.run, "run")
    row = run.ledger.rows[-1]
    trailers = f"Ardent-Run: {row.run}\nArdent-Experiment: {row.number}\nArdent-Tip: {run.ledger.tip}\n"
    files: dict[str, str | Path | None] = {**changes, ledger_path(row.run): run.ledger.path}
    date = int(datetime.fromisoformat(row.started).timestamp() + row.seconds)
    run.repository.commit(tip, files, f"{message}\n\n{trailers}", run.ref, tip, date=date)


def _text_at(run: Run, commit: str, path: str) -> str:
    """The text of a file at a commit, empty when there is none."""
    try:
        return (run.repository.file_bytes(commit, path) or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise ArdentError(f"{path} on {run.branch}: not UTF-8; convert it in a commit on that branch") from None
