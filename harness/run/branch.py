"""Whether a run's branch and its ledger belong together.

Promises: a run goes on only from the code that its ledger says was kept last; a ledger that lacks a row which a commit
of the branch names is refused, and so is a branch that is gone, moved, or checked out, or that holds a finding rejected
in review. Does not cover: whether the rows are true (`python -m harness verify`).
"""

import re
import shlex
from collections.abc import Sequence

from harness import finding
from harness.edits import normal_hash
from harness.errors import ArdentError
from harness.git import Repository
from harness.records import Experiment
from harness.run import Run, Settings
from harness.run.commits import PublishedCommit, published_commits
from harness.run.names import BRANCHES, LEDGER, branch_of, ledger_path, ref_of
from harness.totals import Tally, total


def is_closed(repository: Repository, settings: Settings, ledger_tip: str) -> bool:
    """Whether a commit of the research branch holds the ledger with that tip, or the branch was merged and deleted.

    The tip stands in the message of the commit that brought the ledger: reading the ledger there would take as long as
    it is.
    """
    tip = repository.ref(ref_of(settings.run))
    commits = () if tip is None else _published(repository, settings, tip, merged=False)  # a merge may drop the file
    return tip is None or any(commit.tip == ledger_tip for commit in commits)


def _published(repository: Repository, settings: Settings, tip: str, *, merged: bool) -> tuple[PublishedCommit, ...]:
    """The commits from `tip` down to the baseline that hold the run's ledger."""
    return published_commits(repository, settings.run, settings.baseline, tip, merged=merged)


def is_rejected(repository: Repository, name: str) -> bool:
    """Whether a finding of the run was rejected in review, which closes it."""
    tip = repository.ref(ref_of(name))
    return tip is not None and bool(rejected_findings(repository, name, tip))


def rejected_findings(repository: Repository, name: str, tip: str) -> tuple[str, ...]:
    """Ids of the run's findings that were rejected in review, as they stand at a commit."""
    named = re.compile(rf"findings/{re.escape(name)}-(\d{{4,9}})-[^/]*\.md")
    listed = repository.command.run("ls-tree", "-z", "--name-only", "--full-tree", tip, "--", "findings/")
    paths = [path for path in listed.decode("utf-8", "replace").split("\0") if named.fullmatch(path)]
    # A run may be called a-0001: its findings begin like the first one of run a.
    ours = f'\nrun: "{name}"\n'
    texts = repository.files(tip, paths) if paths else {}
    rejected = [path for path, text in texts.items() if ours in text and finding.read_review(text).status == "rejected"]
    return tuple(f"{name}-{match[1]}" for path in rejected if (match := named.fullmatch(path)))


def refuse_checkout(repository: Repository, name: str, work: str) -> None:
    """Stop if a worktree has the run's branch checked out: moving it would make that checkout look edited.

    `work`: what to do again afterwards, as a verb.
    """
    branch = branch_of(name)
    where = repository.branch_checked_out_at(branch)
    if where is not None:
        raise ArdentError(f"{branch} is checked out in {where}; switch it to another branch, then {work} again")


def check_branch(run: Run) -> None:
    """Stop unless the branch is where the ledger says; make it if only the baseline was recorded before a crash."""
    refuse_checkout(run.repository, run.settings.run, "run")
    rows, tip = run.ledger.rows, run.repository.ref(run.ref)
    if not rows:
        _check_is_free(run, tip)
    elif tip is None:
        _restore(run, rows)
    else:
        _check_commits(run, tip)
        _check_review(run, tip)
        _check_code(run, tip)


def start_branch(run: Run) -> None:
    """Make the research branch, at the baseline."""
    run.repository.move_ref(run.ref, run.settings.baseline, None)


def _check_is_free(run: Run, tip: str | None) -> None:
    if tip is not None:
        raise ArdentError(
            f"branch {run.branch} exists, but this repository has no record of such a run; choose another --run, "
            f"or delete it with: git branch -D {run.branch}"
        )
    if run.repository.has_file(run.settings.baseline, ledger_path(run.settings.run)):
        raise ArdentError(
            f"--run {run.settings.run}: {ledger_path(run.settings.run)} is committed already, from a run of that name "
            "that was merged; choose another --run"
        )
    if run.repository.ref(BRANCHES.rstrip("/")) is not None:
        raise ArdentError(
            f"the branch named research is in the way of {run.branch}; rename it with: git branch -m research NEWNAME"
        )


def _restore(run: Run, rows: Sequence[Experiment]) -> None:
    if len(rows) == 1:
        start_branch(run)
        return
    # A kept last row whose commit is missing is committed again.
    raise ArdentError(
        f"{run.branch}: the branch is gone; restore it with: git branch {run.branch} {rows[-1].parent[:12]}; "
        "or begin another run with --run NAME"
    )


def _check_commits(run: Run, tip: str) -> None:
    """Every row that a commit names must be in the ledger, unchanged."""
    repository, rows = run.repository, run.ledger.rows
    if not repository.is_ancestor(run.settings.baseline, tip):
        raise _moved(run, f"does not build on the run's baseline {run.settings.baseline[:12]}")
    for commit in _published(repository, run.settings, tip, merged=True):
        number = commit.number
        after = rows[number + 1].tip if number + 1 < len(rows) else run.ledger.tip
        if number >= len(rows) or after != commit.tip:
            copy = f"git show {commit.sha[:12]}:{ledger_path(run.settings.run)} > {shlex.quote(str(run.ledger.path))}"
            raise ArdentError(f"{LEDGER}: experiment {number} is missing or changed; restore it with: {copy}")


def _check_review(run: Run, tip: str) -> None:
    """A run with a rejected finding is closed: what followed would be measured against code, and judged by a slack,
    that a person has refused, or that the branch no longer holds.
    """
    rejected = rejected_findings(run.repository, run.settings.run, tip)
    if rejected:
        raise ArdentError(
            f"run {run.settings.run} is closed: {', '.join(rejected)} was rejected in review; begin another run with "
            f"--run NAME, from its code after: python -m harness merge {run.settings.run}"
        )


def _check_code(run: Run, tip: str) -> None:
    """The branch holds the code of the last kept row, or of the one before when its commit is still to be made."""
    rows = run.ledger.rows
    accepted = [0, *total(rows, Tally).kept]
    known = {rows[accepted[-1]].tree_sha256}
    if len(accepted) > 1 and accepted[-1] == len(rows) - 1:
        known.add(rows[accepted[-2]].tree_sha256)
    if normal_hash(run.code(tip)) not in known:
        raise _moved(run, f"does not hold the code of experiment {accepted[-1]}, the last one kept")


def _moved(run: Run, what: str) -> ArdentError:
    return ArdentError(
        f"{run.branch} {what}; see git reflog {run.branch} and move it back, or begin another run with --run NAME"
    )
