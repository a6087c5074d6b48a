"""A whole run with a model behind a real socket: branch, ledger, findings and bill, an outage in the middle, and no
trace of a key anywhere.
"""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.git import Repository
from harness.ledger import read
from harness.predictions import score, sentence
from harness.redteam import note_passed
from tests.harness.audited import chained
from tests.harness.loops import (
    TASK,
    branch_subjects,
    clean_environment,
    copy_project,
    ends,
    rows_of,
    run_folder,
)
from tests.harness.messages_server import KEY, serve
from tests.harness.project import git, harness
from tests.harness.researcher import DOLLARS, ENDS, REPAIRS, SCRIPT, Researcher

OTHER_KEY = "sk-ant-oat01-another_secret-9876543210"
HEADERS = "X-Secret: header-secret-5550123456"
WRAPPER = '#!/bin/sh\nenv >> "{log}"\nPATH="{path}" exec git "$@"\n'


class WholeRun:
    """A run that is paused by a refused key in a repair turn, and goes on with the same command."""

    def __init__(self, root):
        self.root = root
        self.seen_by_git = root.parent / "seen by git"
        self.environs = []
        note_passed(Repository.open(root))  # the attacks have tests of their own
        with serve(answer=Researcher()) as server:
            self.researcher = server.answer
            self.environment = self.make_environment(server.address)
            self.paused = self.run()
            self.asked_before = list(self.researcher.asked)
            self.done = self.run()
            self.requests = server.requests
        self.rows = rows_of(root, "ai")

    def make_environment(self, address):
        bin_ = self.root.parent / "bin"
        bin_.mkdir()
        base = clean_environment(self.root)
        (bin_ / "git").write_text(WRAPPER.format(log=self.seen_by_git, path=base["PATH"]))
        (bin_ / "git").chmod(0o755)
        keys = {"ANTHROPIC_API_KEY": KEY + "\n", "ANTHROPIC_AUTH_TOKEN": OTHER_KEY, "ANTHROPIC_CUSTOM_HEADERS": HEADERS}
        others = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_LOG": "debug", "PATH": f"{bin_}:{base['PATH']}"}
        return {**base, **keys, **others}

    def run(self):
        arguments = ("--proposer", "claude", "--run", "ai", "--seed", "1", "--budget", "8", "--max-usd", "9")
        command = [sys.executable, str(self.root / "loop.py"), *TASK, *arguments]
        process = subprocess.Popen(
            command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.researcher.watch = lambda: self.look_at(process.pid)
        try:
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def look_at(self, loop):
        """The environment of the loop, and of every process that it has started, as /proc shows them."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (entry.name == str(loop) or parent_of(entry) == loop):
                try:
                    self.environs.append((entry / "environ").read_bytes())
                except OSError:
                    continue


def parent_of(entry):
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


@pytest.fixture(scope="module")
def whole(user_project, tmp_path_factory):
    return WholeRun(copy_project(user_project, tmp_path_factory.mktemp("whole")))


def test_an_outage_pauses_the_run_with_one_line_and_exit_code_1(whole):
    assert whole.paused.returncode == 1
    (line,) = whole.paused.stderr.splitlines()
    assert line.startswith("error: claude: the key was refused (HTTP 401")
    assert line.endswith("the same command resumes the run")
    assert "4 of 8 experiments, paused" in whole.paused.stdout


def test_the_same_command_goes_on_and_pays_for_no_reply_twice(whole):
    assert (whole.done.returncode, whole.done.stderr) == (0, "")
    assert whole.asked_before[-2:] == [(5, 0), (5, 1)]
    assert whole.researcher.asked[len(whole.asked_before)] == (5, 1)  # (5, 0) was on disk
    turns = sum(len(answers) for answers in SCRIPT.values())
    assert whole.researcher.paid == turns


def test_improvements_are_kept_and_mistakes_and_cheats_are_not(whole):
    assert ends(whole.rows) == ENDS


def test_repair_turns_stand_in_the_ledger_with_what_was_to_be_mended(whole):
    assert [len(row["repairs"]) for row in whole.rows] == REPAIRS
    assert "prediction: metric must be one of" in whole.rows[1]["repairs"][0]
    assert "does not occur in the file. The nearest lines are:" in whole.rows[5]["repairs"][0]
    assert whole.rows[5]["repairs"][1].startswith("the tests fail: ")
    assert "import gc" in whole.rows[2]["verdict"]["reason"] or "gc" in whole.rows[2]["repairs"][-1]


def test_the_bill_is_the_sum_of_all_replies(whole):
    costs = [row["cost"] for row in whole.rows]
    paid = whole.researcher.paid
    assert sum(cost["calls"] for cost in costs) == paid
    assert sum(cost["dollars"] for cost in costs) == pytest.approx(paid * DOLLARS)
    assert sum(cost["lost_calls"] for cost in costs) == 0
    spent = f"spent     {paid * DOLLARS:.2f} dollars, {paid * DOLLARS / 3:.2f} a kept finding; {paid} replies, "
    assert spent in whole.done.stdout
    assert f"{4_000 * paid:,} tokens in (75% from the cache), {500 * paid:,} out" in whole.done.stdout


def test_predictions_are_scored_in_the_summary(whole):
    scored = score(read(run_folder(whole.root, "ai") / "ledger.jsonl"))
    assert scored.true >= 3  # the three that were kept
    assert scored.false >= 1  # four times the units do not move less
    assert scored.unmeasured == 1  # the duplicate; the unusable answers hold no prediction
    assert f"  predicted {sentence(scored)}\n" in whole.done.stdout


def test_the_branch_has_a_commit_for_each_finding(whole):
    subjects = ["Row-fused update", "Half the hidden units", "Skip dead rows"]
    assert branch_subjects(whole.root, "ai") == subjects
    names = git(whole.root, "ls-tree", "--name-only", "research/ai", "findings/").splitlines()
    assert [name.partition("ai-")[2][:4] for name in names if "ai-" in name] == ["0001", "0003", "0008"]
    checked = harness(whole.root, "verify", "--run", "ai")
    assert checked.returncode == 0, checked.stderr


def test_the_model_is_told_what_died_and_what_was_found(whole):
    (last,) = [body for _, _, body in whole.requests[-1:]]
    words = last["messages"][0]["content"][0]["text"]
    assert "1. kept at confirm: Row-fused update" in words
    assert re.search(r"- invalid at duplicate, once: the same code as experiment N", words)
    assert "Predictions so far: " in words
    assert len({body["system"][0]["text"] for _, _, body in whole.requests}) == 1  # one cached prefix


def everything_written(root):
    """Every byte below the project's folder: the checkout, .git with its objects unpacked, temporary files."""
    for path in root.parent.rglob("*"):
        if path.is_file() and ".so" not in path.suffixes:
            yield str(path), path.read_bytes()
    objects = ["git", "-C", str(root), "cat-file", "--batch-all-objects", "--batch"]
    yield "git objects", subprocess.run(objects, capture_output=True, check=True).stdout


def test_no_key_is_written_printed_logged_committed_or_passed_to_a_child(whole):
    secrets = [KEY.encode(), OTHER_KEY.encode(), HEADERS.partition(" ")[2].encode(), b"TOP_secret", b"another_secret"]
    places = dict(everything_written(whole.root))
    assert any(name.endswith(".reply.json") for name in places)
    for done in (whole.paused, whole.done):
        places[f"printed {len(places)}"] = (done.stdout + done.stderr).encode()
    assert len(whole.environs) >= len(whole.researcher.asked)
    places |= {f"/proc {at}": environ for at, environ in enumerate(whole.environs)}
    assert whole.seen_by_git.read_text().count("PATH=") > 20
    found = [name for name, data in places.items() if any(secret in data for secret in secrets)]
    assert found == []
    assert b"[redacted]" in b"".join(places.values())  # the model repeated the key, and it was struck out


def test_children_are_passed_no_variable_of_the_api_at_all(whole):
    assert "ANTHROPIC" not in whole.seen_by_git.read_text()
    assert not any(b"ANTHROPIC_" in environ for environ in whole.environs)


def test_the_key_was_used_all_the_same(whole):
    assert {headers["Authorization"] for _, headers, _ in whole.requests} == {f"Bearer {KEY}"}


def test_transcripts_are_private_and_never_committed(whole):
    folder = run_folder(whole.root, "ai") / "transcripts"
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    assert list(folder.iterdir())
    names = git(whole.root, "ls-tree", "-r", "--name-only", "research/ai").splitlines()
    assert not any("transcripts/" in name or name.endswith(".reply.json") for name in names)


# -- what the recorded replies say of a rewritten ledger --------------------------------------------------------------


def rewrite(root, number, **fields):
    """The ledger with fields of one row replaced, chain and all, and the branch that would tell taken away."""
    path = run_folder(root, "ai") / "ledger.jsonl"
    rows = [replace(row, **fields) if row.number == number else row for row in read(path)]
    path.write_bytes(chained(rows))
    git(root, "update-ref", "-d", "refs/heads/research/ai")
    return harness(root, "verify", "--run", "ai").stdout


def test_a_cost_that_the_recorded_replies_contradict_is_named(whole, tmp_path):
    root = copy_project(whole.root, tmp_path)
    paid = read(run_folder(root, "ai") / "ledger.jsonl")[5].cost
    said = rewrite(root, 5, cost=replace(paid, calls=1, dollars=DOLLARS))
    assert "run ai: row 5: cost.calls: recorded 1, is 3 by the recorded replies" in said.splitlines()
    assert f"run ai: row 5: cost.dollars: recorded {DOLLARS}, is {paid.dollars} by the recorded replies" in said


def test_a_prediction_that_no_recorded_reply_holds_is_named(whole, tmp_path):
    root = copy_project(whole.root, tmp_path)
    predicted = read(run_folder(root, "ai") / "ledger.jsonl")[3].prediction
    said = rewrite(root, 3, prediction=replace(predicted, size=0.59))
    assert "run ai: row 3: prediction: the row's words, edits and prediction are in none of the recorded" in said
