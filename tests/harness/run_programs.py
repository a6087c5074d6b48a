"""Runs one random program in plain CPython and, rewritten, on several meters, and compares.

Promises: values are compared bit for bit (as text that round-trips), counters after every call.
Does not cover: drawing the program (`random_programs`).
"""

from random import Random
from types import MappingProxyType

from harness import interpreter, policy, rewrite
from tests.harness.random_operations import counted
from tests.harness.random_programs import INPUTS, random_program
from tests.harness.trace_forms import FORMS
from tests.harness.trace_machine import PlainMeter, walk_plain


class SilentTracker:
    """What plain runs pass as the tracker."""

    def read(self, name, size):
        pass

    def write(self, name, size):
        pass


def run_plain(source, samples):
    """What the program answers in CPython on plain lists: its predictions and final state, as text."""
    namespace = {}
    exec(compile(source, "program.py", "exec"), namespace)  # noqa: S102 - we wrote it
    return run_program(namespace, PlainMeter(INPUTS), walk_plain, samples)[0]


def run_traced(source, meter, walk, samples):
    """The same on a meter: answers, and the counters after `init` and after every call."""
    namespace = rewrite.load({"sparse_parity.methods.m": source}, meter)["sparse_parity.methods.m"]
    return run_program(namespace, meter, walk, samples)


def run_interpreted(source, samples, n_inputs=INPUTS):
    """The same in the interpreter, which compiles nothing."""
    trace = interpreter.Trace(n_inputs)
    namespace = interpreter.load({"sparse_parity.methods.m": source}, "sparse_parity.methods.m", trace, 10**7)
    return run_program(namespace, trace, FORMS["reference"].walk, samples)


def is_allowed(source):
    """Whether the policy has nothing against the program; a few templates are beyond it."""
    return not policy.check_module("sparse_parity/methods/m.py", source)


def run_program(namespace, meter, walk, samples):
    hp = MappingProxyType({"lr": 0.5})
    state = namespace["init"](INPUTS, 2, hp, Random(1))
    answers, counts = [], [counted(meter)]
    for sample, label in samples:
        meter.begin_step(sample, label)
        namespace["step"](state, meter.input_buffer(), label, hp, SilentTracker())
        meter.end_step()
        counts.append(counted(meter))
        meter.keep()
        for other, _ in samples:  # looking, which is to count as nothing
            meter.begin_predict(other)
            answers.append(repr(namespace["predict"](state, meter.input_buffer(), hp)))
        meter.forget()
        assert counted(meter) == counts[-1]
        meter.begin_predict(sample)
        answers.append(repr(namespace["predict"](state, meter.input_buffer(), hp)))
        counts.append(counted(meter))
    return answers + [repr(value) for value in walk(state)], counts


def check_program(random, meters):
    """Draw one program; run it on plain lists, on every meter, and, if the policy allows it, in the interpreter.

    Args:
        random: a random.Random.
        meters: name to a form of the meter, see `trace_forms`.

    Raises:
        AssertionError: values or counters differ; the message holds the source.
    """
    source = random_program(random)
    samples = [([random.choice((-1.0, 1.0)) for _ in range(INPUTS)], random.choice((-1.0, 1.0))) for _ in range(3)]
    expected = run_plain(source, samples)
    expected_counts = None
    for name, form in meters.items():
        answers, counts = run_traced(source, form.meter(INPUTS), form.walk, samples)
        assert answers == expected, (name, source, answers, expected)
        expected_counts = expected_counts or counts
        assert counts == expected_counts, (name, source, counts, expected_counts)
    if is_allowed(source):
        answers, counts = run_interpreted(source, samples)
        assert answers == expected, ("interpreter", source, answers, expected)
        assert counts == expected_counts, ("interpreter", source, counts, expected_counts)
