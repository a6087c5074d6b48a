"""Merging a reviewed run: a real merge that was tried and audited first, or nothing and a reason."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.harness.loops import assert_refused, copy_project, snapshot
from tests.harness.project import commit_all, environment, git, harness, python, set_hidden

BRANCH = "research/x"
CHAMPION = "sparse_parity/champion.py"
TYPED = """
import os, subprocess, sys
raise SystemExit(subprocess.run(sys.argv[1], shell=True, env=os.environ | {"GIT_EDITOR": "true"}).returncode)
"""


def review(root, *arguments):
    done = harness(root, "review", "x", *arguments)
    assert done.returncode == 0, done.stderr


def merge(root, *arguments):
    """The command, which must succeed; and what it promises of the branch then."""
    done = harness(root, "merge", "x", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_green(root):
    for command in ("check", "verify"):
        done = harness(root, command)
        assert done.returncode == 0, done.stdout


def refusal(root, *words):
    """The one line with which the merge is refused; nothing is changed by it."""
    before = everything(root)
    done = harness(root, "merge", "x")
    assert_refused(done, *words)
    assert everything(root) == before
    return done


def everything(root):
    """What a merge that is refused or tried must leave as it was. Git's own index may be refreshed."""
    files, refs, private, stashes = snapshot(root)
    return files, refs, {**private, "index": git(root, "ls-files", "--stage")}, stashes, git(root, "worktree", "list")


@pytest.fixture(scope="module")
def approved_project(reviewable_project, tmp_path_factory):
    """Both findings approved. Copy it first."""
    root = copy_project(reviewable_project, tmp_path_factory.mktemp("approved"))
    review(root, "--approve", "1")
    review(root, "--approve", "2")
    return root


@pytest.fixture
def approved(approved_project, tmp_path):
    return copy_project(approved_project, tmp_path)


# -- what is merged -----------------------------------------------------------------------------------------------


def test_approved_findings_are_merged_as_a_dry_run_said_with_green_audits_and_can_be_taken_back(approved):
    (approved / "notes.txt").write_text("untracked\n")
    before, untouched = git(approved, "rev-parse", "HEAD"), everything(approved)
    document = json.loads(merge(approved, "--dry-run", "--json"))
    assert (document["dry_run"], document["is_done"], document["conflicts"]) == (True, False, [])
    assert document["approved"] == ["x-0001", "x-0002"]
    assert everything(approved) == untouched
    told = merge(approved)
    assert told.startswith("merged research/x into main: ")
    assert git(approved, "log", "-1", "--format=%an|%s") == "A Person|Merge run x into main: 2 approved"
    assert git(approved, "rev-parse", "HEAD^1", "HEAD^2").split() == [before, git(approved, "rev-parse", BRANCH)]
    assert git(approved, "status", "--porcelain") == "?? notes.txt"
    assert 'METHOD = "fused"\nHYPERPARAMETERS = {"hidden": 16' in (approved / CHAMPION).read_text()
    assert_green(approved)
    assert merge(approved) == "nothing to merge: main holds research/x already\n"
    undo = next(line for line in told.splitlines() if "to undo it" in line).partition(": ")[2]
    git(approved, *undo.split()[1:])
    assert git(approved, "rev-parse", "HEAD") == before
    assert git(approved, "status", "--porcelain") == "?? notes.txt"


def test_a_rejected_finding_comes_along_struck_and_without_its_change(approved):
    review(approved, "--reject", "2", "--note", "too small")
    assert "rejected  x-0002: its record comes along, its change does not" in merge(approved)
    assert git(approved, "log", "-1", "--format=%s") == "Merge run x into main: 1 approved, 1 rejected"
    assert 'METHOD = "standard"\nHYPERPARAMETERS = {"hidden": 16' in (approved / CHAMPION).read_text()
    assert "~~ Rejected in review. [x-0002-" in (approved / "DISCOVERIES.md").read_text()
    assert_green(approved)


def test_a_rejection_after_the_merge_takes_the_change_back_with_the_next_merge(approved):
    merge(approved)
    done = harness(approved, "review", "x", "--reject", "2", "--note", "seen later")
    assert "was merged before; bring this over too: python -m harness merge x" in done.stdout
    merge(approved)
    assert 'METHOD = "standard"\nHYPERPARAMETERS = {"hidden": 16' in (approved / CHAMPION).read_text()
    assert_green(approved)


