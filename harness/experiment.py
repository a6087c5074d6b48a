"""One experiment: ask, apply, gate, record, and publish what was kept.

Promises: a row is in the ledger before the next experiment begins; every tree that could be made is kept alive by
refs/experiments/<run>/<number>; a kept experiment becomes exactly one commit on the research branch with code, evidence,
finding, discovery and ledger; publishing again what was published changes nothing. Does not cover: how many, and for how long.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from harness import edits, finding, gate, policy
from harness.errors import ArdentError
from harness.finding.evidence import evidence_json
from harness.gate import MODEL, Context, Incumbent, Trial
from harness.ledger import encode, tip_of
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
from harness.run import Run, editable_files, environment, kept, proposals

OnStage = Callable[[Stage], None]
DISCOVERIES = "DISCOVERIES.md"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one experiment is about, before it is tried."""

    kind: Kind
    reply: Reply
    title: str
    began: float


def run_baseline(run: Run, on_stage: OnStage) -> Experiment:
    """Measure the baseline and record it as experiment 0."""
    began = time.perf_counter()
    on_stage("screen")
    sources = _sources(run, run.settings.baseline)
    seed, measured = gate.measure_baseline(sources, run.bench, _purpose(run))
    evidence = Evidence(screen=(Pair(seed, measured, measured),))
    verdict = Verdict("kept", "screen", "the baseline: what the run started from")
    attempt = Attempt("baseline", _no_reply(""), "baseline", began)
    trial = Trial(verdict, evidence, edits.normal_hash(sources), (("screen", round(measured.seconds, 3)),))
    return run.ledger.append(_row(run, attempt, trial, run.settings.baseline, run.settings.baseline))


def ask(run: Run, incumbent: Incumbent, proposer: Proposer, briefing: Briefing) -> Attempt:
    """Ask the proposer. Its paid reply is on disk before this returns."""
    began = time.perf_counter()

    def problem(proposal: Proposal) -> str:
        try:
            sources = edits.apply(incumbent.sources, proposal.edits)
        except edits.EditError as error:
            return str(error)
        refusals = policy.check(sources, model=run.bench.trusted[MODEL])
        return "\n".join(str(r) for r in refusals)

    reply = proposer.propose(briefing, problem)
    title = reply.proposal.title if reply.proposal else "no usable proposal"
    return Attempt("proposal", reply, title, began)


def null_is_due(run: Run) -> bool:
    """Whether the next experiment is a null row: one after every `null_every` proposals."""
    every = run.bench.task.rules.null_every
    rows = run.ledger.rows
    nulls = sum(row.kind == "null" for row in rows)
    return every > 0 and len(proposals(rows)) // every > nulls


def discoveries(run: Run) -> str:
    """DISCOVERIES.md as it stands on the research branch."""
    return _text_at(run, run.tip(), DISCOVERIES)


def null_attempt() -> Attempt:
    """An experiment that changes nothing, to see how often the gate keeps one."""
    return Attempt("null", _no_reply("null"), "null row: the incumbent with other random numbers", time.perf_counter())


def try_attempt(run: Run, incumbent: Incumbent, attempt: Attempt, on_stage: OnStage) -> Experiment:
    """Apply, gate, record; publish when kept. Returns the row."""
    run.check_harness()
    sources, trial = _gated(run, incumbent, attempt, on_stage)
    commit = _keep_alive(run, incumbent, sources, attempt.title) if sources is not None else ""
    row = run.ledger.append(_row(run, attempt, trial, incumbent.commit, commit))
    publish_pending(run)
    return row


def _gated(
    run: Run, incumbent: Incumbent, attempt: Attempt, on_stage: OnStage
) -> tuple[Mapping[str, str] | None, Trial]:
    if attempt.kind == "null":
        return None, gate.judge_candidate(incumbent.sources, incumbent, run.bench, _context(run, on_stage, is_null=True))
    if attempt.reply.proposal is None:
        return None, _failed("propose", attempt.reply.error, incumbent)
    on_stage("edit")
    try:
        sources = edits.apply(incumbent.sources, attempt.reply.proposal.edits)
    except edits.EditError as error:
        return None, _failed("edit", str(error), incumbent)
    return sources, gate.judge_candidate(sources, incumbent, run.bench, _context(run, on_stage, is_null=False))


