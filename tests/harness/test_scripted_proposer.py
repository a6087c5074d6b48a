"""Proposals from a file or a recorded run, which name stands for which proposer, and reading answers
strictly.
"""

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import NAMES, ProposerOptions, build, choose
from harness.proposers.answer import AnswerError, find_proposal_in_text, read_proposal
from harness.proposers.replay import ReplayProposer, is_proposal_of
from harness.proposers.scripted import ScriptedProposer
from harness.records import Cost, Proposal, Verdict
from tests.harness.briefings import TASK, accept, make_baseline, make_briefing, make_proposal, make_row

ROOT = Path(__file__).resolve().parents[2]


def as_json(proposal):
    return json.loads(json.dumps(asdict(proposal)))


def write_script(tmp_path, documents):
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(json.dumps(document) for document in documents) + "\n")
    return path


def test_script_gives_its_entries_in_the_ledgers_order(tmp_path):
    first, second = make_proposal(title="first"), make_proposal(title="second")
    path = write_script(tmp_path, [as_json(first), {"error": "nothing usable"}, as_json(second)])
    proposer = ScriptedProposer.open(path)
    rows = [make_baseline()]
    assert proposer.propose(make_briefing(rows), accept).proposal == first
    rows += [make_row(1), make_row(2, kind="null")]
    unusable = ScriptedProposer.open(path).propose(make_briefing(rows), accept)
    assert (unusable.proposal, unusable.error) == (None, "nothing usable")
    rows += [make_row(3)]
    assert proposer.propose(make_briefing(rows), accept).proposal == second
    with pytest.raises(ProposerPausedError, match=r"script\.jsonl: the script has ended after 3 proposals"):
        proposer.propose(make_briefing([*rows, make_row(4)]), accept)


def test_yaml_script_holds_one_proposal_a_document(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(
        "title: drop a list\nhypothesis: fewer writes\nwhy: a register is free\n"
        "prediction: {metric: traffic, direction: lower}\n"
        "edits:\n- kind: create\n  path: sparse_parity/methods/lean.py\n"
        "  text: |\n    def init():\n        return 1\n"
        "---\nerror: none\n"
    )
    proposer = ScriptedProposer.open(path)
    proposal = proposer.propose(make_briefing(), accept).proposal
    assert proposal.edits[0].text == "def init():\n    return 1\n"
    assert proposal.prediction.size is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.jsonl", "", "no documents"),
        ("s.jsonl", "\n{", "line 2: not JSON"),
        ("s.jsonl", "[]", "line 1: the proposal: must be an object"),
        ("s.jsonl", '{"error": ""}', "line 1: error: must be text"),
        ("s.jsonl", '{"title": 3}', "line 1: title: must be text"),
        ("s.jsonl", '{"titel": "x"}', "line 1: the proposal: unknown field 'titel'"),
        ("s.yaml", "- 1", "document 1: the proposal: must be an object"),
        ("s.yaml", "a: b\n  c: d", ":2: not valid YAML"),
        ("s.yaml", "a: &x [*x]", "document 1: the proposal: unknown field"),
        ("s.txt", "", "ends in .yaml or .jsonl"),
    ],
)
def test_malformed_script_names_file_place_and_field(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInputError) as caught:
        build("scripted", root=ROOT, task=TASK, seed=0, options=ProposerOptions(script=path))
    assert told in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_script_is_bad_input(tmp_path):
    with pytest.raises(BadInputError, match="--script"):
        build("scripted", root=ROOT, task=TASK, seed=0, options=ProposerOptions())
    with pytest.raises(BadInputError, match="the script of proposals is missing"):
        ScriptedProposer.open(tmp_path / "none.yaml")


def test_replay_repeats_replies_with_their_model_hash_and_cost():
    paid = Cost(calls=2, input_tokens=10, output_tokens=20, dollars=0.5)
    unusable = make_row(
        2, title="", edits=(), prediction=None, verdict=Verdict("invalid", "propose", "cut off")
    )
    recorded = (
        make_baseline(),
        make_row(1, proposer="claude", model="m", prompt_sha256="aa", cost=paid),
        unusable,
    )
    options = ProposerOptions(replay=recorded)
    proposer = build("replay", root=ROOT, task=TASK, seed=0, options=options)
    first = proposer.propose(make_briefing(recorded[:1]), accept)
    assert (first.proposer, first.model, first.prompt_sha256, first.cost) == ("claude", "m", "aa", paid)
    assert first.proposal.edits == recorded[1].edits
    second = proposer.propose(make_briefing(recorded[:2]), accept)
    assert (second.proposal, second.error) == (None, "cut off")
    with pytest.raises(ProposerPausedError, match="run main has ended after 2"):
        proposer.propose(make_briefing(recorded), accept)


def test_replay_knows_a_proposal_whose_title_cannot_be_printed_as_it_is():
    proposal = replace(make_proposal(), title="clear \x1b[2J the screen")
    row = make_row(1, title="clear  [2J the screen", hypothesis=proposal.hypothesis, why=proposal.why,
        prediction=proposal.prediction, edits=proposal.edits)  # fmt: skip
    assert is_proposal_of(row, proposal)
    assert not is_proposal_of(row, replace(proposal, why="because"))