def test_findings_of_an_older_template_are_rendered_again(approved, tmp_path):
    place = tmp_path / "older"
    git(approved, "worktree", "add", "--quiet", str(place), BRANCH)
    for path in (place / "findings").glob("*.md"):
        path.write_text(path.read_text().replace("template: 2\n", "").replace("## Question", "## Asked"))
    commit_all(place, "An older template")
    git(approved, "worktree", "remove", str(place))
    assert "note: rendered again by today's template: findings/x-0001" in merge(approved)
    assert_green(approved)


def test_own_discoveries_and_the_runs_bullets_do_not_conflict_and_code_measured_apart_is_named(approved):
    """As when another run was merged before: both appended to one list."""
    (approved / "DISCOVERIES.md").write_text("# Mine\n\n- A fact.\n")
    path = approved / "sparse_parity" / "methods" / "perlayer.py"
    path.write_text(path.read_text() + "\n# Mine.\n")
    commit_all(approved, "My discoveries")
    told = merge(approved)
    assert "the merged code is not the code that was measured: sparse_parity/methods/perlayer.py differ" in told
    assert "python -m harness gate --against" in told
    text = (approved / "DISCOVERIES.md").read_text()
    assert text.startswith("# Mine\n\n- A fact.\n\n## Findings of the loop\n\n- ARD")
    assert text.count("\n- ") == 3
    assert_green(approved)


# -- what is refused ----------------------------------------------------------------------------------------------


def test_nothing_unreviewed_is_merged(reviewable):
    refusal(reviewable, "not reviewed yet: x-0001, x-0002", "python -m harness review x")
    review(reviewable, "--approve", "1")
    refusal(reviewable, "not reviewed yet: x-0002")


def test_what_was_rejected_and_is_built_upon_is_explained(approved):
    review(approved, "--reject", "1", "--note", "no")
    refusal(approved, "x-0001 is rejected, and x-0002 build on its code", "--approve x-0001")
    review(approved, "--reject", "2", "--note", "no")
    merge(approved)
    assert (approved / CHAMPION).read_text() == git(approved, "show", "HEAD^1:" + CHAMPION) + "\n"


def test_a_conflict_is_explained_and_what_it_says_to_type_works(approved):
    set_hidden(approved, 20)
    mine = commit_all(approved, "Hidden 20 by hand")
    before = everything(approved)
    (conflict,) = json.loads(harness(approved, "merge", "x", "--json", "--dry-run").stdout)["conflicts"]
    assert (conflict["path"], conflict["ours"]["word"], conflict["theirs"]["name"]) == (CHAMPION, "changed", BRANCH)
    done = harness(approved, "merge", "x")
    assert done.returncode == 1
    assert done.stderr == f"error: {BRANCH} conflicts with main in {CHAMPION}; nothing was changed\n"
    assert everything(approved) == before
    lines = done.stdout.splitlines()
    assert lines[0] == f"{CHAMPION}: main and {BRANCH} both touched it"
    assert lines[1] == f"  main changed it: {mine[:7]} Hidden 20 by hand"
    assert any(line.startswith(f"  {BRANCH} changed it: ") and "Half the hidden units" in line for line in lines)
    assert '    +HYPERPARAMETERS = {"hidden": 20, "lr": 0.1, "wd": 0.01}' in lines
    assert '    +HYPERPARAMETERS = {"hidden": 16, "lr": 0.1, "wd": 0.01}' in lines
    said = [line.strip().partition("    #")[0] for line in lines if line.startswith(("  git", "  python"))]
    for line in (command for command in said if "--ours" not in command):
        done = python(approved, "-c", TYPED, line.replace("python", sys.executable))
        assert done.returncode == (1 if line.startswith("git merge") else 0), done.stderr
    assert git(approved, "status", "--porcelain") == ""
    assert git(approved, "rev-parse", "HEAD^2") == git(approved, "rev-parse", BRANCH)
    assert '"hidden": 16' in (approved / CHAMPION).read_text()
    assert_green(approved)