def _failed(stage: Stage, reason: str, incumbent: Incumbent) -> Trial:
    return Trial(Verdict("invalid", stage, reason), Evidence(slack=incumbent.slack), "", ())


def _context(run: Run, on_stage: OnStage, *, is_null: bool) -> Context:
    rows = run.ledger.rows
    tried: dict[str, int] = {}
    for row in rows:
        if row.kind != "null" and row.tree_sha256:
            tried.setdefault(row.tree_sha256, row.number)
    confirmed = sum(row.verdict.looks > 0 for row in proposals(rows))
    return Context(_purpose(run), tried, confirmed, is_null, on_stage)


def _purpose(run: Run) -> str:
    return f"{run.settings.run}/{len(run.ledger.rows)}"


def _sources(run: Run, commit: str) -> dict[str, str]:
    return editable_files(run.repository, commit)


# -- recording ------------------------------------------------------------------------------------------------------


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
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - attempt.began, 3),
        seconds_by_stage=trial.seconds_by_stage,
    )


def _no_reply(proposer: str) -> Reply:
    return Reply(None, proposer, "", "", Cost())


def _keep_alive(run: Run, incumbent: Incumbent, sources: Mapping[str, str], title: str) -> str:
    """Commit the candidate on a ref of its own, so that it can be looked at and measured again."""
    number = len(run.ledger.rows)
    ref = f"refs/experiments/{run.settings.run}/{number:04d}"
    message = f"Experiment {number} of run {run.settings.run}: {title}\n"
    changes = _changes(incumbent.sources, sources)
    return run.repository.commit(incumbent.commit, changes, message, ref, run.repository.ref(ref))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    changed: dict[str, str | None] = {p: t for p, t in after.items() if before.get(p) != t}
    return changed | {p: None for p in before if p not in after}


# -- publishing -----------------------------------------------------------------------------------------------------


def publish_pending(run: Run) -> None:
    """Commit the last row's finding if it was kept and is not on the branch yet."""
    rows = run.ledger.rows
    tip = run.tip()
    if not rows or not kept(rows[-1:]) or tip != rows[-1].parent:
        return
    row = rows[-1]
    _refuse_checkout(run)
    repository = run.repository
    before, after = _sources(run, row.parent), _sources(run, row.commit)
    diff = repository.diff(row.parent, row.commit, ["sparse_parity"])
    paths = finding.paths(row)
    changes = _changes(before, after) | {
        paths.evidence: evidence_json(row),
        paths.finding: finding.render(row, diff),
        DISCOVERIES: finding.add_bullet(discoveries(run), finding.bullet(row)),
        ledger_path(run): run.ledger.path.read_text("ascii"),
    }
    message = f"{row.title}\n\n{row.verdict.reason}\n\n{_trailers(run, row)}"
    repository.commit(tip, changes, message, run.ref, tip)


def close(run: Run) -> None:
    """Commit the rows after the last kept experiment, so that a merge brings the whole ledger."""
    text = run.ledger.path.read_text("ascii")
    tip = run.tip()
    if _text_at(run, tip, ledger_path(run)) == text:
        return
    _refuse_checkout(run)
    rows = run.ledger.rows
    message = f"Ledger of run {run.settings.run}: {len(rows)} rows\n\n{_trailers(run, rows[-1])}"
    run.repository.commit(tip, {ledger_path(run): text}, message, run.ref, tip)


def ledger_path(run: Run) -> str:
    """Where the ledger lies on the research branch."""
    return f"results/{run.settings.run}/ledger.jsonl"


def _trailers(run: Run, row: Experiment) -> str:
    return f"Ardent-Run: {run.settings.run}\nArdent-Experiment: {row.number}\nArdent-Tip: {tip_of(encode(row))}\n"


def _text_at(run: Run, commit: str, path: str) -> str:
    return (run.repository.file_bytes(commit, path) or b"").decode("utf-8", "replace")


def _refuse_checkout(run: Run) -> None:
    where = run.repository.branch_checked_out_at(run.branch)
    if where is not None:
        raise ArdentError(f"{run.branch} is checked out in {where}; switch it to another branch, then run again")

