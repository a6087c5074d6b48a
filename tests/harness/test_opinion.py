"""The second opinion: what agrees is agreed on, each planted difference is found and named, and a failure is no yes."""

import json
import math
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import fields, replace

import pytest

from harness import judge, opinion
from harness.gate import Context, Incumbent, judge_candidate, measure_baseline
from harness.measure import Failure
from harness.opinion import differences, same_again, second_opinion
from harness.records import Measurement, Opinion, Slack, Verdict
from harness.task import derive_seed, draw
from tests.harness.bench import ROOT, TINY, champion, editable, learner, net, tiny_bench
from tests.harness.interpreter_cases import source_of

SMALL = replace(TINY, n_bits=5)


def instances(task, count=1):
    return [draw(task, derive_seed(b"tests of opinion", str(i))) for i in range(count)]


def opinion_on(program, task=SMALL, count=1):
    return second_opinion(program, instances(task, count), task)


# -- agreement ---


@pytest.mark.parametrize("method", ["standard", "fused", "perlayer"])
def test_worker_and_interpreter_agree_on_the_published_methods(method):
    found = opinion_on(net(method, hidden=6), count=2)
    assert found.agrees, found.words
    assert found.words.startswith("agrees on 2 instances: 126 steps, ")


def test_large_program_is_asked_for_fewer_steps():
    found = opinion_on(net(hidden=300))
    assert found.agrees, found.words
    assert "3 steps" in found.words


# -- differences between answers ---

COUNTS = {"ard_distance": 5, "ard_reads": 3, "reads": 4, "writes": 9, "dmd": 12.5, "reuse": 2, "peak_cells": 7}


@pytest.mark.parametrize("name", COUNTS)
def test_each_count_that_is_one_off_is_found_and_named(name):
    assert list(differences(COUNTS, COUNTS)) == []
    other = COUNTS | {name: COUNTS[name] + 1}
    assert list(differences(COUNTS, other)) == [(name, COUNTS[name], other[name])]


def test_dmd_is_compared_to_rounding_and_nothing_else_is():
    assert list(differences({"dmd": 1e9}, {"dmd": math.nextafter(1e9, 0)})) == []
    assert list(differences({"dmd": 1e9}, {"dmd": 1e9 + 10}))
    assert list(differences({"reuse": 10**12}, {"reuse": 10**12 + 1}))


@pytest.mark.parametrize("other", [[math.nextafter(0.5, 1), -0.0], [0.5, 0.0], [0.5], [0.5, 0], [0.5, False], None])
def test_predictions_are_compared_bit_by_bit(other):
    ours = {"predictions": [0.5, -0.0]}
    assert list(differences(ours, {"predictions": [0.5, -0.0]})) == []
    assert list(differences(ours, {"predictions": other}))


def test_missing_or_additional_answers_differ():
    assert list(differences({"reads": 1}, {}))
    assert list(differences({}, {"reads": 1}))


# -- a worker that is wrong ---

DOCTORED = {  # file, what stands there, what a mistake would have made of it, and the difference that is named
    "a count one off": (
        "worker.py",
        "        return self.meter.counters()\n",
        '        return self.meter.counters() | {"reads": self.meter.counters()["reads"] + 1}\n',
        "after init: reads is ",
    ),
    "a prediction rounded": (
        "worker.py",
        "        return value\n",
        "        return value * (1 + 2.0**-52)\n",
        "predictions after step 1: predictions is ",
    ),
    "operands in the wrong order": (
        "rewrite.py",
        "given if is_left else given[::-1]",
        "given",
        "dmd is ",
    ),
    "comprehensions that are not traced": (
        "rewrite.py",
        'node.elt = _call("_put", node.elt, at=node.elt)',
        "pass",
        "after init: writes is ",
    ),
}
ASK = """
import sys
from harness.measure import Program
from harness.opinion import second_opinion
from harness.settings import Task
from harness.task import derive_seed, draw, load
from pathlib import Path
from dataclasses import replace

task = replace(load(Path(sys.argv[1]), "parity20"), n_bits=4, time_limit_s=60)
program = Program({"sparse_parity.methods.m": sys.stdin.read()}, "m", {"lr": 0.5})
print(second_opinion(program, [draw(task, derive_seed(b"doctored", "0"))], task).words)
"""


def ask_copy(folder, text, script=ASK):
    """The words of a second opinion, or what another script prints, by a copy of the harness in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-P", "-c", script, str(ROOT)]
    return subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", DOCTORED)
def test_worker_with_a_mistake_is_found_out(name, tmp_path):
    file, right, wrong, words = DOCTORED[name]
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "harness" / file
    text = path.read_text()
    assert text.count(right) == 1
    source = source_of("times left").replace("tracker)", "tracker=None)")
    if name == "a count one off":
        assert ask_copy(tmp_path, source).startswith("agrees on 1 instances")
    path.write_text(text.replace(right, wrong))
    assert words in ask_copy(tmp_path, source)


# -- the same instance twice ---

TWICE = """
import json
import sys
from dataclasses import replace
from pathlib import Path
from harness.measure import Program, measure
from harness.opinion import same_again
from harness.task import derive_seed, draw, load

