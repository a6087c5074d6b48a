"""A decision on a finding, and how it becomes a commit on the run's branch.

Promises: a decision moves finding, bullet and code in one commit by compare-and-swap; no checkout, index or HEAD is
touched. Killed before it, nothing is changed; after it, all is; made again, it changes nothing. Does not cover: whether
it is wise; a run whose branch is gone.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness import finding
from harness.commands.published import check_code, commits_of, shown_diff
from harness.commands.recorded import Code
from harness.commands.reviewed import ReviewedFinding, ReviewedRun, code_of, problems_of, restore_hint
from harness.errors import ArdentError, BadInputError
from harness.finding.discoveries import DISCOVERIES
from harness.finding.evidence import evidence_json
from harness.finding.review import Review, Status, entry, one_line
from harness.git import Repository
from harness.git.command import NOBODY
from harness.run.branch import refuse_checkout
from harness.run.names import ref_of
from harness.run.publishing import changes_between


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer wants. `status` None: only a note. `by` is `Name <address>`, `at` UTC in ISO 8601."""

    status: Status | None
    note: str
    by: str
    at: str

    @property
    def word(self) -> str:
        """What was done, for the record."""
        return self.status or "noted"


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision. `code`: number of the experiment whose code the branch went to, None where it stayed.

    Attributes:
        commit: empty when it was decided so already.
        builders: ids of the findings that still build on a rejected one, whose change therefore stays.
    """

    id: str
    done: str
    commit: str
    code: int | None
    builders: tuple[str, ...]


def reviewer(repository: Repository) -> str:
    """Who decides, as git knows them.

    Raises:
        ArdentError: git does not.
    """
    if repository.command.identity == NOBODY:
        fix = 'run: git config user.name "Your Name" && git config user.email you@example.org'
        raise ArdentError(f"this commit names its author, and git does not know who you are; {fix}")
    return repository.command.identity


def make_decision(repository: Repository, status: Status | None, note: str) -> Decision:
    """A decision of this user, now.

    Raises:
        ArdentError: git does not know the user; a rejection without a reason; a note without words.
    """
    if status != "approved" and not one_line(note):
        raise BadInputError(f"--note: {'say why it is rejected' if status else 'is empty'}; add --note TEXT")
    return Decision(status, note, reviewer(repository), datetime.now(UTC).isoformat(timespec="seconds"))


def decide(reviewed: ReviewedRun, one: ReviewedFinding, decision: Decision) -> Decided:
    """Commit the decision on the branch; the same one again changes nothing.

    Raises:
        ArdentError: the branch is gone, elsewhere than its ledger says, or checked out; the finding is not sound.
    """
    tip = _movable(reviewed)
    if decision.status == one.review.status and one_line(decision.note) in ("", one.review.note):
        return Decided(one.id, f"{decision.word} already by {one.review.by} on {one.review.at}", "", None, ())
    _check_sound(reviewed, one, decision)
    after = reviewed.standing({one.row.number: decision.status} if decision.status else None)
    code = Code(reviewed.repository)
    held, due = _held_code(reviewed, tip, code), code_of(reviewed, after, code)
    changes = {**_written(reviewed, one, decision), **changes_between(held, due)}
    stays = tuple(b.id for b in reviewed.builders(one.row.number)) if decision.status == "rejected" else ()
    moved = None if held == due else after.number
    commit = reviewed.repository.commit(
        tip, changes, _message(one, decision, moved), ref_of(reviewed.name), tip, date=int(time.time())
    )
    return Decided(one.id, decision.word, commit, moved, stays)


def _held_code(reviewed: ReviewedRun, tip: str, code: Code) -> dict[str, str]:
    """The code on the branch: that of some accepted experiment, else somebody worked there and nothing may be lost."""
    held, standing = code.at(tip), reviewed.standing()
    known = [standing, *reversed([one.row for one in reviewed.findings]), reviewed.run.rows[0]]
    if held is None or not any(held == code_of(reviewed, row, code) for row in known):
        raise ArdentError(
            f"{reviewed.branch} does not hold the code of experiment {standing.number}, the last one accepted; "
            f"see git reflog {reviewed.branch} and move it back"
        )
    return held


def _movable(reviewed: ReviewedRun) -> str:
    """The branch's tip, if a decision can be committed there."""
    if reviewed.tip is None:
        raise ArdentError(f"{reviewed.branch} is gone, and decisions are made on it; {restore_hint(reviewed)}")
    refuse_checkout(reviewed.repository, reviewed.name, "review")
    return reviewed.tip


def _check_sound(reviewed: ReviewedRun, one: ReviewedFinding, decision: Decision) -> None:
    problems = () if decision.status == "rejected" else problems_of(reviewed, one)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        fix = f"mend it on {reviewed.branch}: git brings a file back, python -m harness check --write renders one again"
        raise ArdentError(f"{one.id} is not what its evidence says: {problems[0]}{more}; {fix}")
    if decision.status == "approved":
        _check_measured(reviewed, one)
    if decision.status == "rejected" and reviewed.pending is not None:
        raise ArdentError(
            f"experiment {reviewed.pending.number} was kept and is not on {reviewed.branch} yet; start the run again, "
            "which finishes it, then review"
        )


def _check_measured(reviewed: ReviewedRun, one: ReviewedFinding) -> None:
    """What the finding shows as its change is what its row's edits make, and was measured."""
    repository, run = reviewed.repository, reviewed.run
    problems = check_code(Code(repository), run, commits_of(repository, run))
    problem = next((problem for problem in problems if problem.row == one.row.number), None)
    if problem:
        fix = f"reject it, and see: python -m harness verify --run {run.name}"
        raise ArdentError(f"{one.id} is not what was measured: {problem}; {fix}")


def _written(reviewed: ReviewedRun, one: ReviewedFinding, decision: Decision) -> dict[str, str | None]:
    """Finding, bullet and evidence as they are after the decision; nothing of them but the review is taken over."""
    row, old = one.row, one.text or ""
    rendered = finding.render(row, shown_diff(reviewed.repository, row, old))
    review = Review(decision.status, decision.by, decision.at, decision.note) if decision.status else one.review
    review = replace(review, note=decision.note or review.note)
    line = entry(decision.by, decision.at, decision.word, decision.note)
    text = finding.write_review(finding.keep_review(rendered, old) if old else rendered, review, line)
    read = reviewed.place.read if reviewed.place else (lambda _: None)
    bullets = (read(DISCOVERIES) or b"").decode("utf-8")
    bullet = finding.bullet(row, is_rejected=review.status == "rejected")
    evidence = finding.paths(row).evidence
    changes: dict[str, str | None] = {one.path: text, DISCOVERIES: finding.add_bullet(bullets, bullet)}
    return changes if read(evidence) == evidence_json(row).encode() else {**changes, evidence: evidence_json(row)}


def _message(one: ReviewedFinding, decision: Decision, moved: int | None) -> str:
    word = {"approved": "Approve", "rejected": "Reject"}.get(decision.word, "Note on")
    told = f"{one_line(decision.note)}\n\n" if decision.note.strip() else ""
    code = "" if moved is None else f"The code goes to that of experiment {moved}.\n\n"
    trailer = f"Ardent-Review: {one.id} {decision.word}\n"
    return f"{word} {one.id}: {finding.headline(one.row)}\n\n{told}{code}{trailer}"
