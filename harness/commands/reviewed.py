"""What people decided about the findings of a run, and how a decision becomes a commit on its branch.

Promises: what was decided stands in the findings on `research/<run>` and nowhere else. The branch holds the code of the
last kept experiment that was not rejected (or the baseline's): a decision moves finding, bullet and code in one commit,
by compare-and-swap, and touches no checkout, index or HEAD. Killed before it, nothing is changed; after it, all is.
Does not cover: whether a decision is wise; findings that were merged and whose branch is gone.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness import finding
from harness.commands.published import DISCOVERIES, check_files, experiment_diff, finding_diff, published_commits
from harness.commands.recorded import WORKING_TREE, Code, Place, RecordedRun, read_run
from harness.errors import ArdentError, BadInputError
from harness.experiment import changes_between
from harness.finding.evidence import evidence_json
from harness.finding.review import Review, Status, entry, one_line
from harness.git import Repository
from harness.git.command import NOBODY
from harness.records import Experiment
from harness.run import kept


@dataclass(frozen=True, slots=True)
class ReviewedFinding:
    """A finding as it lies on its branch. `text` is None when it is missing; `problems` is what speaks against it."""

    row: Experiment
    path: str
    text: str | None
    review: Review
    problems: tuple[str, ...]

    @property
    def id(self) -> str:
        """Run and number."""
        return finding.finding_id(self.row)


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """A run's findings. `tip`: of its branch; None when that is gone, and the findings are those of the working tree.

    Attributes:
        pending: a last kept row that is not on the branch yet.
    """

    repository: Repository
    run: RecordedRun
    place: Place | None
    tip: str | None
    findings: tuple[ReviewedFinding, ...]
    pending: Experiment | None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def branch(self) -> str:
        """Its research branch."""
        return f"research/{self.name}"

    def with_status(self, status: Status) -> tuple[ReviewedFinding, ...]:
        """The findings that have this status."""
        return tuple(one for one in self.findings if one.review.status == status)

    def builders(self, number: int) -> tuple[ReviewedFinding, ...]:
        """The findings that build on that experiment's code and were not rejected: all later ones, for each kept
        candidate is a change of the one before.
        """
        return tuple(one for one in self.findings if one.row.number > number and one.review.status != "rejected")

    def standing(self, decided: Mapping[int, Status] | None = None) -> Experiment:
        """The experiment whose code the branch holds, under these decisions instead of those recorded."""
        statuses = {one.row.number: one.review.status for one in self.findings} | dict(decided or {})
        accepted = [one.row for one in self.findings if statuses[one.row.number] != "rejected"]
        return accepted[-1] if accepted else self.run.rows[0]


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


def reviewed_run(repository: Repository, name: str) -> ReviewedRun:
    """The run's findings on its branch, or in the working tree when the branch is gone.

    Raises:
        ArdentError: its ledger does not hold; there is no such run.
    """
    tip, run = repository.ref(f"refs/heads/research/{name}"), read_run(repository, name)
    if run.problems:
        raise ArdentError(f"run {name}: {run.problems[0]}; see: python -m harness verify --run {name}")
    if not run.rows:
        raise BadInputError(f"{name}: no such run, or nothing was measured in it; see: python -m harness review --list")
    label = WORKING_TREE if tip is None else f"research/{name}"
    place = next((place for place in run.places if place.label == label), None)
    published = kept(place.rows) if place else []
    findings = tuple(_finding(repository, place, row) for row in published if place)
    pending = next((row for row in kept(run.rows[-1:]) if not published or published[-1].number < row.number), None)
    return ReviewedRun(repository, run, place, tip, findings, pending)


def _finding(repository: Repository, place: Place, row: Experiment) -> ReviewedFinding:
    path = finding.paths(row).finding
    text = (place.read(path) or b"").decode("utf-8", "replace") or None
    try:
        problems = tuple(f"{one.field}: {one.what}" for one in check_files(place, row, repository))
    except ArdentError as error:
        problems = (str(error),)
    return ReviewedFinding(row, path, text, finding.read_review(text or ""), problems)


def find(reviewed: ReviewedRun, wanted: str) -> ReviewedFinding:
    """The finding with that id or number.

    Raises:
        BadInputError: there is none.
    """
    for one in reviewed.findings:
        if wanted == one.id or (wanted.isascii() and wanted.isdigit() and int(wanted) == one.row.number):
            return one
    known = ", ".join(one.id for one in reviewed.findings) or "(none)"
    raise BadInputError(f"{wanted[:80]!r}: no finding of run {reviewed.name}; it has: {known}")


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
    code, before = Code(reviewed.repository), reviewed.standing()
    after = reviewed.standing({one.row.number: decision.status}) if decision.status else before
    changes = _written(reviewed, one, decision)
    theirs = code_of(reviewed, before, code)
    if code.at(tip) != theirs:
        raise ArdentError(
            f"{reviewed.branch} does not hold the code of experiment {before.number}, the last one accepted; "
            f"see git reflog {reviewed.branch} and move it back"
        )
    if after is not before:
        changes |= changes_between(theirs, code_of(reviewed, after, code))
    stays = tuple(b.id for b in reviewed.builders(one.row.number)) if decision.status == "rejected" else ()
    moved = None if after is before else after.number
    commit = reviewed.repository.commit(
        tip, changes, _message(one, decision, moved), f"refs/heads/{reviewed.branch}", tip, date=int(time.time())
    )
    return Decided(one.id, decision.word, commit, moved, stays)


def _movable(reviewed: ReviewedRun) -> str:
    """The branch's tip, if a decision can be committed there."""
    repository, branch = reviewed.repository, reviewed.branch
    if reviewed.tip is None:
        raise ArdentError(f"{branch} is gone, and decisions are made on it; {restore_hint(reviewed)}")
    where = repository.branch_checked_out_at(branch)
    if where is not None:
        raise ArdentError(f"{branch} is checked out in {where}; switch it to another branch, then review again")
    return reviewed.tip


