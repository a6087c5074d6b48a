"""States of a project that few ever meet: each is one line that says what to do, and exit code 1."""

import os
import shutil
import subprocess
import sys

import pytest

from harness.errors import ArdentError
from harness.experiment import publish_pending
from harness.run import Wanted
from harness.run.opening import open_run
from tests.harness.audited import RUN, ledger_file
from tests.harness.loops import TASK, assert_refused, copy_project, run_folder, run_loop
from tests.harness.project import CHAMPION, git, harness
from tests.harness.scripts import PICKY

BRANCH = "refs/heads/research/x"


@pytest.fixture
def pending(reviewable):
    """Experiment 2 was kept, and a kill came before its commit."""
    git(reviewable, "update-ref", BRANCH, f"{BRANCH}~1")
    return reviewable


def test_what_is_kept_and_not_published_is_finished_before_a_rejection_or_a_merge(pending):
    done = harness(pending, "review", "x", "--reject", "1", "--note", "too small")
    assert_refused(done, "experiment 2 was kept and is not on research/x yet", "start the run again, which finishes it")
    assert harness(pending, "review", "x", "--approve", "1").returncode == 0
    done = harness(pending, "merge", "x")
    assert_refused(done, "experiment 2 was kept, and research/x lacks it; start the run again first")


def test_a_branch_that_moved_while_an_experiment_ran_is_not_written_over(pending):
    wanted = Wanted(run="x", task="tiny", proposer="scripted", seed=1, budget=2)
    with open_run(pending, wanted) as run:
        git(pending, "update-ref", BRANCH, run.settings.baseline)
        with pytest.raises(ArdentError, match="research/x moved while experiment 2 ran; see git reflog research/x"):
            publish_pending(run)
        assert git(pending, "rev-parse", BRANCH) == run.settings.baseline


def test_a_torn_ledger_is_not_replayed_nor_one_without_a_proposal(begun):
    replay = ("--proposer", "replay", "--replay", "x", "--budget", "1")
    assert_refused(run_loop(begun, *TASK, *replay), "--replay: the recorded run holds no proposal; name another run")
    with (run_folder(begun, "x") / "ledger.jsonl").open("ab") as file:
        file.write(b'{"commit"')
    what = "--replay x: ledger.jsonl: line 2: torn off; start that run again, which sets it aside"
    assert_refused(run_loop(begun, *TASK, *replay), what)


def test_a_row_whose_commits_are_elsewhere_is_not_measured_again(audited_project, user_project, tmp_path):
    """A ledger that was copied into another repository, with the task that it was measured with."""
    root = copy_project(user_project, tmp_path)
    place = root / "results" / RUN / "ledger.jsonl"
    place.parent.mkdir(parents=True)
    shutil.copy(ledger_file(audited_project), place)
    shutil.copy(audited_project / "tasks" / "tiny.yaml", root / "tasks" / "tiny.yaml")
    done = harness(root, "verify", RUN)
    assert "note: its commits are not in this repository, so code was not compared" in done.stdout
    done = harness(root, "verify", RUN, "--rerun", "0")
    assert_refused(done, f"run {RUN}: row 0: commit ", " is not here; fetch its branch")


def test_a_method_that_fails_is_not_profiled(user_project, tmp_path):
    root = copy_project(user_project, tmp_path)
    (root / "sparse_parity" / "methods" / "picky.py").write_text(PICKY)
    champion = root / CHAMPION
    champion.write_text(champion.read_text().replace('"standard"', '"picky"'))
    done = harness(root, "profile", "--task", "tiny")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: picky cannot be profiled: ZeroDivisionError"), done.stderr
    assert "Traceback" not in done.stderr


def test_without_git_the_line_says_so(user_project, tmp_path):
    environment = {"PATH": str(tmp_path), "HOME": os.devnull, "PYTHONPATH": str(user_project)}
    command = [sys.executable, "-m", "harness", "status"]
    done = subprocess.run(command, cwd=user_project, env=environment, capture_output=True, text=True, check=False)
    assert_refused(done, "git: not found on PATH; install git 2.30 or later")


def test_a_file_in_the_way_of_a_merge_is_named_and_left(reviewable):
    for number in ("1", "2"):
        assert harness(reviewable, "review", "x", "--approve", number).returncode == 0
    mine = reviewable / "results" / "x" / "0001.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    head = git(reviewable, "rev-parse", "HEAD")
    assert_refused(harness(reviewable, "merge", "x"), "results/x/0001.json is in the way", "move it away, then merge")
    assert (mine.read_text(), git(reviewable, "rev-parse", "HEAD")) == ("mine", head)