def test_a_tree_in_no_state_to_merge_into_is_left_alone(approved):
    set_hidden(approved, 20)
    refusal(approved, f"1 file changed and not committed ({CHAMPION})", "git stash")
    git(approved, "checkout", "--quiet", "--", CHAMPION)
    git(approved, "checkout", "--quiet", "--detach")
    refusal(approved, "HEAD is detached")
    git(approved, "switch", "--quiet", "main")
    (approved / "results" / "x").mkdir(parents=True)
    (approved / "results" / "x" / "0001.json").write_text("mine\n")
    refusal(approved, "results/x/0001.json is in the way")
    shutil.rmtree(approved / "results")
    (approved / ".git" / "MERGE_HEAD").write_text(git(approved, "rev-parse", "HEAD"))
    refusal(approved, "in the middle of a merge", "git merge --abort")
    (approved / ".git" / "MERGE_HEAD").unlink()
    git(approved, "switch", "--quiet", BRANCH)
    refusal(approved, f"{BRANCH} itself is checked out")


def test_a_branch_that_is_gone_or_never_was_is_one_line(approved):
    assert_refused(harness(approved, "merge", "y"), "y: no such run")
    assert_refused(harness(approved, "merge", "../x"), "not a name for a run")
    git(approved, "branch", "-D", BRANCH)
    refusal(approved, f"{BRANCH} is gone", "git branch research/x")


def test_findings_that_do_not_hold_are_not_merged(approved, tmp_path):
    place = tmp_path / "by-hand"
    git(approved, "worktree", "add", "--quiet", str(place), BRANCH)
    evidence = place / "results" / "x" / "0001.json"
    evidence.write_text(evidence.read_text().replace('"looks": 1', '"looks": 2'))
    commit_all(place, "Better evidence")
    git(approved, "worktree", "remove", str(place))
    refusal(approved, "would not hold", "looks")


@contextmanager
def branch_by_hand(root, place):
    """A worktree of the run's branch; what is changed in it becomes a commit that the loop did not make."""
    git(root, "worktree", "add", "--quiet", str(place), BRANCH)
    yield place
    commit_all(place, "By hand")
    git(root, "worktree", "remove", str(place))


@pytest.mark.parametrize("path", ["harness/judge/bounds.py", "tests/sparse_parity/test_model.py", "results/x/9.json"])
def test_what_the_run_did_not_make_does_not_come_along(approved, tmp_path, path):
    """A person reviews findings, not the judge: a commit beside the loop's own must not ride on their approval."""
    with branch_by_hand(approved, tmp_path / "by-hand") as place:
        (place / path).write_text("MINE = True\n")
    refusal(approved, f"{BRANCH} brings what its run did not make ({path})", "git log")


@pytest.mark.parametrize("source", ["README.md", "findings/x-0002-the-fused-order.md"])
def test_a_fact_slipped_into_the_discoveries_does_not_come_along(approved, tmp_path, source):
    """Also where it cites a finding of the run, above the section that holds its bullets."""
    with branch_by_hand(approved, tmp_path / "by-hand") as place:
        assert (place / source).exists() or source == "README.md"
        text = (place / "DISCOVERIES.md").read_text()
        (place / "DISCOVERIES.md").write_text(f"- ARD is 3 by now. [trust me]({source})\n{text}")
    refusal(approved, f"{BRANCH} brings what its run did not make (DISCOVERIES.md)")


def test_a_link_in_the_place_of_a_record_is_not_followed(approved, tmp_path):
    (tmp_path / "outside").write_text("mine\n")
    with branch_by_hand(approved, tmp_path / "by-hand") as place:
        (place / "DISCOVERIES.md").unlink()
        (place / "DISCOVERIES.md").symlink_to(tmp_path / "outside")
    (approved / "DISCOVERIES.md").write_text("# Mine\n")
    commit_all(approved, "So that both touched it")
    refusal(approved, f"{BRANCH} brings what its run did not make (DISCOVERIES.md)")
    assert (tmp_path / "outside").read_text() == "mine\n"


def test_a_kill_while_it_is_tried_leaves_nothing_that_the_next_does_not_sweep(approved):
    """The sandbox of the trial is a worktree: git's list and the folder are clean after the next merge."""
    before = git(approved, "rev-parse", "HEAD")
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "merge", "x"], cwd=approved, env=environment(approved), start_new_session=True
    )
    while process.poll() is None and "ardent-merge-" not in git(approved, "worktree", "list"):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert git(approved, "rev-parse", "HEAD") == before
    merge(approved)
    assert git(approved, "worktree", "list").count("\n") == 0
    assert_green(approved)
