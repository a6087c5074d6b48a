"""The search without a model: real edits, nothing twice, and the same answer after a kill."""

import ast
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import ProposerOptions, build
from harness.proposers.champion_block import find_block, read_block, rewrite_block
from harness.proposers.search import SearchProposer
from harness.proposers.search_history import read_tried
from harness.proposers.search_space import read_space
from tests.harness.briefings import (
    CHAMPION,
    CHAMPION_PATH,
    TASK,
    accept,
    make_baseline,
    make_briefing,
    make_row,
    record,
)

ROOT = Path(__file__).resolve().parents[2]
SPACE = ROOT / "prompts" / "search_space.yaml"
TINY = "method: {choices: [standard, fused]}\nhidden: {choices: [250, 500]}\n"


def open_search(path=SPACE, seed=1):
    return SearchProposer.open(path, task=TASK, seed=seed)


def open_tiny(tmp_path):
    path = tmp_path / "search_space.yaml"
    path.write_text(TINY)
    return open_search(path)


def apply_edit(proposal, source=CHAMPION):
    (edit,) = proposal.edits
    assert edit.kind == "replace"
    assert edit.path == CHAMPION_PATH
    assert source.count(edit.search) == 1
    return source.replace(edit.search, edit.text)


def read_values(source):
    """METHOD and HYPERPARAMETERS as Python sees them."""
    body = [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in body}


def run(proposer, count, judge=lambda values: 1e6 * values["HYPERPARAMETERS"]["hidden"]):
    """A ledger of `count` proposals, each measured by `judge` and discarded."""
    rows = [make_baseline()]
    for number in range(1, count + 1):
        reply = proposer.propose(make_briefing(rows), accept)
        rows.append(record(reply, number, judge(read_values(apply_edit(reply.proposal)))))
    return rows


def test_shipped_search_space_is_valid_and_names_what_the_champion_has():
    champion = read_block((ROOT / CHAMPION_PATH).read_text())
    names = {dimension.name for dimension in read_space(SPACE)}
    assert names <= set(champion.as_mapping())
    assert open_search().propose(make_briefing(champion=(ROOT / CHAMPION_PATH).read_text()), accept).proposal


def test_suggestion_is_an_edit_that_applies_and_says_what_it_does():
    reply = open_search().propose(make_briefing([make_baseline()]), accept)
    values = read_values(apply_edit(reply.proposal))
    assert values["METHOD"] in {"standard", "fused", "perlayer"}
    assert 8 <= values["HYPERPARAMETERS"]["hidden"] <= 1000
    assert isinstance(values["HYPERPARAMETERS"]["hidden"], int)
    assert set(values["HYPERPARAMETERS"]) == {"hidden", "lr", "wd"}
    assert f"hidden 500 to {values['HYPERPARAMETERS']['hidden']}" in reply.proposal.title
    assert reply.proposal.prediction.metric == "dmd"
    assert reply.proposal.hypothesis
    assert reply.cost.dollars == 0.0
    assert reply.proposer == reply.model == "search"


def test_smaller_hidden_layer_is_predicted_to_move_less():
    rows = run(open_search(), 12)
    for row in rows[1:]:
        hidden = read_values(CHAMPION.replace(row.edits[0].search, row.edits[0].text))["HYPERPARAMETERS"][
            "hidden"
        ]
        assert row.prediction.direction == ("lower" if hidden < 500 else "higher")


def test_floats_have_three_significant_digits():
    for row in run(open_search(seed=5), 8)[1:]:
        for value in dict(read_block(row.edits[0].text).hyperparameters).values():
            assert float(f"{value:.3g}") == value


def test_same_ledger_and_seed_give_the_same_proposal_in_a_fresh_process_object():
    rows = run(open_search(), 9)
    briefing = make_briefing(rows)
    first = open_search().propose(briefing, accept)
    assert open_search().propose(briefing, accept) == first
    assert open_search(seed=2).propose(briefing, accept).proposal != first.proposal


def test_no_configuration_is_proposed_twice_and_an_exhausted_space_pauses(tmp_path):
    proposer = open_tiny(tmp_path)
    rows = run(proposer, 3)
    seen = {row.edits[0].text for row in rows[1:]}
    assert len(seen) == 3
    assert find_block(CHAMPION) not in seen
    with pytest.raises(ProposerPausedError, match=r"search_space\.yaml: no configuration is left"):
        proposer.propose(make_briefing(rows), accept)