task = replace(load(Path(sys.argv[1]), "parity20"), n_bits=4, time_limit_s=60, n_validation=100, max_epochs=1)
program = Program(json.load(sys.stdin), "standard", {"hidden": 6, "lr": 0.1, "wd": 0.01})
instance = draw(task, derive_seed(b"twice", "0"))
print(same_again(measure(program, instance, task), measure(program, instance, task)))
"""
MEASURED = Measurement(True, 300, 90, 100, 5000, 40, 50, 60, 700.5, 800, 12.0, 30, "ab", "ff", 1.0)


@pytest.mark.parametrize("name", [field.name for field in fields(Measurement) if field.name != "seconds"])
def test_anything_that_differs_when_measured_again_is_named(name):
    other = "other" if isinstance(getattr(MEASURED, name), str) else getattr(MEASURED, name) + 1
    found = same_again(MEASURED, replace(MEASURED, **{name: other}))
    assert not found.agrees
    assert f"gave {name} " in found.words


def test_only_seconds_may_differ_and_a_failure_is_a_difference():
    assert same_again(MEASURED, replace(MEASURED, seconds=2.0)) is None
    assert not same_again(MEASURED, Failure("over the time limit")).agrees


def test_worker_that_draws_other_random_numbers_each_time_is_found_out(tmp_path):
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    source = json.dumps(dict(net("standard").modules))
    assert ask_copy(tmp_path, source, TWICE).strip() == "None"
    worker = tmp_path / "harness" / "worker.py"
    seeded = 'random.Random(request["seed"])'
    assert worker.read_text().count(seeded) == 1
    worker.write_text(worker.read_text().replace(seeded, "random.Random()"))
    assert "not deterministic: the screen instance gave " in ask_copy(tmp_path, source, TWICE)


# -- a candidate that hides, should the policy let it through ---

TRICKS = {
    "a tuple in a name": 't = (state["w"][0], y)\nstate["b"] = t[0] + t[0]',
    "an iterator in a name": 't = enumerate(state["w"])\nstate["b"] = y',
    "a range in a name": 't = range(5)\nstate["b"] = y',
    "text in a name": 't = "text"\nstate["b"] = y',
    "a function in a name": 't = abs\nstate["b"] = t(y)',
    "a function made by a function": 't = lambda: y\nstate["b"] = t()',
    "a function inside a function": 'def inner():\n        return y\nstate["b"] = inner()',
    "a generator function": 'def inner():\n        yield y\nstate["b"] = sum(inner())',
    "an exception": 'try:\n        state["b"] = y\nfinally:\n        state["b"] = y + y',
    "identity": 't = [y, 1.0]\nstate["b"] = float(t is not t)',
    "a starred target": 'a, *t = state["w"]\nstate["b"] = y',
    "a walrus": 'state["b"] = (t := y) + t',
    "a deletion": 't = y\ndel t\nstate["b"] = y',
}


@pytest.mark.parametrize("name", TRICKS)
def test_what_hides_in_plain_python_is_not_agreed_on(name):
    found = opinion_on(learner(step=TRICKS[name]))
    assert not found.agrees
    assert found.words.startswith("instance 1: the interpreter fails: ")


# -- failures are no agreement ---


@pytest.mark.parametrize("step", ["state['b'] = 1.0 / 0.0", "state['w'][99] = y"])
def test_error_in_either_is_no_agreement_and_is_told(step):
    found = opinion_on(learner(step=step))
    assert not found.agrees
    assert "the trace fails: " in found.words


def test_program_that_takes_too_long_is_no_agreement():
    found = opinion_on(learner(step="while True:\n        pass"), replace(SMALL, time_limit_s=1))
    assert not found.agrees
    assert "over the time limit" in found.words


def test_cancelled_opinion_is_no_agreement():
    cancelled = threading.Event()
    cancelled.set()
    assert not second_opinion(net(hidden=6), instances(SMALL), SMALL, cancelled=cancelled).agrees


# -- in the gate ---


def test_judge_keeps_nothing_without_an_agreeing_opinion():
    kept = Verdict("kept", "confirm", "a win", "ard", 0.1, looks=3)
    assert judge.heed(kept, Opinion(agrees=True, words="agrees")) == kept
    for other in (None, Opinion(agrees=False, words="instance 1: reads is 4")):
        refused = judge.heed(kept, other)
        assert (refused.outcome, refused.stage, refused.looks) == ("invalid", "confirm", 3)
    assert "reads is 4" in refused.reason
    lost = Verdict("discarded", "confirm", "no gain")
    assert judge.heed(lost, None) == lost


def test_candidate_that_is_kept_has_been_interpreted_on_hidden_instances():
    bench, base = tiny_bench(), editable(champion("standard", hidden=24, lr=0.1, wd=0.01))
    seed, measured = measure_baseline(base, bench, "0")
    candidate = editable(champion("perlayer", hidden=24, lr=0.1, wd=0.01))
    trial = judge_candidate(candidate, Incumbent("", base, seed, measured, Slack()), bench, Context("1", {}, 0))
    assert trial.verdict.outcome == "kept"
    assert trial.evidence.opinion.agrees
    assert trial.evidence.opinion.words.startswith(f"agrees on {opinion.INSTANCES} instances")
