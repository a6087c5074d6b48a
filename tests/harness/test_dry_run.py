"""`python loop.py --dry-run`: what would be sent and what it would cost, without sending or writing anything."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.proposers.options import ProposerOptions
from harness.proposers.readiness import check, first_call
from tests.harness.claudes import options_for
from tests.harness.loops import TASK, assert_refused, copy_project, rows_of, run_loop
from tests.harness.messages_server import KEY, counted, failure, serve

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"


def tree(root):
    files = (path for path in root.parent.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def untouched(user_project, tmp_path_factory):
    return copy_project(user_project, tmp_path_factory.mktemp("dry"))


def test_it_prints_briefing_sections_hash_and_cost_and_writes_nothing(untouched):
    run_loop(untouched, "--dry-run", *TASK)
    before = tree(untouched)
    done = run_loop(untouched, "--dry-run", *TASK, "--max-usd", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(untouched) == before
    assert not (untouched / ".git" / "ardent").exists()
    for words in (
        "You are a researcher",
        "# Experiment 1\n",
        "dry run: experiment 1 of run tiny-1, briefing ",
        "tokens (an estimate, 3.5 characters each)",
        "about $",
        "--max-usd 2: this budget buys about ",
    ):
        assert words in done.stdout


def test_what_a_begun_run_prints_is_what_the_next_call_would_send(begun_project, tmp_path):
    root = copy_project(begun_project, tmp_path)
    done = run_loop(root, "--dry-run", "--json", *TASK, "--run", "x", "--proposer", "claude")
    document = json.loads(done.stdout)
    script = tmp_path / "script.jsonl"
    script.write_text('{"error": "nothing"}\n')
    asked = ("--run", "x", "--seed", "1", "--proposer", "scripted", "--script", script, "--budget", "20")
    run_loop(root, *TASK, *asked)
    assert rows_of(root, "x")[1]["prompt_sha256"] == document["prompt_sha256"]
    assert document["number"] == 1
    sections = document["section_tokens"]
    whole = len(document["system"] + document["prompt"]) / 3.5
    assert whole <= sum(sections.values()) <= whole + len(sections) + 10


def test_a_model_without_a_price_has_a_cost_unknown_and_no_ceiling(untouched):
    assert "cost unknown" in run_loop(untouched, "--dry-run", *TASK, "--model", "llama").stdout
    done = run_loop(untouched, "--dry-run", *TASK, "--model", "llama", "--max-usd", "1")
    assert_refused(done, "--max-usd", "--price")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--budget", "1", "--count-tokens"), ("--dry-run",)),
        ((), ("--budget",)),
        (("--budget", "1", "--price", "3"), ("--price", "3/15")),
        (("--budget", "1", "--effort", "huge"), ("--effort",)),
        (("--budget", "1", "--max-tokens", "5"), ("--max-tokens", "1024")),
        (("--budget", "1", "--proposer", "claude"), ("ANTHROPIC_API_KEY",)),
        (("--budget", "1", "--proposer", "claude", "--model", "m", "--max-usd", "1"), ("ANTHROPIC_API_KEY",)),
    ],
)
def test_flags_that_make_no_sense_are_refused_before_the_run_begins(project, flags, words):
    done = run_loop(project, *flags, *TASK)
    assert_refused(done, *words)
    assert "begins" not in done.stdout


def test_a_count_that_the_server_did_not_give_is_called_an_estimate_in_its_place(untouched):
    with serve(count=lambda _: failure(401)) as server:
        environment = {"ANTHROPIC_BASE_URL": server.address}
        done = run_loop(untouched, "--dry-run", "--count-tokens", *TASK, environment=environment)
        assert len(server.requests) == 1
    assert done.returncode == 0, done.stderr
    assert "(estimated: the server gave no count, " in done.stdout


def test_tokens_are_counted_by_the_server_only_when_asked_for(tmp_path):
    with serve(count=counted(4_321)) as server:
        options = options_for(tmp_path, server.address)
        estimated = first_call(PROMPTS, options, "system", "prompt", count=False)
        assert server.requests == []
        told = first_call(PROMPTS, options, "system", "prompt", count=True)
        assert [path for path, _, _ in server.requests] == ["/v1/messages/count_tokens"]
    assert (told.input_tokens, told.is_counted) == (4_321, True)
    assert not estimated.is_counted
    assert not (tmp_path / "transcripts").exists()


def states(rows):
    return {row.name: row.state for row in rows}


def test_readiness_says_key_price_and_first_call_without_sending_anything(tmp_path):
    with serve() as server:
        rows = check(PROMPTS, options_for(tmp_path, server.address), ("system", "prompt"), reach=False)
        assert server.requests == []
    assert states(rows) == {"key": "ok", "prices": "ok", "first call": "ok"}
    assert KEY not in repr(rows)


def test_readiness_reaches_the_server_when_it_is_asked_to(tmp_path):
    with serve(count=counted(9)) as server:
        assert states(check(PROMPTS, options_for(tmp_path, server.address), None, reach=True))["server"] == "ok"
    with serve(count=lambda _: failure(401)) as server:
        assert states(check(PROMPTS, options_for(tmp_path, server.address), None, reach=True))["server"] == "note"


@pytest.mark.parametrize(
    ("changes", "name", "state", "told"),
    [
        ({"environ": {}}, "key", "note", "is not set"),
        ({"environ": {"ANTHROPIC_API_KEY": "hunter2-hunter2"}}, "key", "fault", "does not begin with"),
        ({"environ": {"ANTHROPIC_API_KEY": "sk-ant- two"}}, "key", "fault", "unprintable"),
        ({"model": "llama"}, "prices", "note", "cost unknown"),
        ({"model": "llama", "max_usd": 1.0}, "prices", "fault", "--price"),
    ],
)
def test_readiness_names_what_is_wrong_and_never_the_key(changes, name, state, told):
    options = replace(ProposerOptions(environ={"ANTHROPIC_API_KEY": KEY}), **changes)
    row = next(row for row in check(PROMPTS, options, None, reach=False) if row.name == name)
    assert row.state == state
    assert told in row.told
    assert "hunter2" not in row.told
