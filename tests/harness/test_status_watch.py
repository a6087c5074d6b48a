"""`python -m harness status --watch`: in place on a terminal, a line when something happened elsewhere, to the end."""

import json
import subprocess
import sys

import pytest

from tests.harness.loops import clean_environment, read_until, rows_of, run_folder, scripted, started_loop
from tests.harness.project import harness
from tests.harness.scripts import KEPT, POLICY
from tests.harness.terminals import Terminal

WATCH = [sys.executable, "-m", "harness", "status", "--watch", "0.1"]


def watching(root, *arguments):
    """The command with its output in a pipe."""
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*WATCH, *arguments], cwd=root, env=clean_environment(root), **said)


def watching_in_terminal(terminal, root):
    environment = clean_environment(root) | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
    terminal.start(WATCH, root, environment)


@pytest.fixture
def terminal():
    one = Terminal(72, 24)
    yield one
    if one.process is not None:
        one.process.kill()
        one.process.wait()
    one.close()


def test_on_a_terminal_the_report_stays_in_place_and_ends_with_the_run(begun, terminal):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        watching_in_terminal(terminal, begun)
        terminal.wait_for("run x: running, at experiment 1 of 2")
        terminal.wait_for("run x: ended after 2 of 2 experiments: its budget is used")
        assert terminal.finish() == 0
    said = terminal.transcript()
    assert "running, at" not in said
    assert said.count("run x: ") == 1
    assert "done 1 kept, 0 discarded, 0 inconclusive, 1 invalid" in terminal.words()
    assert terminal.is_sane()
    assert rows_of(begun, "x")[-1]["number"] == 2


def test_ctrl_c_ends_the_watching_and_not_the_run(begun, terminal):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        watching_in_terminal(terminal, begun)
        terminal.wait_for("run x: running, at experiment 1 of 2")
        terminal.press(b"\x03")
        assert terminal.finish() == 130
        assert loop.wait(110) == 0
    assert "Traceback" not in terminal.transcript()
    assert terminal.transcript().count("run x: running, at experiment 1 of 2") == 1
    assert terminal.is_sane()


def test_in_a_pipe_a_line_comes_when_something_happened_and_with_json_an_object(begun):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        plain, objects = watching(begun), watching(begun, "--json")
        told, documents = plain.communicate(timeout=110)[0], objects.communicate(timeout=110)[0]
    lines = told.splitlines()
    assert (plain.returncode, objects.returncode) == (0, 0)
    assert lines[0].startswith("run x: running, at experiment 1 of 2; 0 kept, 0 discarded")
    assert lines[-1].startswith("run x: ended after 2 of 2 experiments: its budget is used; 1 kept, 0 discarded")
    assert lines[-1].endswith("; last experiment 2: A method that imports os: invalid")
    assert len(set(lines)) == len(lines) <= 5
    found = [json.loads(line, parse_constant=pytest.fail) for line in documents.splitlines()]
    assert (found[0]["state"], found[-1]["state"], found[-1]["outcomes"]["kept"]) == ("running", "ended", 1)


def test_a_run_that_nobody_works_on_is_told_once(recorded, terminal):
    done = harness(recorded, "status", "x", "--watch")
    assert done.stdout.startswith("run x: ended after 2 of 2 experiments")
    assert done.stdout.count("\n") == 1
    watching_in_terminal(terminal, recorded)
    assert terminal.finish() == 0
    assert terminal.transcript().count("run x: ended") == 1


def test_a_ledger_that_breaks_while_it_is_watched_is_one_line(begun):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        watched = watching(begun)
        read_until(watched.stdout.buffer.raw, "\n")
        (run_folder(begun, "x") / "run.json").write_text("{")
        error = watched.communicate(timeout=110)[1]
    assert (watched.returncode, error.count("\n")) == (1, 1)
    assert error.startswith("error: ")


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "nan", "1e9", "0.01"])
def test_a_period_that_makes_no_sense_is_refused(recorded, seconds):
    done = harness(recorded, "status", f"--watch={seconds}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--watch" in done.stderr


def test_without_a_run_there_is_nothing_to_watch(user_project):
    assert harness(user_project, "status", "--watch").stdout.startswith("no run here yet")
