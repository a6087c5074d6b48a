"""The real loop in a pseudo-terminal, and in every other look: what is said, and what is left of the terminal."""

import json
import os
import signal

import pytest

from harness.cli import loop_arguments
from harness.errors import ArdentError
from tests.harness.loops import is_measuring_in, rows_of, run_loop, scripted, wait_until
from tests.harness.project import harness
from tests.harness.scripts import KEPT, POLICY
from tests.harness.terminals import loop_in_terminal


def test_a_whole_run_on_a_terminal_that_is_resized(begun):
    with loop_in_terminal(begun, *scripted(begun, [KEPT, POLICY])) as terminal:
        terminal.wait_for("1/2 Half the hidden units")
        terminal.resize(40, 24)
        while len(rows_of(begun, "x")) < 2:  # what the live part shows may be gone before it is read
            assert terminal.read(), terminal.shown()
        terminal.resize(120, 30)
        assert terminal.finish() == 0
        said = terminal.transcript()
        assert terminal.is_sane()
    assert "   1/2  Half the hidden units" in said
    assert "\n         policy: sparse_parity/methods/loud.py:1: import os is not allowed" in said
    assert "run x: 2 of 2 experiments, budget used" in said
    assert "no estimate yet" not in said
    assert said.endswith("--budget 22")
    assert len(rows_of(begun, "x")) == 3


def test_ctrl_c_twice_on_a_terminal_stops_at_once_and_leaves_it_usable(begun):
    with loop_in_terminal(begun, *scripted(begun, [KEPT, POLICY])) as terminal:
        terminal.wait_for("1/2 Half the hidden units")
        wait_until(lambda: is_measuring_in(begun))
        terminal.press(b"\x03")
        terminal.wait_for("Ctrl-C once more to stop now")
        terminal.press(b"\x03")
        assert terminal.finish() == 130
        assert terminal.is_sane()
        said = terminal.transcript()
    assert "   1/2  Half the hidden units\n" in said
    assert said.endswith("interrupted; the same command goes on where it was")
    assert len(rows_of(begun, "x")) == 1
    assert harness(begun, "status").stdout.startswith("run x: stopped after 0 of 2 experiments: ")  # and not killed


def test_a_killed_loop_leaves_the_terminal_usable(begun):
    with loop_in_terminal(begun, *scripted(begun, [KEPT, POLICY])) as terminal:
        terminal.wait_for("1/2 Half the hidden units")
        os.kill(terminal.process.pid, signal.SIGKILL)
        terminal.finish()
        assert terminal.is_sane()
        assert terminal.screen.cursor.x == 0  # the shell's next prompt begins a line


@pytest.mark.parametrize(
    ("flags", "variables"),
    [(["--plain"], {}), pytest.param([], {"term": "dumb"}, marks=pytest.mark.slow)],
    ids=["plain", "dumb"],
)
def test_plain_lines_on_a_terminal_move_no_cursor(begun, flags, variables):
    with loop_in_terminal(begun, *scripted(begun, [POLICY]), *flags, **variables) as terminal:
        assert terminal.finish() == 0
    said = terminal.said.decode()
    assert "1/1  A method that imports os" in said
    assert {c for c in said if not c.isprintable()} == {"\r", "\n"}
    assert ("os....." in said) == (not flags)
    assert not set("─│┌▁█⠋▲") & set(said)


def test_json_is_one_strict_object_a_line(begun):
    done = run_loop(begun, *scripted(begun, [POLICY]), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    run, row, summary = (json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines())
    assert [each["event"] for each in (run, row, summary)] == ["run", "experiment", "summary"]
    assert (run["run"], run["budget"], run["experiments"]) == ("x", 1, 0)
    assert (row["number"], row["outcome"], row["stage"], row["measured"]) == (1, "invalid", "policy", None)
    assert summary["outcomes"] == {"kept": 0, "discarded": 0, "inconclusive": 0, "invalid": 1}
    assert summary["baseline"] == summary["best"]


@pytest.mark.slow
def test_quiet_says_the_summary_and_errors_alone(begun):
    done = run_loop(begun, *scripted(begun, [POLICY]), "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("run x: 1 of 1 experiments, budget used\n")
    again = run_loop(begun, *scripted(begun, [POLICY]), "--quiet", "--task", "none")
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)


def test_two_looks_at_once_are_refused():
    with pytest.raises(ArdentError, match="--json and --quiet do not go together"):
        loop_arguments(["--budget", "1", "--quiet", "--json"])
    assert loop_arguments(["--budget", "1", "--json", "--json"]).look == "json"
