"""The second opinion on the trace: what the worker answers, compared with what a small interpreter answers.

Both are real children with the same requests on instances that nobody has seen: a few training steps, a few
predictions, the meter's counts, and so on until enough was accessed. Predictions must be the same bit by bit, counts
the same integers, DMD the same to rounding. It fails closed: an error or a time-out of either is no agreement.

Promises: what the rewriter and the meter hide or miss within these steps is found, unless the interpreter, written
apart from docs/metric.md, makes the same mistake. Does not cover: what a candidate does only after more steps.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

from harness.measure import Failure, Program, loaded, teach
from harness.records import Measurement, Opinion
from harness.sandbox import Child, ChildError
from harness.settings import Task
from harness.task import Instance

INSTANCES = 2
ROUNDS = (1, 2, 4, 8, 16, 32)  # training steps between two comparisons
LEAST_ROUNDS = 2
ENOUGH = 40_000  # accesses of an instance after which no further round begins: about half a second of interpretation
ASKED = 2  # predictions a round
CLOSE = 1e-9  # relative, of DMD: a sum of square roots


TRACE, INTERPRETER = "trace", "interpreter"

Both = Mapping[str, Child]
Answer = TypeVar("Answer")


class DisagreementError(Exception):
    """The first difference, in words."""


def same_again(first: Measurement, again: Measurement | Failure) -> Opinion | None:
    """A program that does not measure the same twice on one instance is believed nothing; None when it does."""
    if isinstance(again, Failure):
        return Opinion(agrees=False, words=f"the screen instance, measured again: {again.reason}")
    for name in (field.name for field in fields(Measurement) if field.name != "seconds"):
        before, after = getattr(first, name), getattr(again, name)
        if before != after:
            words = f"not deterministic: the screen instance gave {name} {before}, and {after} when measured again"
            return Opinion(agrees=False, words=words)
    return None


def second_opinion(
    program: Program, instances: Sequence[Instance], task: Task, *, cancelled: threading.Event | None = None
) -> Opinion:
    """Compare worker and interpreter on each instance, until the first difference."""
    steps = accesses = 0
    for number, instance in enumerate(instances, 1):
        try:
            counts = _compare(program, instance, task, cancelled)
        except DisagreementError as difference:
            return Opinion(agrees=False, words=f"instance {number}: {difference}")
        steps, accesses = steps + counts[0], accesses + counts[1]
    words = f"agrees on {len(instances)} instances: {steps:,} steps, {accesses:,} accesses"
    return Opinion(agrees=True, words=words)


def _compare(program: Program, instance: Instance, task: Task, cancelled: threading.Event | None) -> tuple[int, int]:
    """Steps and accesses that agree."""
    steps = accesses = 0
    with ExitStack() as stack:
        both = _started(stack, program, instance, task, cancelled)
        _same("after init", *_counters(both))
        for done, count in enumerate(ROUNDS):
            if done >= LEAST_ROUNDS and accesses > ENOUGH:
                break
            _each(both, partial(teach, instance=instance, start=steps, count=count))
            steps += count
            counts = _counters(both)
            _same(f"after step {steps}", *counts)
            _same(f"predictions after step {steps}", *_predictions(both, instance, done))
            _same(f"predicting after step {steps}", *_counters(both))
            accesses = counts[0]["reads"] + counts[0]["writes"]
    return steps, accesses


def _started(
    stack: ExitStack, program: Program, instance: Instance, task: Task, cancelled: threading.Event | None
) -> Both:
    """A worker that has compiled the program, and one that interprets it."""

    def start(name: str) -> Child:
        interpreted = name == INTERPRETER
        return stack.enter_context(loaded(program, instance, task, cancelled=cancelled, interpreted=interpreted))

    return {name: _labelled(name, partial(start, name)) for name in (TRACE, INTERPRETER)}


def _each(both: Both, ask: Callable[[Child], Answer]) -> list[Answer]:
    """What the trace and the interpreter answer."""
    return [_labelled(name, partial(ask, child)) for name, child in both.items()]


def _labelled(name: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except ChildError as error:
        raise DisagreementError(f"the {name} fails: {error}") from None


def _counters(both: Both) -> list[dict[str, Any]]:
    return _each(both, lambda child: child.request("counters", solved=True))


def _predictions(both: Both, instance: Instance, done: int) -> list[dict[str, Any]]:
    samples = list(instance.validation.inputs[ASKED * done : ASKED * (done + 1)])
    return _each(both, lambda child: child.request("predict", samples=samples))


def _same(when: str, worker: Any, interpreter: Any) -> None:
    """Raises DisagreementError on the first difference between two answers."""
    for name, ours, theirs in differences(worker, interpreter):
        raise DisagreementError(f"{when}: {name} is {ours!r} in the trace and {theirs!r} in the interpreter")


def differences(worker: Any, interpreter: Any, name: str = "the answer") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two answers differ: the name of each, the worker's value, and the interpreter's."""
    if type(worker) is dict and type(interpreter) is dict and worker.keys() == interpreter.keys():
        for key in worker:
            yield from differences(worker[key], interpreter[key], key)
    elif type(worker) is list and type(interpreter) is list and len(worker) == len(interpreter):
        for ours, theirs in zip(worker, interpreter, strict=True):
            yield from differences(ours, theirs, name)
    elif not _is_same(worker, interpreter, name):
        yield name, worker, interpreter


def _is_same(ours: Any, theirs: Any, name: str) -> bool:
    """Bit by bit: 0.0 and -0.0 differ, and so do 1 and 1.0. Only DMD is compared to rounding."""
    if name == "dmd" and type(ours) is float and type(theirs) is float:
        return math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(ours) is type(theirs) and repr(ours) == repr(theirs)