def test_invalid_experiments_are_not_repeated_but_teach_nothing(tmp_path):
    proposer = open_tiny(tmp_path)
    rows = [make_baseline()]
    for number in range(1, 4):
        rows.append(record(proposer.propose(make_briefing(rows), accept), number, 1.0, "invalid"))
    tried = read_tried(make_briefing(rows), read_block(CHAMPION))
    assert len(tried.trials) == 1  # the baseline
    assert all(tried.has(read_block(text)) for text in (CHAMPION, *(row.edits[0].text for row in rows[1:])))


def test_unsolved_candidate_is_worse_than_everything_that_solved():
    proposer = open_search()
    rows = [make_baseline(dmd=1e9)]
    rows.append(record(proposer.propose(make_briefing(rows), accept), 1, 1e3, solved=False))
    rows.append(record(proposer.propose(make_briefing(rows), accept), 2, 5e9))
    baseline, unsolved, solved = read_tried(make_briefing(rows), read_block(CHAMPION)).trials
    assert unsolved.value > solved.value > baseline.value


def test_baseline_is_read_back_after_the_incumbent_changed():
    proposer = open_search()
    rows = [make_baseline(dmd=1e9)]
    reply = proposer.propose(make_briefing(rows), accept)
    rows.append(record(reply, 1, 1e8, "kept"))
    champion = apply_edit(reply.proposal)
    tried = read_tried(make_briefing(rows, champion=champion), read_block(champion))
    assert tried.trials[0].configuration == read_block(CHAMPION)
    assert tried.trials[1].configuration == read_block(champion)
    following = proposer.propose(make_briefing(rows, champion=champion), accept)
    assert apply_edit(following.proposal, champion) not in {CHAMPION, champion}


def test_null_rows_and_code_changes_of_other_proposers_teach_nothing():
    rows = [make_baseline(), make_row(1, kind="null", edits=()), make_row(2)]
    tried = read_tried(make_briefing(rows), read_block(CHAMPION))
    assert len(tried.trials) == 1


def test_search_finds_a_better_region_than_chance():
    """On DMD proportional to hidden, half of 24 suggestions should lie in the lowest quarter of the log
    range.
    """
    rows = run(open_search(seed=3), 24)
    hidden = [dict(read_block(row.edits[0].text).hyperparameters)["hidden"] for row in rows[13:]]
    assert sum(value < 27 for value in hidden) >= len(hidden) / 2


def test_a_proposal_after_many_experiments_is_quick():
    rows = run(open_search(), 3)
    rows += [record_again(rows[-1], number) for number in range(4, 400)]
    started = time.process_time()
    open_search().propose(make_briefing(rows), accept)
    assert time.process_time() - started < 5


def record_again(row, number):
    from dataclasses import replace

    edit = row.edits[0]
    text = rewrite_block(edit.text, {"hidden": number})
    return replace(row, number=number, edits=(replace(edit, text=text),))


def test_optuna_says_nothing(capfd):
    run(open_search(), 3)
    assert capfd.readouterr() == ("", "")


def test_champion_with_the_block_in_its_docstring_too_still_gets_one_place():
    block = find_block(CHAMPION)
    source = f'"""An example:\n\n{block}"""\n\n{block}'
    reply = open_search().propose(make_briefing(champion=source), accept)
    changed = apply_edit(reply.proposal, source)
    assert changed.startswith(f'"""An example:\n\n{block}"""')
    assert read_values(changed) != read_values(CHAMPION)


def test_comments_layout_and_other_hyperparameters_stay():
    source = (
        '# é before\nMETHOD = "standard"  # keep me: ü\n# and me\nHYPERPARAMETERS = {\n'
        '    "hidden": 500,  # ä units\n    "wd": 0.01, "lr": 0.1,\n    "momentum": -0.5,\n}\n'
    )
    after = rewrite_block(
        source, {"method": "fused", "hidden": 64, "lr": 0.183, "wd": 0.01, "momentum": -0.5}
    )
    wanted = source.replace('"standard"', '"fused"').replace("500", "64").replace("0.1,\n", "0.183,\n")
    assert after == wanted


