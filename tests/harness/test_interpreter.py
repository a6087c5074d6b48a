"""The interpreter: it means what CPython means, counts what the meter counts, and runs nothing natively."""

import ast
import random

import pytest

from harness import interpreter, policy
from harness.interpreter import builtin, expressions, statements
from harness.interpreter.machine import InterpreterError
from harness.policy import body, names, values, words
from tests.harness.interpreter_cases import BODIES, INPUTS, METHOD, source_of
from tests.harness.random_programs import random_program
from tests.harness.run_programs import is_allowed, run_interpreted, run_traced
from tests.harness.trace_forms import FORMS
from tests.harness.trace_machine import PlainMeter

SAMPLES = [([1.0, -1.0, -1.0, 1.0], 1.0), ([-1.0, -1.0, 1.0, 1.0], -1.0), ([1.0, 1.0, 1.0, -1.0], 1.0)]
METHOD_NAME = "sparse_parity.methods.m"


def both(source, samples, n_inputs):
    """Answers and counts of the compiled trace, and of the interpreter."""
    form = FORMS["imported"]
    return run_traced(source, form.meter(n_inputs), form.walk, samples), run_interpreted(source, samples, n_inputs)


def load(modules, budget=10**6):
    return interpreter.load(modules, METHOD_NAME, interpreter.Trace(INPUTS), budget)


# -- the same as the trace ---


@pytest.mark.parametrize("name", BODIES)
def test_each_corner_of_the_language_is_interpreted_and_counted_as_it_is_traced(name):
    source = source_of(name)
    assert [str(refusal) for refusal in policy.check_module("sparse_parity/methods/m.py", source)] == []
    traced, interpreted = both(source, SAMPLES, INPUTS)
    assert interpreted == traced


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_interpreted_and_counted_as_they_are_traced(seed):
    draw = random.Random(seed)
    source = next(text for text in iter(lambda: random_program(draw), None) if is_allowed(text))
    traced, interpreted = both(source, [(x[:3], y) for x, y in SAMPLES], 3)
    assert interpreted == traced


# -- everything that the policy allows ---


def test_every_node_that_the_policy_allows_has_a_meaning():
    assert set(values._VALUES) <= set(expressions.VALUES)
    assert set(body._STATEMENTS) <= set(statements.STATEMENTS)
    assert set(names._TOP_LEVEL) == {ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef}


def test_every_operator_that_the_policy_allows_has_a_meaning():
    allowed = set(ast.operator.__subclasses__()) - {ast.MatMult}
    assert set(builtin.OPERATORS) == set(builtin.IN_PLACE) == allowed
    assert set(expressions.COMPARISONS) == set(ast.cmpop.__subclasses__()) - {ast.Is, ast.IsNot}
    assert set(expressions.UNARY) == set(ast.unaryop.__subclasses__()) - {ast.Not}  # `not` has a rule of its own


def test_every_function_and_method_that_the_policy_allows_has_a_meaning():
    known = builtin.builtins_over(interpreter.Trace(1))
    assert {*words.BUILTINS, *words.ITERATORS} == set(known)
    assert set(words.MATH) == builtin.MATH
    assert set(words.MATH_CONSTANTS) == set(builtin.MATH_CONSTANTS)
    assert set(words.RNG) == builtin.RNG
    assert {*words.ACTIONS, *words.ANSWERS} == builtin.LIST


# -- nothing runs natively, and everything ends ---


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').abort()",
        "().__class__.__base__.__subclasses__()",
        "w.trace.free(1)",
        "w.__class__",
        "state['w'].values.clear()",
        "math.__loader__",
        "rng.seed(1)",
        "open('/etc/passwd')",
        "(lambda: 1)()",
        "import os",
        "del w",
        "w = 'text'",
        "w = (1, 2)",
        "w = None",
        "w = step",
        "w = 2 ** 62 * 4",
        "w = 1 << 70",
        "w = hp",
    ],
)
def test_what_the_policy_refuses_has_no_meaning_here_either(line):
    method = load({METHOD_NAME: METHOD.format(body=f"    {line}")})
    state = method["init"](INPUTS, 2, {"lr": 0.5}, random.Random(1))
    with pytest.raises((InterpreterError, OverflowError, NameError, TypeError, KeyError)):
        method["step"](state, PlainMeter(INPUTS).inputs, 1.0, {"lr": 0.5})


def test_reading_a_module_evaluates_no_function():
    method = load({METHOD_NAME: METHOD.format(body="    this_name_is_nowhere()")})
    assert callable(method["step"])


@pytest.mark.parametrize("line", ["while True:\n        pass", "for i in range(10 ** 12):\n        s = 0.0"])
def test_program_that_does_not_end_is_ended_by_the_budget(line):
    method = load({METHOD_NAME: METHOD.format(body=f"    {line}")}, budget=20_000)
    state = method["init"](INPUTS, 2, {"lr": 0.5}, random.Random(1))
    with pytest.raises(InterpreterError, match="more evaluations"):
        method["step"](state, PlainMeter(INPUTS).inputs, 1.0, {"lr": 0.5})


# -- looking ---


def test_predictions_before_a_step_leave_no_trace_and_solving_ones_count():
    request = {"modules": {METHOD_NAME: source_of("swaps")}, "method": "m", "hyperparameters": {"lr": 0.5}}
    request |= {"n_bits": INPUTS, "k_sparse": 2, "seed": 3}
    looked, blind = interpreter.Session(request), interpreter.Session(request)
    for session in (looked, blind):
        session.answer({"op": "train", "samples": ["+-+-"], "labels": [1]})
    before = looked.answer({"op": "counters", "solved": True})
    looked.answer({"op": "predict", "samples": ["++++", "----"]})
    assert looked.answer({"op": "counters", "solved": True})["reads"] > before["reads"]
    for session in (looked, blind):
        session.answer({"op": "train", "samples": ["++--"], "labels": [-1]})
    counts = [session.answer({"op": "counters", "solved": False}) for session in (looked, blind)]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("change", ["state['s'] = -state['s']", "state['w'] = state['w'][:]", "state['w'][0] += 1.0"])
def test_predict_that_changes_the_state_is_refused(change):
    source = source_of("swaps").replace("def predict(state, x, hp):\n", f"def predict(state, x, hp):\n    {change}\n")
    request = {"modules": {METHOD_NAME: source}, "method": "m", "hyperparameters": {"lr": 0.5}}
    session = interpreter.Session(request | {"n_bits": INPUTS, "k_sparse": 2, "seed": 3})
    with pytest.raises(ValueError, match="predict changed the state"):
        session.answer({"op": "predict", "samples": ["++++", "----"]})
