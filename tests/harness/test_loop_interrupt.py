"""Stopping the loop at any moment: Ctrl-C, SIGTERM, kill -9; and going on with the same command."""

import os
import signal
import subprocess

import pytest

from harness.interrupt import NOTICE
from tests.harness.loops import (
    branch_subjects,
    comparable,
    is_measuring_in,
    processes_of,
    read_until,
    rows_of,
    run_loop,
    scripted,
    snapshot,
    started_loop,
    wait_until,
)
from tests.harness.project import git
from tests.harness.scripts import KEPT, POLICY

STOPPING = NOTICE.decode().strip()
ENTRIES = [KEPT, POLICY]


@pytest.fixture(scope="module")
def uninterrupted(recorded_project):
    """The ledger of a run that nobody stopped."""
    return comparable(rows_of(recorded_project, "x"))


def assert_goes_on(root, uninterrupted):
    """The same command again comes to the ledger and the branch that an uninterrupted run has."""
    done = run_loop(root, *scripted(root, ENTRIES))
    assert (done.returncode, done.stderr) == (0, "")
    assert comparable(rows_of(root, "x")) == uninterrupted
    assert branch_subjects(root, "x") == ["Half the hidden units", "Ledger of run x: 3 rows"]


# -- Ctrl-C ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)], ids=["SIGINT", "SIGTERM"]
)
def test_one_interrupt_lets_the_experiment_in_progress_be_recorded(begun, uninterrupted, number):
    before = snapshot(begun)
    with started_loop(begun, *scripted(begun, ENTRIES)) as loop:
        read_until(loop.stdout, "Half the hidden units")
        loop.send_signal(number)
        out, error = (text.decode() for text in loop.communicate(timeout=60))
    assert loop.returncode == 130
    assert error.strip() == STOPPING
    assert "kept" in out
    assert "run x: 1 of 2 experiments, interrupted; the same command goes on" in out
    assert "--budget 2" in out
    assert len(rows_of(begun, "x")) == 2
    assert processes_of(begun) == []
    assert snapshot(begun) == before
    assert_goes_on(begun, uninterrupted)


def test_an_interrupt_of_the_whole_process_group_spares_the_measurement(begun):
    """A terminal sends Ctrl-C to every process of the group: neither git nor the candidate may die of it."""
    with started_loop(begun, *scripted(begun, ENTRIES), start_new_session=True) as loop:
        read_until(loop.stdout, "Half the hidden units")
        os.killpg(loop.pid, signal.SIGINT)
        loop.communicate(timeout=60)
    assert [row["verdict"]["outcome"] for row in rows_of(begun, "x")] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("number", "left_half"),
    [
        (signal.SIGINT, "baseline"),
        pytest.param(signal.SIGINT, "Half the hidden units", marks=pytest.mark.slow),
        (signal.SIGTERM, "Half the hidden units"),
    ],
    ids=["SIGINT-baseline", "SIGINT", "SIGTERM"],
)
def test_two_interrupts_stop_at_once_and_leave_nothing_running(request, uninterrupted, number, left_half):
    project = request.getfixturevalue("project" if left_half == "baseline" else "begun")
    with started_loop(project, *scripted(project, ENTRIES)) as loop:
        read_until(loop.stdout, left_half)
        wait_until(lambda: is_measuring_in(project))
        loop.send_signal(number)
        read_until(loop.stderr, STOPPING)
        loop.send_signal(number)
        out, error = (text.decode() for text in loop.communicate(timeout=60))
    assert loop.returncode == 130
    assert error.strip() == "interrupted; the same command goes on where it was"
    assert out.endswith("\n")  # the line left open is ended
    assert processes_of(project) == []
    assert list((project.parent / "home" / "tmp").iterdir()) == []
    assert len(rows_of(project, "x")) == (0 if left_half == "baseline" else 1)
    assert_goes_on(project, uninterrupted)


def test_an_interrupt_before_the_baseline_is_recorded_is_answered(project):
    with started_loop(project, *scripted(project, ENTRIES)) as loop:
        read_until(loop.stdout, "run x begins")
        loop.send_signal(signal.SIGINT)
        out, _ = loop.communicate(timeout=60)
    assert loop.returncode == 130
    assert b"interrupted" in out
    assert len(rows_of(project, "x")) <= 1


# -- kill -9 --------------------------------------------------------------------------------------------------------


