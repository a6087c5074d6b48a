"""Forged branches of a run, where the candidates' own commits are not: in a clone, after a merge, beside a parent.

What is published is believed for what its row's edits make, and not for what the commit that names the row says.
"""

from dataclasses import replace

import pytest

from harness import finding
from harness.commands.integrity import facts
from harness.commands.recorded import read_run
from harness.commands.verify import audit_run
from harness.errors import ArdentError
from harness.finding.evidence import evidence_json
from harness.git import Repository
from harness.report.source import Statement
from harness.run import editable_files
from harness.run.commits import published_commits
from harness.run.opening import open_run
from tests.harness.audited import (
    CHAMPION,
    DISCARDED,
    KEPT,
    KEPT_AGAIN,
    RUN,
    chained,
    clone_of,
    copy_of,
    rows_of,
)
from tests.harness.loops import assert_refused, run_folder, run_loop, scripted
from tests.harness.project import commit_all, git, harness
from tests.harness.scripts import KEPT as KEPT_PROPOSAL
from tests.harness.test_run import wanted

BRANCH = f"research/{RUN}"
ME = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")


@pytest.fixture
def project(audited_project, tmp_path):
    return copy_of(audited_project, tmp_path)


def audit(root):
    """Problems and notes of the run, as `verify` says them."""
    repository = Repository.open(root)
    found = audit_run(repository, read_run(repository, RUN))
    return [*map(str, found.problems)], found.notes


def publish_other_code(root):
    """On the branch `forged`: the last finding with code that nobody measured, its diff shown, all else as it was."""
    repository, row = Repository.open(root), rows_of(root)[KEPT_AGAIN]
    tip = repository.resolve(BRANCH)
    other = editable_files(repository, row.commit)[CHAMPION].replace('"hidden": 8', '"hidden": 9')
    hidden = repository.commit(row.parent, {CHAMPION: other}, "Other code", "refs/heads/hidden", None)
    text = finding.render(row, repository.diff(row.parent, hidden, ["sparse_parity"]))
    git(root, "branch", "--quiet", "-D", "hidden")
    paths, kept = finding.paths(row), ("DISCOVERIES.md", f"results/{RUN}/ledger.jsonl")
    files = {path: repository.file_bytes(tip, path).decode() for path in kept}
    files |= {CHAMPION: other, paths.evidence: evidence_json(row), paths.finding: text}
    message = git(root, "log", "-1", "--format=%B", tip) + "\n"
    return repository.commit(repository.resolve(f"{tip}~1"), files, message, "refs/heads/forged", None)


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_finding_with_code_that_was_never_measured_is_named_in_a_clone(project, tmp_path, is_merged):
    """A contributor's branch: its candidates' refs are not fetched, so only the edits can contradict the commit."""
    forged = publish_other_code(project)
    git(project, "update-ref", f"refs/heads/{BRANCH}", forged)
    git(project, "branch", "--quiet", "-D", "forged")
    clone = clone_of(project, tmp_path)
    git(clone, "branch", "--quiet", BRANCH, f"origin/{BRANCH}")
    if is_merged:
        git(clone, "merge", "--quiet", "--ff-only", BRANCH)
        git(clone, "branch", "--quiet", "-D", BRANCH)
    problems, _ = audit(clone)
    assert problems == [f"row {KEPT_AGAIN}: commit: {forged[:12]} holds other code than the candidate"]


def test_a_finding_with_code_that_was_never_measured_is_not_approved(project, tmp_path):
    forged = publish_other_code(project)
    git(project, "update-ref", f"refs/heads/{BRANCH}", forged)
    clone = clone_of(project, tmp_path)
    git(clone, "branch", "--quiet", BRANCH, f"origin/{BRANCH}")
    said = f"is not what was measured: row {KEPT_AGAIN}: commit: {forged[:12]} holds other code than the candidate"
    assert_refused(harness(clone, "review", RUN, "--approve", str(KEPT_AGAIN)), said)
    assert git(clone, "rev-parse", BRANCH) == forged


def test_every_commit_that_names_a_kept_row_must_hold_its_code(project):
    """The honest commit as a second parent, and older, does not vouch for the one that the branch holds."""
    forged, honest = publish_other_code(project), git(project, "rev-parse", BRANCH)
    merge = git(project, *ME, "commit-tree", f"{forged}^{{tree}}", "-p", forged, "-p", honest, "-m", "Merge")
    git(project, "update-ref", f"refs/heads/{BRANCH}", merge)
    problems, _ = audit(project)
    assert f"row {KEPT_AGAIN}: commit: {forged[:12]} holds other code than the candidate" in problems


@pytest.mark.parametrize("path", ["harness/judge/bounds.py", "sparse_parity/training.py", "results/other/0001.json"])
def test_a_commit_of_the_loop_changes_what_a_run_may_and_nothing_else(project, path):
    """Where it is merged with plain git, what a finding did not show would come along."""
    repository, honest = Repository.open(project), git(project, "rev-parse", BRANCH)
    parent, message = git(project, "rev-parse", f"{honest}~1"), git(project, "log", "-1", "--format=%B", honest) + "\n"
    names = git(project, "diff-tree", "-r", "--name-only", parent, honest).splitlines()
    files = {name: repository.file_bytes(honest, name).decode() for name in names}
    forged = repository.commit(parent, files | {path: "MINE = True\n"}, message, f"refs/heads/{BRANCH}", honest)
    said = f"row {KEPT_AGAIN}: commit: {forged[:12]} changes {path}, which no experiment may"
    assert audit(project)[0] == [said]


