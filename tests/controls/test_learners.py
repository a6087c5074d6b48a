"""Honest learners of many kinds are accepted, computed unchanged, counted exactly, and measured."""

from dataclasses import replace

import pytest

from harness import measure, policy, task
from harness.records import Measurement
from sparse_parity.methods import standard
from tests.controls.learner_cases import (
    CASES,
    FOLDER,
    program_of,
    run,
    run_interpreted,
    run_plain,
    run_traced,
    samples_of,
    source_of,
    sources_of,
    task_of,
)
from tests.harness.random_operations import counted
from tests.harness.trace_forms import FORMS
from tests.harness.trace_machine import PlainMeter

STEPS = 300
TINY_BITS = 4
TINY_STEPS = 8

each_learner = pytest.mark.parametrize("name", CASES)


def test_every_learner_has_a_case():
    assert sorted(CASES) == sorted(path.stem for path in FOLDER.glob("*.py"))


@each_learner
def test_policy_accepts_it(name):
    assert [str(refusal) for refusal in policy.check(sources_of(name))] == []


@each_learner
def test_traced_it_computes_bit_for_bit_what_cpython_does(name):
    case = CASES[name]
    samples = samples_of(case, STEPS)
    plain = run_plain(name, case, case.hp, samples, ask_every=3)
    answers, state, _ = run_traced(name, case, FORMS["imported"], case.hp, samples, ask_every=3)
    assert (answers, state) == plain


@each_learner
def test_the_meter_counts_it_as_the_reference_does(name):
    case = replace(CASES[name], n_bits=TINY_BITS)
    samples = samples_of(case, TINY_STEPS)
    answers, state, meter = run_traced(name, case, FORMS["imported"], case.small, samples, ask_every=4)
    expected = run_traced(name, case, FORMS["reference"], case.small, samples, ask_every=4)
    assert (answers, state) == expected[:2]
    assert meter.counters() == pytest.approx(expected[2].counters(), rel=1e-12)
    assert meter.depth_counts() == expected[2].depth_counts()
    assert meter.birth_count() == expected[2].birth_count()


@each_learner
def test_the_interpreter_has_a_second_opinion_that_agrees(name):
    case = replace(CASES[name], n_bits=TINY_BITS)
    samples = samples_of(case, 4 * TINY_STEPS)
    answers, state, meter = run_traced(name, case, FORMS["imported"], case.small, samples, ask_every=4)
    found = run_interpreted(source_of(name), case, case.small, samples, ask_every=4)
    assert found[:2] == (answers, state)
    assert counted(found[2]) == counted(meter)


@pytest.mark.parametrize("name", ["row_fused", "tiled", "lazy_decay"])
def test_sgd_in_another_order_is_still_sgd(name):
    case = CASES[name]
    samples = samples_of(case, STEPS)
    answers, _ = run_plain(name, case, case.hp, samples)
    expected, _ = run(standard, PlainMeter(case.n_bits), case, case.hp, samples)
    assert [float(a) for a in answers] == pytest.approx([float(e) for e in expected], rel=1e-6, abs=1e-9)


@each_learner
def test_it_is_measured_and_solves_its_task_if_it_can(name):
    small = task_of(name)
    measured = measure.measure(program_of(name), task.draw(small, "5eed"), small)
    assert isinstance(measured, Measurement), measured.reason
    assert measured.solved is CASES[name].solves
