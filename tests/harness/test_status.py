"""`python -m harness status`: a run from outside, at work, ended, stopped, killed, and damaged."""

import json
import os
import re
import socket
from datetime import UTC, datetime

import pytest

from harness.commands import counted
from harness.ledger.holder import Holder, read_holder
from harness.run.outside import state_of
from tests.harness.loops import read_until, run_folder, scripted, started_loop
from tests.harness.project import harness
from tests.harness.scripts import KEPT, POLICY

NOW = datetime.now(UTC).isoformat(timespec="seconds")
HERE = socket.gethostname()


def private_files(root):
    folder = run_folder(root, "x")
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_at_work_and_killed(begun):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        at_work = harness(begun, "status")
        loop.kill()
        loop.wait()
    before = private_files(begun)
    killed = harness(begun, "status", "x")
    assert private_files(begun) == before
    who = rf"pid {loop.pid} on {re.escape(HERE)} since \S+ \(loop.py .*\)"
    assert re.match(rf"run x: running, at experiment 1 of 2 for \d+ (s|min), by {who}\n", at_work.stdout)
    assert "no estimate yet" in at_work.stdout
    assert re.match(rf"run x: killed at experiment 1 of 2: {who} is no more\n", killed.stdout)
    assert "go on     python loop.py --run x --task tiny --proposer scripted --script FILE --budget 2" in killed.stdout
    assert (at_work.returncode, killed.returncode) == (0, 0)


def test_a_run_that_was_stopped_says_so_and_how_to_go_on(begun):
    stopped = harness(begun, "status").stdout
    assert stopped.startswith("run x: stopped after 0 of 2 experiments: ")
    assert "best      the baseline: nothing beat it" in stopped
    assert "go on     python loop.py --run x" in stopped


def test_a_run_that_ended_says_what_it_found_and_what_comes_next(recorded):
    ended = harness(recorded, "status", "x").stdout
    assert ended.startswith("run x: ended after 2 of 2 experiments: its budget is used\n")
    assert "  done      1 kept, 0 discarded, 0 inconclusive, 1 invalid\n" in ended
    assert "last      experiment 2: A method that imports os: invalid" in ended
    assert "python -m harness verify --run x --rerun kept" in ended
    assert "python -m harness report x" in ended
    assert "go on                python loop.py --run x --task tiny" in ended


def test_a_run_closed_by_a_rejection_is_not_said_to_go_on(reviewable):
    done = harness(reviewable, "review", "x", "--reject", "2", "--note", "too small")
    assert done.returncode == 0, done.stderr
    closed = harness(reviewable, "status", "x").stdout
    assert "run    python loop.py --task tiny --proposer scripted --script FILE --budget 2    (this one is" in closed
    assert "--run x --task" not in closed


def test_json_says_the_same(recorded):
    document = json.loads(harness(recorded, "status", "x", "--json").stdout, parse_constant=pytest.fail)
    assert (document["run"], document["state"], document["budget"], document["holder"]) == ("x", "ended", 2, None)
    assert document["outcomes"] == {"kept": 1, "discarded": 0, "inconclusive": 0, "invalid": 1}
    assert document["in_all"]["dmd"] < -0.4
    assert document["best"]["ard"] < document["baseline"]["ard"]


def test_a_torn_line_is_said_and_left_where_it_is(recorded):
    ledger = run_folder(recorded, "x") / "ledger.jsonl"
    torn = ledger.read_bytes() + b'{"commit":"ab'
    ledger.write_bytes(torn)
    found = harness(recorded, "status", "x")
    assert found.returncode == 1
    assert "torn      the last 13 bytes of the ledger, by a crash; going on sets them aside" in found.stdout
    assert ledger.read_bytes() == torn


def test_an_edited_row_is_named(recorded):
    ledger = run_folder(recorded, "x") / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"Half the hidden", b"All the hidden", 1))
    for arguments in (["status"], ["status", "--json"]):
        found = harness(recorded, *arguments)
        assert (found.returncode, found.stdout) == (1, "")
        assert found.stderr.startswith("error: run x: ledger.jsonl: line 2: edited")
        assert found.stderr.count("\n") == 1


def test_without_a_run_one_line_says_what_to_type(user_project):
    found = harness(user_project, "status")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == "no run here yet; begin one: python loop.py --budget 20\n"
    assert json.loads(harness(user_project, "status", "--json").stdout) == {"command": "status", "run": None}


def test_an_unknown_run_is_refused_in_one_line(recorded):
    for name in ("y", "../x", "x\x1b[2J", "x" * 500):
        found = harness(recorded, "status", name)
        assert (found.returncode, found.stdout, found.stderr.count("\n")) == (1, "", 1)
        assert "known are: x" in found.stderr
        assert "\x1b" not in found.stderr


@pytest.mark.parametrize(
    ("text", "is_alive"),
    [
        (f"pid {os.getpid()} on {HERE} since {NOW} (loop.py)\n", True),
        (f"pid {os.getpid()} on {HERE} since 2001-01-01T00:00:00+00:00 (loop.py)\n", False),
        (f"pid 999999999 on {HERE} since {NOW} (loop.py)\n", False),
        (f"pid {os.getpid()} on elsewhere since {NOW} (loop.py)\n", None),
        (f"pid {os.getpid()} on {HERE} since yesterday (loop.py)\n", None),
    ],
    ids=["at work", "its number was given to another", "gone", "another machine", "no date"],
)
def test_who_holds_a_lock_is_told_from_who_has_its_number(tmp_path, text, is_alive):
    (tmp_path / "lock").write_text(text)
    holder = read_holder(tmp_path / "lock")
    assert holder is not None
    assert (holder.is_alive, holder.command) == (is_alive, "loop.py")


@pytest.mark.parametrize(
    ("is_alive", "done", "state"),
    [
        (True, 2, "running"),
        (False, 2, "killed"),
        (None, 2, "unknown"),
        ("nobody", 1, "stopped"),
        ("nobody", 2, "ended"),
    ],
)
def test_where_a_run_stands_follows_from_who_holds_it_and_what_is_done(is_alive, done, state):
    holder = None if is_alive == "nobody" else Holder(1, HERE, NOW, "loop.py", is_alive)
    assert state_of(holder, done, 2) == state


def test_a_number_stands_with_its_noun():
    said = [counted(number, noun) for number, noun in ((1, "row"), (0, "row"), (2, "reply"), (2, "harness"))]
    assert said == ["1 row", "0 rows", "2 replies", "2 harnesses"]


@pytest.mark.parametrize("text", ["", "garbage", "pid x on y since z (w)", "\0" * 100, "pid 1 on a since b (c"])
def test_a_lock_that_names_nobody_is_held_by_nobody(tmp_path, text):
    (tmp_path / "lock").write_text(text)
    assert read_holder(tmp_path / "lock") is None
    assert read_holder(tmp_path / "none") is None