@given(
    st.sampled_from(["standard", "fused"]),
    st.integers(1, 10**6),
    st.floats(1e-12, 1e12),
    st.text(alphabet="# é\tab", max_size=9),
)
def test_what_is_written_is_read_back(method, hidden, rate, comment):
    source = f'METHOD = "standard" # {comment}\nHYPERPARAMETERS = {{"hidden": 500, "lr": 0.1}} # {comment}\n'
    values = {"method": method, "hidden": hidden, "lr": rate}
    assert read_block(rewrite_block(source, values)).as_mapping() == values


@pytest.mark.parametrize(
    "source",
    [
        "",
        "METHOD = 'standard'\n",
        "METHOD = 'a'\nHYPERPARAMETERS = dict(hidden=1)\n",
        "METHOD = 'a'\nHYPERPARAMETERS = {**x}\n",
        "METHOD = 1\nHYPERPARAMETERS = {}\n",
        "METHOD = 'a'\nHYPERPARAMETERS = {'hidden': open('x')}\n",
        "METHOD = 'a'\r\nHYPERPARAMETERS = {'hidden': 1}\r\n",
        "METHOD = (\n",
        "\0",
    ],
)
def test_champion_that_is_not_literal_is_bad_input(source):
    with pytest.raises(BadInputError, match=r"sparse_parity/champion\.py: METHOD and HYPERPARAMETERS"):
        open_search().propose(make_briefing(champion=source), accept)


def test_dimension_that_the_champion_lacks_is_bad_input(tmp_path):
    path = tmp_path / "search_space.yaml"
    path.write_text("depth: {type: int, low: 1, high: 3}\n")
    with pytest.raises(BadInputError, match=r"depth: champion\.py has no such name; it has method, hidden"):
        open_search(path).propose(make_briefing(), accept)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be one mapping"),
        ("[1]", "must be one mapping"),
        ("hidden: 3", "hidden: must be"),
        ("3: {type: int, low: 1, high: 2}", "3: must be"),
        ("hidden: {type: int, low: 8, hihg: 9}", "hidden: unknown key 'hihg'"),
        ("hidden: {type: int, low: 8, high: 8}", "range from 8 to 8 is empty"),
        ("hidden: {type: int, low: 9, high: 8}", "is empty"),
        ("hidden: {type: int, low: 8.5, high: 9}", "low: must be a whole number"),
        ("hidden: {type: int, low: true, high: 9}", "low: must be a whole number"),
        ("hidden: {type: int, low: 0, high: 9, log: true}", "above 0 on a log scale"),
        ("hidden: {type: int, low: 1, high: 9, log: 1}", "log: must be true or false"),
        ("lr: {type: float, low: 1e-4, high: 1.0}", "'1e-4' is text; write a number with a dot"),
        ("lr: {type: float, low: 0.1, high: .inf}", "high: must be a finite number"),
        ("lr: {type: float, low: .nan, high: 1.0}", "low: must be a finite number"),
        ("lr: {type: float, low: 0.1}", "high: must be a finite number"),
        ("lr: {type: double, low: 0.1, high: 1.0}", "type: must be int or float"),
        ("method: {type: int, low: 1, high: 2}", "method: needs choices"),
        ("method: {choices: []}", "choices: must be a list with at least one"),
        ("method: {choices: [1]}", "1 is not the name of a method"),
        ("method: {choices: [a, a]}", "a value stands twice"),
        ("lr: {choices: [[1]]}", "neither text nor a finite number"),
        ("lr: {choices: [.nan]}", "neither text nor a finite number"),
        ("lr: {choices: [1], log: true}", "unknown key 'log'"),
        ("lr: {choices: [1]}\nlr: {choices: [2]}", ":2: not valid YAML: 'lr' is given twice"),
        ("lr: {", "not valid YAML"),
        ("lr: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_malformed_search_space_names_file_field_and_fix(tmp_path, text, told):
    path = tmp_path / "prompts" / "search_space.yaml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(BadInputError) as caught:
        build("search", root=tmp_path, task=TASK, seed=1, options=ProposerOptions())
    assert "search_space.yaml" in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_or_binary_search_space_is_bad_input(tmp_path):
    with pytest.raises(BadInputError, match=r"search_space\.yaml: the search space is missing"):
        build("search", root=tmp_path, task=TASK, seed=1, options=ProposerOptions())
    (tmp_path / "space").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="cannot be read"):
        open_search(tmp_path / "space")
