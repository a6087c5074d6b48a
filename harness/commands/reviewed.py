"""What people decided about the findings of a run.

Promises: what was decided stands in the findings on `research/<run>` and nowhere else; the branch holds the code of the
last kept experiment that was not rejected (or the baseline's), which is derived, never remembered. Only reads. Does not
cover: making a decision (`decided`); findings that were merged and whose branch is gone are those of the working tree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness import finding
from harness.commands.published import check_files
from harness.commands.recorded import WORKING_TREE, Code, Place, RecordedRun, commit_reader, read_run
from harness.errors import ArdentError, BadInputError
from harness.finding.review import Review, Status
from harness.git import Repository
from harness.records import Experiment
from harness.run import kept
from harness.run.commits import published_commits
from harness.run.names import branch_of, ref_of


@dataclass(frozen=True, slots=True)
class ReviewedFinding:
    """A finding as it lies on its branch. `text` is None when it is missing."""

    row: Experiment
    path: str
    text: str | None
    review: Review

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
        return branch_of(self.name)

    def with_status(self, status: Status) -> tuple[ReviewedFinding, ...]:
        """The findings that have this status."""
        return tuple(one for one in self.findings if one.review.status == status)

    def position(self, one: ReviewedFinding) -> str:
        """Which experiment it is, and which of the run's findings."""
        return finding.position(one.row, [each.row.number for each in self.findings])

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


def reviewed_run(repository: Repository, name: str) -> ReviewedRun:
    """The run's findings on its branch, or in the working tree when the branch is gone.

    Raises:
        ArdentError: its ledger does not hold; there is no such run.
    """
    tip, run = repository.ref(ref_of(name)), read_run(repository, name)
    if run.problems:
        raise ArdentError(f"run {name}: {run.problems[0]}; see: python -m harness verify --run {name}")
    if not run.rows:
        raise BadInputError(f"{name}: no such run, or nothing was measured in it; see: python -m harness review --list")
    label = WORKING_TREE if tip is None else branch_of(name)
    return _gathered(repository, run, next((place for place in run.places if place.label == label), None), tip)


def refreshed(reviewed: ReviewedRun) -> ReviewedRun:
    """The same after a decision, under the run's lock: the branch has moved, and its ledger is what it was."""
    repository, place = reviewed.repository, reviewed.place
    tip = repository.ref(ref_of(reviewed.name))
    if tip is not None and place is not None:
        place = replace(place, read=commit_reader(repository, tip))
    return _gathered(repository, reviewed.run, place, tip)


def _gathered(repository: Repository, run: RecordedRun, place: Place | None, tip: str | None) -> ReviewedRun:
    published = kept(place.rows) if place else []
    texts = _texts(repository, place, tip, [finding.paths(row).finding for row in published])
    findings = tuple(
        ReviewedFinding(row, path, text, finding.read_review(text or ""))
        for row, (path, text) in zip(published, texts.items(), strict=True)
    )
    pending = next((row for row in kept(run.rows[-1:]) if not published or published[-1].number < row.number), None)
    return ReviewedRun(repository, run, place, tip, findings, pending)


def _texts(repository: Repository, place: Place | None, tip: str | None, paths: list[str]) -> dict[str, str | None]:
    """The findings at these paths, in that order, None where one is missing. One by one where git cannot do all."""
    together: dict[str, str] = {}
    if tip is not None and paths:
        try:
            together = repository.files(tip, paths)
        except ArdentError:  # one of them is no text: it is shown as what it is, beside the others
            tip = None
    if tip is not None or place is None:
        return {path: together.get(path) for path in paths}
    return {path: (place.read(path) or b"").decode("utf-8", "replace") or None for path in paths}


def problems_of(reviewed: ReviewedRun, one: ReviewedFinding) -> tuple[str, ...]:
    """What speaks against a finding: text, bullet or evidence that is missing, or not what its row says."""
    if reviewed.place is None:
        return ("its ledger is not where the finding should be",)
    try:
        return tuple(f"{p.field}: {p.what}" for p in check_files(reviewed.place, one.row, reviewed.repository))
    except ArdentError as error:
        return (str(error),)


def find(reviewed: ReviewedRun, wanted: str) -> ReviewedFinding:
    """The finding with that id, or of the experiment with that number.

    Raises:
        BadInputError: there is none.
    """
    for one in reviewed.findings:
        if wanted == one.id or (wanted.isascii() and wanted.isdigit() and int(wanted) == one.row.number):
            return one
    known = ", ".join(f"{one.row.number} ({one.id})" for one in reviewed.findings) or "(none)"
    what = "an experiment's number or its finding's id"
    raise BadInputError(f"{wanted[:80]!r}: no finding of run {reviewed.name}; name one by {what}; it has: {known}")


def restore_hint(reviewed: ReviewedRun) -> str:
    """How to bring a branch back that is gone: from the last commit of the run that HEAD holds."""
    repository, first = reviewed.repository, reviewed.run.rows[0]
    try:
        known = published_commits(repository, reviewed.name, first.commit, "HEAD")
    except ArdentError:
        known = ()
    where = known[0].sha[:12] if known else "COMMIT (see git reflog)"
    return f"bring it back with: git branch {reviewed.branch} {where}"


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
