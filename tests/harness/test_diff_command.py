"""Replaying whole runs with the real loop, and `python -m harness diff`: no difference, or each one named.

A search and a script are replayed in test_loop.
"""

import json
import re
import shutil
from dataclasses import replace

import pytest

from harness.git import Repository
from harness.ledger import read
from harness.redteam import note_passed
from tests.harness.audited import KEPT, KEPT_AGAIN, RUN, chained, changed, clone_of, copy_of, ledger_file, rows_of
from tests.harness.loops import TASK, copy_project, run_folder, run_loop
from tests.harness.messages_server import KEY, Scripted, message, serve, text
from tests.harness.project import TINY, git, harness
from tests.harness.researcher import FAILS_TESTS, ROWS, USAGE, tool, wrong_metric
from tests.harness.scripts import hidden

AGAIN = ("--proposer", "replay", "--run", "again")


def replay(root, run, budget, *arguments):
    """Replay a run with the real loop, as `again`, to its end."""
    done = run_loop(root, *TASK, *AGAIN, "--replay", run, "--budget", budget, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def same(root, run, rows):
    """That the replay shows no difference, and holds by itself."""
    done = harness(root, "diff", run, "again")
    assert done.returncode == 0, done.stdout
    said = rf"run {run} and run again: {rows} rows, \d commits? on the branch, no difference \(aside: .*\)"
    assert re.fullmatch(said, done.stdout.splitlines()[0])
    verified = harness(root, "verify", "--run", "again")
    assert verified.returncode == 0, verified.stdout


# -- whole runs -------------------------------------------------------------------------------------------------------


# experiment -> answers, one a turn
ANSWERS = {
    1: [wrong_metric("Row-fused update"), tool("Row-fused update", *ROWS)],
    2: [message([text("I would rather not.")], usage=USAGE)] * 3,
    4: [FAILS_TESTS, FAILS_TESTS, tool("A few units less", hidden(32, 28))],
}


class Mixed:
    """A model that answers so, and one of whose replies is cut off on the way."""

    def __init__(self):
        self.cut = False

    def __call__(self, body):
        number = int(re.match(r"# Experiment (\d+)", body["messages"][0]["content"][0]["text"])[1])
        turn = sum(each["role"] == "assistant" for each in body["messages"])
        answer = ANSWERS[number][turn]
        if (number, self.cut) == (4, False):
            self.cut = True
            return Scripted(answer.body, fault="cut")
        return answer


@pytest.fixture(scope="module")
def asked(user_project, tmp_path_factory):
    """A project with a finished run of a model, `ai`, behind a real socket. Copy it first."""
    root = copy_project(user_project, tmp_path_factory.mktemp("asked"))
    (root / "tasks" / "tiny.yaml").write_text(TINY.replace("null_every: 0", "null_every: 2"))
    note_passed(Repository.open(root))
    with serve(answer=Mixed()) as server:
        variables = {"ANTHROPIC_BASE_URL": server.address, "ANTHROPIC_API_KEY": KEY}
        done = run_loop(root, *TASK, "--proposer", "claude", "--run", "ai", "--budget", "3", environment=variables)
    assert (done.returncode, done.stderr) == (0, "")
    return root


def test_a_replayed_run_of_a_model_shows_no_difference(asked, tmp_path):
    """With repairs, a lost reply, a null row and an answer that is none: all of that as it was recorded."""
    root = copy_project(asked, tmp_path)
    rows = read(run_folder(root, "ai") / "ledger.jsonl")
    assert [row.kind for row in rows] == ["baseline", "proposal", "proposal", "null", "proposal"]
    assert [row.verdict.stage for row in rows][1:3] == ["confirm", "propose"]
    assert [len(row.repairs) for row in rows] == [0, 1, 2, 0, 2]
    assert rows[4].cost.lost_calls == 1
    replay(root, "ai", 3)
    same(root, "ai", 5)


def test_a_clone_without_the_secret_replays_from_the_recorded_seeds(recorded, tmp_path):
    git(recorded, "merge", "--quiet", "--ff-only", "research/x")
    clone = clone_of(recorded, tmp_path)
    for built in (recorded / "harness").glob("memory_trace.*"):
        shutil.copy(built, clone / "harness" / built.name)
    replay(clone, "x", 2)
    done = harness(clone, "diff", "x", "again")
    assert done.returncode == 0, done.stdout
    assert "3 rows, " in done.stdout
    assert "note: a secret is not here, so second opinions were asked for on other instances" in done.stdout
    verified = harness(clone, "verify", "--run", "again")
    assert verified.returncode == 0, verified.stdout
    assert "note: it was measured on the instances of x (a replay, " in verified.stdout


# -- differences ------------------------------------------------------------------------------------------------------


@pytest.fixture
def twice(audited_project, tmp_path):
    """A project with a run, and a copy of its ledger under another name."""
    project = copy_of(audited_project, tmp_path)
    rows = [replace(row, run="again", started="2026-01-01T00:00:00+00:00", seconds=1.0) for row in rows_of(project)]
    write(project, rows)
    return project, rows


def write(project, rows):
    path = ledger_file(project).parents[1] / "again" / "ledger.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(chained(rows))


def test_names_and_times_are_no_difference(twice):
    project, _ = twice
    done = harness(project, "diff", RUN, "again")
    assert done.returncode == 0, done.stdout


def test_each_difference_is_named_by_row_and_field_with_both_values(twice):
    project, rows = twice
    write(project, changed(rows, KEPT, verdict_looks=3, commit=rows[KEPT_AGAIN].commit))
    done = harness(project, "diff", RUN, "again")
    assert done.returncode == 1
    head = f"run {RUN} and run again: "
    assert f"{head}row {KEPT}: verdict.looks: 1 in run {RUN}, 3 in run again" in done.stdout
    assert f"{head}row {KEPT}: commit: 'other code in sparse_parity/champion.py' in run {RUN}" in done.stdout
    assert f"{head}2 differences (aside: " in done.stdout


def test_another_harness_is_said_once_and_fewer_rows_are_said(twice):
    project, rows = twice
    write(project, [replace(row, harness_sha256="ab" * 32) for row in rows[:-1]])
    document = json.loads(harness(project, "diff", RUN, "again", "--json").stdout, parse_constant=pytest.fail)
    assert document["same"] is False
    assert [(each["row"], each["field"]) for each in document["problems"]] == [(0, "harness_sha256"), (9, "row")]


def test_a_run_that_is_not_here_is_one_line(twice):
    project, _ = twice
    done = harness(project, "diff", RUN, "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: --run nowhere: no ledger of such a run here")
