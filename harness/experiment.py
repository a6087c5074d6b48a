"""One experiment: ask, apply, gate, record, and publish what was kept.

Promises: a row is in the ledger before the next experiment begins; every tree that could be made is kept alive by
refs/experiments/<run>/<number>. Does not cover: the commit of what was kept (`run.publishing`); how many, for how long.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from harness import contract, crash_points, edits, gate
from harness.errors import ArdentError
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
from harness.run import Run, environment
from harness.run.branch import start_branch
from harness.run.names import attempts_of
from harness.run.publishing import changes_between, publish_pending
from harness.sandbox import printable
from harness.totals import Tally, Trees, Tried, total

OnStage = Callable[[Stage], None]
OnInstance = Callable[[int, int], None]


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