def restore_hint(reviewed: ReviewedRun) -> str:
    """How to bring a branch back that is gone: from the last commit of the run that HEAD holds."""
    repository, first = reviewed.repository, reviewed.run.rows[0]
    try:
        known = published_commits(repository, reviewed.name, first.commit, "HEAD")
    except ArdentError:
        known = ()
    where = known[0].sha[:12] if known else "COMMIT (see git reflog)"
    return f"bring it back with: git branch {reviewed.branch} {where}"


def _check_sound(reviewed: ReviewedRun, one: ReviewedFinding, decision: Decision) -> None:
    if decision.status != "rejected" and one.problems:
        more = f" (and {len(one.problems) - 1} more)" if len(one.problems) > 1 else ""
        fix = f"mend it on {reviewed.branch}: git brings a file back, python -m harness check --write renders one again"
        raise ArdentError(f"{one.id} is not what its evidence says: {one.problems[0]}{more}; {fix}")
    if decision.status == "rejected" and reviewed.pending is not None:
        raise ArdentError(
            f"experiment {reviewed.pending.number} was kept and is not on {reviewed.branch} yet; start the run again, "
            "which finishes it, then review"
        )


def _written(reviewed: ReviewedRun, one: ReviewedFinding, decision: Decision) -> dict[str, str | None]:
    """Finding, bullet and evidence as they are after the decision; nothing of them but the review is taken over."""
    row, old = one.row, one.text or ""
    diff = experiment_diff(reviewed.repository, row)
    rendered = finding.render(row, finding_diff(old) if diff is None else diff)
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


def code_of(reviewed: ReviewedRun, row: Experiment, code: Code) -> dict[str, str]:
    """The editable files of an accepted experiment: its candidate's, or those of the commit that published it.

    Raises:
        ArdentError: neither is in this repository.
    """
    found = code.at(row.commit)
    if found is None and reviewed.tip is not None and code.at(reviewed.run.rows[0].commit) is not None:
        commits = published_commits(reviewed.repository, reviewed.name, reviewed.run.rows[0].commit, reviewed.tip)
        shas = [commit.sha for commit in commits if commit.number == row.number]
        found = code.at(shas[-1]) if shas else None
    if found is None:
        raise ArdentError(f"run {reviewed.name}: the code of experiment {row.number} is not here; fetch its branch")
    return found


def _message(one: ReviewedFinding, decision: Decision, moved: int | None) -> str:
    word = {"approved": "Approve", "rejected": "Reject"}.get(decision.word, "Note on")
    told = f"{one_line(decision.note)}\n\n" if decision.note.strip() else ""
    code = "" if moved is None else f"The code goes to that of experiment {moved}.\n\n"
    trailer = f"Ardent-Review: {one.id} {decision.word}\n"
    return f"{word} {one.id}: {finding.headline(one.row)}\n\n{told}{code}{trailer}"
