"""What a run has used of its experiments, hours and dollars is counted over all its starts, however they ended."""

import re
from dataclasses import replace
from math import fsum

import pytest

from harness.console.summary import go_on
from harness.crash_points import VARIABLE
from harness.git import Repository
from harness.redteam import note_passed
from harness.run import read_settings
from harness.run.worktime import WorkTime
from tests.harness.claudes import ask, open_claude
from tests.harness.loops import TASK, assert_refused, copy_project, rows_of, run_folder, run_loop, scripted
from tests.harness.messages_server import DOLLARS, KEY, call, message, serve, text
from tests.harness.project import harness
from tests.harness.scripts import KEPT, POLICY, UNUSABLE

KILLED = -9
LOST = 60.0  # seconds; far more than one stage takes


def worked(root, run="x"):
    """The seconds of work that are noted."""
    return float((run_folder(root, run) / "worktime").read_text())


def passages(root, *arguments, environment=None):
    """The names of the crash points that a command passes, in a copy of the project."""
    log = root.parent / "passed"
    run_loop(root, *arguments, environment={**(environment or {}), VARIABLE: f"0 {log}"})
    return log.read_text().splitlines()


def kill_at(root, number, *arguments, environment=None):
    log = root.parent / "killed"
    done = run_loop(root, *arguments, environment={**(environment or {}), VARIABLE: f"{number} {log}"})
    assert done.returncode == KILLED, done.stderr


# -- hours ------------------------------------------------------------------------------------------------------------


def test_hours_of_earlier_starts_count_and_the_summary_says_what_to_type(begun):
    command = scripted(begun, [UNUSABLE, POLICY])
    assert worked(begun) >= fsum(row["seconds"] for row in rows_of(begun, "x")) > 0
    (run_folder(begun, "x") / "worktime").write_text("7200.000\n")
    done = run_loop(begun, *command, "--max-hours", "2")
    assert (done.returncode, len(rows_of(begun, "x"))) == (0, 1)
    assert "its 2 hours are used (2.00 h were worked in all); raise --max-hours to go on\n" in done.stdout
    assert "0 of 2 experiments, out of time (2.00 h worked in all, --max-hours 2); raise it to go on\n" in done.stdout
    assert "--proposer scripted --script FILE --max-hours 4 --budget 2\n" in done.stdout
    assert run_loop(begun, *command, "--max-hours", "4").returncode == 0
    assert len(rows_of(begun, "x")) == 3
    assert 7200 < worked(begun) < 7200 + 3600


def test_hours_of_an_experiment_that_was_killed_count(begun):
    """It is in no row; the note was made as its last stage began."""
    command = scripted(begun, [KEPT])
    (run_folder(begun, "x") / "worktime").write_text(f"{LOST:020.3f}\n")
    last = passages(copy_project(begun, begun.parent / "counted"), *command).index("stage-confirm") + 1
    kill_at(begun, last, *command)
    assert len(rows_of(begun, "x")) == 1
    assert worked(begun) > LOST + 0.5  # policy, tests and screen take longer
    done = run_loop(begun, *command, "--max-hours", LOST / 3600)
    assert "0 of 1 experiments, out of time (" in done.stdout


@pytest.mark.parametrize("note", [None, "", "nan\n", "inf\n", "-5\n", "twelve\n", "\0" * 21])
def test_hours_are_never_less_than_the_rows_say(begun, note):
    folder = run_folder(begun, "x")
    (folder / "worktime").unlink()
    if note is not None:
        (folder / "worktime").write_text(note)
    rows = [replace_seconds(row, 90.0) for row in harness_rows(folder)]
    assert WorkTime.read(folder, rows).before == 90.0


def harness_rows(folder):
    from harness.ledger import read

    return read(folder / "ledger.jsonl")


def replace_seconds(row, seconds):
    return replace(row, seconds=seconds)


def test_the_next_command_has_every_limit_larger_where_it_is_used(begun):
    settings = replace(read_settings(run_folder(begun, "x")), budget=20, max_hours=3.0, max_usd=5.0)
    assert go_on(settings, 7, 1.0).endswith(" --max-hours 3 --max-usd 5 --budget 20")
    assert go_on(settings, 20, 3.5).endswith(" --max-hours 6 --max-usd 5 --budget 40")
    assert "max" not in go_on(replace(settings, max_hours=None, max_usd=None), 7, 9.0)


# -- dollars ----------------------------------------------------------------------------------------------------------


def test_a_reply_paid_before_a_kill_counts_although_no_row_has_it(begun_with_model):
    """Killed between reply and row; then another request is asked for, so the paid reply is of no use any more."""
    root, command = begun_with_model
    with serve(answer=lambda _: message([text("I would rather not.")])) as server:
        environment = {"ANTHROPIC_BASE_URL": server.address, "ANTHROPIC_API_KEY": KEY}
        at = passages(copy_project(root, root.parent / "counted"), *command, environment=environment).index("answered")
        kill_at(root, at + 1, *command, environment=environment)
        assert len(rows_of(root, "ai")) == 1
        done = run_loop(root, *command, "--effort", "low", "--max-usd", 0.01, environment=environment)
    spent = f"--max-usd: ${DOLLARS:.4f} is spent and the next call may cost $"
    assert_refused(done, spent, "past the ceiling of $0.01")
    enough = float(re.search(r"raise it to --max-usd (\d+\.\d\d) or more, then", done.stderr)[1])
    assert enough > 0.01
    assert f"spent     {DOLLARS:.2f} dollars; 1 replies, " in done.stdout
    assert "experiment 1 included, which was asked for and is not recorded yet" in done.stdout
    assert " --max-usd 0.01 --budget 1\n" in done.stdout
    said = harness(root, "verify", "--run", "ai").stdout
    assert f"note: 1 reply, {DOLLARS:.4f} dollars, of experiment 1, which is not recorded yet" in said


@pytest.fixture
def begun_with_model(user_project, tmp_path):
    """A project in which the run `ai` has measured its baseline, and the command that goes on with it."""
    root = copy_project(user_project, tmp_path)
    note_passed(Repository.open(root))
    command = (*TASK, "--proposer", "claude", "--run", "ai", "--budget", "1", "--repair-turns", "0")
    environment = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1", "ANTHROPIC_API_KEY": KEY}
    done = run_loop(root, *command, "--max-hours", "1e-9", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return root, command


def test_a_reply_keeps_the_price_of_the_model_that_gave_it(tmp_path):
    ask(tmp_path, message([call()]), price=(4.0, 20.0))
    cheap = open_claude(tmp_path, "http://127.0.0.1:1", price=(0.01, 0.01), model="another")
    assert cheap.bill.charge(1).dollars == pytest.approx(DOLLARS)
    unknown = open_claude(tmp_path, "http://127.0.0.1:1", model="nobody-knows-its-price")
    assert unknown.bill.charge(1).dollars == pytest.approx(DOLLARS)
