"""Small programs in the style that one naturally writes: each passes the policy and traced computes what CPython does.

The learners beside them are for what is learnt; these are for how it is said: helpers with defaults and annotations,
tuples returned and unpacked, rows unpacked, asserts, chained assignments, ternaries, slices with negative steps.
"""

from pathlib import Path

import pytest

from harness import policy
from tests.controls.learner_cases import ROOT, Case, load, run, run_interpreted, samples_of
from tests.harness.random_operations import counted
from tests.harness.trace_forms import FORMS
from tests.harness.trace_machine import PlainMeter, walk_plain

PROGRAMS = {path.stem: path.read_text("utf-8") for path in sorted(Path(__file__).with_name("programs").glob("*.py"))}
CASE = Case({"lr": 0.1, "hidden": 6}, n_bits=6)
TINY = Case({"lr": 0.1, "hidden": 2}, n_bits=3)

each_program = pytest.mark.parametrize("name", PROGRAMS)


def answers_of(source, case, form, steps):
    """Predictions and the final state as text, and the meter; CPython itself where there is no form."""
    meter = form.meter(case.n_bits) if form else PlainMeter(case.n_bits)
    answers, state = run(load(source, form and meter), meter, case, case.hp, samples_of(case, steps), ask_every=3)
    return answers, [repr(value) for value in (form.walk if form else walk_plain)(state)], meter


def test_there_are_enough_of_them():
    assert len(PROGRAMS) >= 10


@each_program
def test_policy_accepts_what_one_naturally_writes(name):
    champion = f'METHOD = "{name}"\nHYPERPARAMETERS = {CASE.hp}\n'
    sources = {"sparse_parity/champion.py": champion, f"sparse_parity/methods/{name}.py": PROGRAMS[name]}
    assert [str(refusal) for refusal in policy.check(sources)] == []


@each_program
def test_traced_a_natural_program_computes_bit_for_bit_what_cpython_does(name):
    expected = answers_of(PROGRAMS[name], CASE, None, 80)
    found = answers_of(PROGRAMS[name], CASE, FORMS["imported"], 80)
    assert found[:2] == expected[:2]
    assert len(set(expected[0])) > 1, "it never answers anything else"


@each_program
def test_a_natural_program_is_counted_as_the_reference_does(name):
    answers, state, meter = answers_of(PROGRAMS[name], TINY, FORMS["imported"], 12)
    expected = answers_of(PROGRAMS[name], TINY, FORMS["reference"], 12)
    assert (answers, state) == expected[:2]
    assert meter.counters() == pytest.approx(expected[2].counters(), rel=1e-12)
    assert meter.depth_counts() == expected[2].depth_counts()


@each_program
def test_a_natural_program_is_interpreted_as_it_is_traced(name):
    answers, state, meter = answers_of(PROGRAMS[name], TINY, FORMS["imported"], 30)
    found = run_interpreted(PROGRAMS[name], TINY, TINY.hp, samples_of(TINY, 30), ask_every=3)
    assert found[:2] == (answers, state)
    assert counted(found[2]) == counted(meter)


def test_the_programs_say_what_the_language_page_shows():
    """Each construct that the policy took in for them is in one of them, so that it cannot fall out unseen."""
    text = "\n".join(PROGRAMS.values())
    taken_in = ["assert ", ": float = ", "best = count = 0", "for k, (i, j) in enumerate(", "i, j, sign = stump"]
    taken_in += ["default=", "slope: float = 0.01", "while True:", "def _", ", 0.0)", "math.erf(", "[::-1]"]
    for construct in taken_in:
        assert construct in text, construct
    assert (ROOT / "docs/language.md").is_file()