def test_replay_of_a_run_without_proposals_is_bad_input():
    with pytest.raises(BadInputError, match="--replay"):
        ReplayProposer((make_baseline(),))


def test_auto_is_claude_exactly_when_a_key_or_an_address_is_set():
    assert choose("auto", {})[0] == "search"
    assert choose("auto", {"ANTHROPIC_API_KEY": " \n"})[0] == "search"
    assert choose("auto", {"ANTHROPIC_API_KEY": "k"})[0] == "claude"
    assert choose("auto", {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"})[0] == "claude"
    assert choose("scripted", {"ANTHROPIC_API_KEY": "k"})[0] == "scripted"


def test_notice_without_a_key_is_one_line_that_says_how_to_get_the_other():
    _, notice = choose("auto", {})
    assert "search" in notice
    assert "set ANTHROPIC_API_KEY" in notice
    assert "ANTHROPIC_BASE_URL" in notice
    assert "\n" not in notice


def test_notice_never_holds_the_key():
    assert "sk-secret" not in choose("auto", {"ANTHROPIC_API_KEY": "sk-secret"})[1]


def test_unknown_proposer_is_bad_input_that_lists_the_names():
    with pytest.raises(BadInputError) as caught:
        build("gpt", root=ROOT, task=TASK, seed=0, options=ProposerOptions())
    assert all(name in str(caught.value) for name in NAMES)


def test_heavy_packages_are_imported_only_by_the_proposer_that_needs_them():
    code = (
        "import sys, harness.proposers, harness.briefing; print({'optuna', 'anthropic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", " ", "title: must be text, and not empty"),
        ("title", "x" * 121, "title: 121 characters"),
        ("why", None, "why: must be text"),
        ("hypothesis", "x" * 8001, "hypothesis: 8001 characters"),
        ("hypothesis", "\ud800", "lone surrogate"),
        ("prediction", None, "prediction: is missing"),
        ("prediction", {"metric": "speed", "direction": "lower"}, "metric must be one of ard, dmd"),
        ("prediction", {"metric": "dmd", "direction": ["lower"]}, "direction one of lower"),
        ("prediction", {"metric": "dmd", "direction": "lower", "size": "30%"}, "prediction.size"),
        ("prediction", {"metric": "dmd", "direction": "lower", "size": True}, "prediction.size"),
        ("prediction", {"metric": "dmd", "direction": "lower", "size": float("nan")}, "prediction.size"),
        ("prediction", {"metric": "dmd", "direction": "lower", "size": 10**400}, "prediction.size"),
        ("edits", [], "at least one edit"),
        ("edits", "replace", "must be a list"),
        ("edits", [3], "edits[0]: must be an object"),
        ("edits", [{"kind": "move"}], "edits[0].kind: must be one of replace, create, delete"),
        ("edits", [{"kind": "replace", "path": "a", "text": "b"}], "edits[0].search: is missing"),
        ("edits", [{"kind": "replace", "path": "a", "search": "", "text": "b"}], "edits[0].search: is empty"),
        ("edits", [{"kind": "create", "path": "a"}], "edits[0].text: is missing"),
        ("edits", [{"kind": "create", "path": "", "text": ""}], "edits[0].path: is empty"),
        ("edits", [{"kind": "create", "path": "a", "text": ["b"]}], "edits[0].text: must be text"),
        ("edits", [{"kind": "create", "path": "a", "text": "\0"}], "NUL"),
    ],
)
def test_unusable_answer_says_which_field_and_what_to_send(field, value, told):
    with pytest.raises(AnswerError) as caught:
        read_proposal({**as_json(make_proposal()), field: value})
    assert told in str(caught.value)


def test_extra_fields_are_ignored_in_an_answer_and_refused_in_a_script():
    extra = {**as_json(make_proposal()), "confidence": 1}
    assert read_proposal(extra) == make_proposal()
    with pytest.raises(AnswerError, match="unknown field 'confidence'"):
        read_proposal(extra, strict=True)


def test_json_is_found_in_prose_fences_and_wrappers():
    plain = as_json(make_proposal())
    text = json.dumps(plain, indent=2)
    assert find_proposal_in_text(f"Let me {{think}}.\n```json\n{text}\n```\nDone {{}}.") == plain
    assert find_proposal_in_text(json.dumps({"name": "propose", "arguments": plain})) == plain
    assert find_proposal_in_text(text + text) == plain
    with pytest.raises(AnswerError, match="2 proposals in one answer"):
        find_proposal_in_text(text + json.dumps({**plain, "title": "other"}))
    for nothing in ("", "no", '{"a": 1}', "{" * 5000, '{"a":' * 5000, json.dumps(plain)[:-2]):
        with pytest.raises(AnswerError, match="no call of the tool"):
            find_proposal_in_text(nothing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("title", "hypothesis", "why", "prediction", "edits", "metric", "kind", "path")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON, st.booleans())
def test_any_json_is_a_proposal_or_an_answer_error(raw, strict):
    with contextlib.suppress(AnswerError):
        assert isinstance(read_proposal(raw, strict=strict), Proposal)