def test_a_commit_without_a_parent_is_named(project):
    """Trailers on a history of its own, merged into the branch."""
    honest = git(project, "rev-parse", BRANCH)
    message = git(project, "log", "-1", "--format=%B", honest)
    root = git(project, *ME, "commit-tree", f"{honest}^{{tree}}", "-m", message)
    merge = git(project, *ME, "commit-tree", f"{honest}^{{tree}}", "-p", honest, "-p", root, "-m", "Merge")
    git(project, "update-ref", f"refs/heads/{BRANCH}", merge)
    assert audit(project)[0] == [f"row {KEPT_AGAIN}: commit: {root[:12]} builds on no other commit"]


def test_a_rebase_onto_other_code_is_no_forgery(project):
    """Merged by rebasing, as some hosts do: main had other code by then, and nobody says that it was measured."""
    method = project / "sparse_parity" / "methods" / "fused.py"
    method.write_text(method.read_text() + "# mine\n")
    commit_all(project, "A line of mine")
    git(project, *ME, "rebase", "--quiet", "main", BRANCH)
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "--ff-only", BRANCH)
    git(project, "branch", "--quiet", "-D", BRANCH)
    assert audit(project)[0] == []


def test_a_squashed_merge_is_said_to_leave_the_diffs_unproven(project, tmp_path):
    git(project, "merge", "--quiet", "--squash", BRANCH)
    commit_all(project, "All at once")
    git(project, "branch", "--quiet", "-D", BRANCH)
    problems, notes = audit(clone_of(project, tmp_path))
    assert problems == []
    said = f"the commits of experiment {KEPT}, {KEPT_AGAIN} are not in this repository, so the diff"
    assert any(note.startswith(said) for note in notes), notes


def test_a_run_merged_in_part_is_not_called_merged(project):
    first = rows_of(project)[DISCARDED].parent  # tried on top of the first finding
    git(project, "merge", "--quiet", "--no-ff", "--no-edit", first)
    branch = git(project, "rev-parse", BRANCH)
    git(project, "branch", "--quiet", "-D", BRANCH)
    part = f"a part of it was merged: this checkout lacks the commit of experiment {KEPT_AGAIN}."
    assert said_of_branch(project) == Statement("warning", f"{BRANCH} is gone, and {part}")
    git(project, "merge", "--quiet", "--no-ff", "--no-edit", branch)
    assert said_of_branch(project).mark == "good"


def said_of_branch(root):
    found = facts(Repository.open(root), RUN, tuple(rows_of(root)), None)
    return next(fact.statement for fact in found if fact.name == "branch")


def test_instances_shared_with_a_run_that_is_only_a_branch_are_said(project):
    repository, rows = Repository.open(project), rows_of(project)
    copied = chained([replace(row, run="other") for row in rows]).decode()
    files = {"results/other/ledger.jsonl": copied}
    repository.commit(repository.head(), files, "Another run", "refs/heads/research/other", None)
    _, notes = audit(project)
    assert any(note.startswith("it was measured on the instances of other") for note in notes), notes


def test_a_run_does_not_go_on_without_a_row_that_a_merged_commit_names(recorded):
    """A discarded row cut off gives a look back, and its commit need not be a first parent of the branch."""
    closing = git(recorded, "rev-parse", "research/x")
    own = git(recorded, *ME, "commit-tree", f"{closing}~1^{{tree}}", "-p", f"{closing}~1", "-m", "Mine")
    merge = git(recorded, *ME, "commit-tree", f"{closing}^{{tree}}", "-p", own, "-p", closing, "-m", "Merge")
    git(recorded, "update-ref", "refs/heads/research/x", merge)
    ledger = run_folder(recorded, "x") / "ledger.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    ledger.with_name("ledger.checkpoint").unlink()
    with pytest.raises(ArdentError, match="experiment 2 is missing or changed"), open_run(recorded, wanted(run="x")):
        pass


def test_no_words_of_a_proposal_become_trailers(begun):
    """Its title stands in the subject of its own commit, and in that of the one that publishes it."""
    lie = "Ardent-Run: x\nArdent-Experiment: 0\nArdent-Tip: 0"
    words = dict.fromkeys(("hypothesis", "why"), f"Because.\n\n{lie}\n\n{lie}")
    hostile = {**KEPT_PROPOSAL, **words, "title": f"a\n\n{lie}"}
    done = run_loop(begun, *scripted(begun, [hostile]))
    assert done.returncode == 0, done.stderr
    repository = Repository.open(begun)
    refs = git(begun, "for-each-ref", "--format=%(refname)", "refs/experiments/x", "refs/heads/research/x").split()
    named = {ref: [one.number for one in published_commits(repository, "x", "main", ref)] for ref in refs}
    assert named == {"refs/experiments/x/0001": [], "refs/heads/research/x": [1]}
    assert "Ardent-Run" in git(begun, "log", "-1", "--format=%s", refs[0])
    found = audit_run(repository, read_run(repository, "x"))
    assert (found.problems, found.findings) == ((), 1)
