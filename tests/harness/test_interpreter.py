"""The interpreter: it means what CPython means, counts what the meter counts, and runs nothing natively."""

import ast
import builtins
import random
from types import MappingProxyType

import pytest

from harness import interpreter, policy
from harness.interpreter import builtin, expressions, statements
from harness.interpreter.machine import InterpreterError
from harness.policy import body, names, values, words
from tests.harness.bench import ROOT
from tests.harness.interpreter_cases import BODIES, INPUTS, source_of
from tests.harness.random_programs import random_program
from tests.harness.run_programs import run_interpreted, run_traced
from tests.harness.trace_forms import FORMS

SAMPLES = [([1.0, -1.0, -1.0, 1.0], 1.0), ([-1.0, -1.0, 1.0, 1.0], -1.0), ([1.0, 1.0, 1.0, -1.0], 1.0)]


def both(source, samples=SAMPLES):
    """What the compiled trace and the interpreter answer and count."""
    form = FORMS["imported"]
    return run_traced(source, form.meter(INPUTS), form.walk, samples), run_interpreted(source, samples, INPUTS)


# -- the same as the trace ---


@pytest.mark.parametrize("name", BODIES)
def test_each_corner_of_the_language_is_interpreted_and_counted_as_it_is_traced(name):
    source = source_of(name)
    assert [str(refusal) for refusal in policy.check_module("sparse_parity/methods/m.py", source)] == []
    traced, interpreted = both(source)
    assert interpreted[0] == traced[0]
    assert interpreted[1] == [pytest.approx(counts, rel=1e-12) for counts in traced[1]]


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_are_interpreted_and_counted_as_they_are_traced(seed):
    source = random_program(random.Random(seed))
    samples = [(x[:3], y) for x, y in SAMPLES]
    form = FORMS["imported"]
    if policy.check_module("sparse_parity/methods/m.py", source):
        with pytest.raises((InterpreterError, TypeError, ValueError)) if "column" in source else open("/dev/null"):
            run_interpreted(source, samples, 3)
        return
    traced = run_traced(source, form.meter(3), form.walk, samples)
    assert run_interpreted(source, samples, 3) == traced
