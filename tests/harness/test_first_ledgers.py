"""Ledgers of schema 1 are verified by the judge that they were recorded with, as the first run's own shows.

`ledgers/schema_1.jsonl.xz` is results/parity20-1/ledger.jsonl of commit e1e91ec, `schema_1_task.yaml` its task file.
"""

import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from harness.ledger import verify_bytes
from harness.records import Pair, Slack
from harness.verify import check_rows, first_judge
from harness.verify.first_task import read_first_task
from tests.harness.test_judge import INCUMBENT, pair

LEDGERS = Path(__file__).with_name("ledgers")
KEPT, UNSOLVED, CLEAR_LOSS, KEPT_AGAIN, NOISE = 1, 2, 3, 5, 10


@pytest.fixture(scope="module")
def rows():
    return verify_bytes(lzma.decompress((LEDGERS / "schema_1.jsonl.xz").read_bytes()), "ledger.jsonl")


@pytest.fixture(scope="module")
def task(rows):
    return read_first_task((LEDGERS / "schema_1_task.yaml").read_text(), rows[0].task, rows[0].task_sha256)


def named(rows, task, number, **changes):
    """What is wrong with that row when fields of it, or of its verdict, are others."""
    own = {name: value for name, value in changes.items() if not name.startswith("verdict_")}
    inner = {name.removeprefix("verdict_"): value for name, value in changes.items() if name not in own}
    row = replace(rows[number], verdict=replace(rows[number].verdict, **inner), **own)
    found = check_rows([*rows[:number], row, *rows[number + 1 :]], task).problems
    assert {problem.row for problem in found} >= {number}, found
    return [problem.field for problem in found if problem.row == number]


def with_dmd(row, factor):
    """The evidence of a row whose candidate moved that many times as much."""
    pairs = [replace(p, candidate=replace(p.candidate, dmd=p.candidate.dmd * factor)) for p in row.evidence.confirm]
    return replace(row.evidence, confirm=tuple(pairs))


def test_every_verdict_of_the_first_run_is_derived_again(rows, task):
    checked = check_rows(rows, task)
    assert (checked.problems, checked.derived, checked.consistent) == ((), 21, 1)
    assert {row.schema for row in rows} == {1}


def test_another_version_of_the_task_is_not_taken_for_it(rows):
    text = (LEDGERS / "schema_1_task.yaml").read_text()
    stricter = text.replace("min_gain: 0.005", "min_gain: 0.006")
    for other in (stricter, text.replace("exact_instances: 2", "exact_gain: 2"), "[", ""):
        assert read_first_task(other, rows[0].task, rows[0].task_sha256) is None


def test_a_forged_row_of_the_first_schema_is_named(rows, task):
    assert "verdict.effects[1].change" in named(rows, task, KEPT, evidence=with_dmd(rows[KEPT], 0.9))
    assert "verdict.looks" in named(rows, task, KEPT_AGAIN, verdict_looks=2)
    assert "verdict.gain" in named(rows, task, KEPT_AGAIN, verdict_gain=0.6)
    assert "verdict.outcome" in named(rows, task, UNSOLVED, verdict_outcome="inconclusive")
    assert "verdict.outcome" in named(rows, task, NOISE, verdict_outcome="kept", verdict_win="ard", verdict_gain=0.1)
    assert "verdict.reason" in named(rows, task, CLEAR_LOSS, verdict_reason="a clear loss")
    fewer = replace(rows[NOISE].evidence, confirm=rows[NOISE].evidence.confirm[:-1])
    assert "verdict.outcome" in named(rows, task, NOISE, evidence=fewer)
    slack = replace(rows[KEPT_AGAIN].evidence, slack=Slack(accuracy=0.001))
    assert "evidence.slack.accuracy" in named(rows, task, KEPT_AGAIN, evidence=slack)


def first(pairs: list[Pair], task, looks=1):
    return first_judge.confirm(pairs, Slack(), task.rules, looks)


def test_the_first_judge_kept_exact_gains_after_two_instances_and_tolerated_nothing(task):
    gain = dict.fromkeys(("ard", "dmd", "reuse", "traffic"), -0.1)
    assert first([pair(**gain, same=True)], task) is None
    verdict = first([pair(**gain, same=True)] * 2, task)
    assert (verdict.outcome, verdict.win, verdict.exact) == ("kept", "ard", True)
    assert first_judge.screen(pair(**gain, same=True), task.rules) is None
    for worse in ({"traffic": 1e-5}, {"predict": 1e-5}, {"dmd": 0.0}, {"solved": False}):
        other = pair(**gain | worse, same=True)
        assert first([other, pair(**gain, same=True)], task).outcome == "discarded"
    assert first_judge.screen(pair(same=True), task.rules).stage == "screen"


def test_the_first_judge_kept_accuracy_beyond_chance_where_it_cost_nothing(task):
    def more(**changes):
        return [pair(accuracy=0.02 + 0.001 * i, **changes) for i in range(5)]

    assert first(more(), task).win == "accuracy"
    assert first(more(dmd=0.05), task).outcome == "discarded"
    assert first(more(dmd=0.05, incumbent=replace(INCUMBENT, solved=False)), task).win == "accuracy"
    assert first([*more()[:-1], pair(accuracy=0.02, solved=False)], task).outcome == "discarded"