def is_testing(root):
    return "-m pytest" in " ".join(processes_of(root))


def is_recorded(root):
    return len(rows_of(root, "x")) > 1


@pytest.mark.parametrize("moment", [pytest.param(is_testing, marks=pytest.mark.slow), is_measuring_in, is_recorded])
def test_a_killed_run_goes_on_to_the_ledger_of_an_uninterrupted_one(begun, uninterrupted, moment):
    with started_loop(begun, *scripted(begun, ENTRIES)) as loop:
        read_until(loop.stdout, "Half the hidden units")
        wait_until(lambda: moment(begun))
        loop.kill()
        loop.wait()
        wait_until(lambda: processes_of(begun) == [])  # the candidate dies with its parent
    assert_goes_on(begun, uninterrupted)


def test_a_kill_during_the_baseline_leaves_no_branch_and_the_run_begins_again(project, uninterrupted):
    with started_loop(project, *scripted(project, ENTRIES)) as loop:
        read_until(loop.stdout, "baseline")
        loop.kill()
    assert git(project, "branch", "--list", "research/*") == ""
    assert_goes_on(project, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("milliseconds", range(300, 2400, 100))
def test_a_kill_at_any_time_loses_nothing(project, uninterrupted, milliseconds):
    with started_loop(project, *scripted(project, ENTRIES)) as loop:
        try:
            loop.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            loop.kill()
    assert_goes_on(project, uninterrupted)


def forget_the_last_commit(root, run):
    """As if the process had died between the ledger's row and the branch's commit; the commit that was there."""
    commit = git(root, "rev-parse", f"research/{run}")
    git(root, "update-ref", f"refs/heads/research/{run}", f"{commit}^")
    return commit


def test_a_kept_experiment_is_published_again_as_the_very_same_commit(begun):
    command = scripted(begun, [KEPT])
    assert run_loop(begun, *command).returncode == 0
    commit = forget_the_last_commit(begun, "x")
    assert run_loop(begun, *command).returncode == 0
    assert git(begun, "rev-parse", "research/x") == commit
    assert len(rows_of(begun, "x")) == 2


def test_a_closing_commit_is_made_again_as_the_very_same_commit(recorded):
    commit = forget_the_last_commit(recorded, "x")
    assert run_loop(recorded, *scripted(recorded, ENTRIES)).returncode == 0
    assert git(recorded, "rev-parse", "research/x") == commit


def test_a_run_whose_last_commit_is_missing_is_not_finished(project):
    command = scripted(project, [POLICY], run=None)
    assert run_loop(project, *command).returncode == 0
    forget_the_last_commit(project, "tiny-1")
    assert "run tiny-1 goes on after 1 experiment" in run_loop(project, *command).stdout
    assert "run tiny-2 begins" in run_loop(project, *command).stdout


def test_a_branch_that_was_never_made_is_made_when_only_the_baseline_was_recorded(begun, uninterrupted):
    git(begun, "update-ref", "-d", "refs/heads/research/x")
    assert_goes_on(begun, uninterrupted)


def test_a_ref_left_by_a_killed_experiment_is_replaced(begun, uninterrupted):
    git(begun, "update-ref", "refs/experiments/x/0001", "HEAD")
    assert_goes_on(begun, uninterrupted)


# -- two at once ----------------------------------------------------------------------------------------------------


def test_a_second_loop_on_the_same_run_is_refused_in_one_line(begun):
    with started_loop(begun, *scripted(begun, ENTRIES)) as loop:
        read_until(loop.stdout, "Half the hidden units")
        second = run_loop(begun, *scripted(begun, ENTRIES))
        loop.communicate(timeout=60)
    assert second.returncode == 1
    assert second.stderr.startswith(f"error: run x is already being run by pid {loop.pid} on ")
    assert second.stderr.count("\n") == 1
    assert loop.returncode == 0
    assert len(rows_of(begun, "x")) == 3


@pytest.mark.slow
def test_another_run_may_go_on_at_the_same_time(begun):
    with started_loop(begun, *scripted(begun, ENTRIES)) as loop:
        read_until(loop.stdout, "Half the hidden units")
        second = run_loop(begun, *scripted(begun, [POLICY, KEPT], run="y", budget=1))
        loop.communicate(timeout=60)
    assert (loop.returncode, second.returncode) == (0, 0)
    assert (len(rows_of(begun, "x")), len(rows_of(begun, "y"))) == (3, 2)
