"""The parent's side of one measurement: who learns what, when it stops, and what counts as right.

Promises: labels of validation and test stay in this process; validation inputs go out when predictions are asked for,
test inputs after the meter's counters have come back; the parent decides when the task is solved. Does not cover: the
verdict. A candidate that cannot be measured is a Failure, a value, never a number.
"""

import hashlib
import math
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness import memory_trace, sandbox
from harness.records import Measurement
from harness.sandbox import Child, ChildError, Limits
from harness.settings import Task
from harness.task import Instance, Samples

CHUNK = 50  # samples a prediction request; after each one a check may end
GUESSES = 100  # predictions before the first training step
BEYOND = 4.5  # standard deviations that are beyond chance: one in 150,000
SHORT = 3.5  # standard deviations below the target at which a check ends: one in 4,000 for a net that is at the target
UNCOMPILED_PATIENCE = 60  # the uncompiled meter is about this much slower
COUNTS = ("ard_distance", "ard_reads", "reads", "writes", "reuse", "peak_cells")
SPENT = ("reads", "writes")  # what is told of a prediction's cost


@dataclass(frozen=True, slots=True)
class Program:
    """What the worker runs: module sources by dotted name, the champion's method, and its hyperparameters."""

    modules: Mapping[str, str]
    method: str
    hyperparameters: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no measurement."""

    reason: str


@dataclass(slots=True)
class Progress:
    """What the parent has seen of one measurement so far."""

    samples: int = 0
    solved: bool = False
    digest: Any = field(default_factory=hashlib.sha256)
    predict_traffic: float = 0.0


def measure(
    program: Program,
    instance: Instance,
    task: Task,
    *,
    init_seed: int | None = None,
    cancelled: threading.Event | None = None,
) -> Measurement | Failure:
    """Train and test one program on one instance, in a fresh child.

    Args:
        program: the candidate or the incumbent.
        instance: the drawn problem, labels included; they do not leave this process but for training.
        task: limits and target.
        init_seed: instead of the instance's own; for null rows.
        cancelled: ends the measurement when set, for an interrupt in another thread.
    """
    began = time.perf_counter()
    try:
        with loaded(program, instance, task, init_seed=init_seed, cancelled=cancelled) as child:
            progress = train(child, instance, task)
            counters = _counters(child, task, solved=progress.solved)
            correct = _test(child, instance.test)
    except ChildError as error:
        return Failure(str(error))
    return Measurement(
        solved=progress.solved,
        samples=progress.samples,
        test_correct=sum(correct),
        test_total=len(correct),
        predict_traffic=progress.predict_traffic,
        predictions_sha256=progress.digest.hexdigest(),
        test_bits=_hex_bits(correct),
        seconds=time.perf_counter() - began,
        **counters,
    )


@contextmanager
def loaded(
    program: Program,
    instance: Instance,
    task: Task,
    *,
    init_seed: int | None = None,
    cancelled: threading.Event | None = None,
    profile: Sequence[int] | None = None,
    interpreted: bool = False,
) -> Iterator[Child]:
    """A fresh child that has called `init`; with `profile`, cells by energy level, it attributes every access, and
    with `interpreted` it never compiles the program (see `opinion`).

    Raises:
        ChildError: the program cannot be loaded.
    """
    patience = 1 if memory_trace.compiled else UNCOMPILED_PATIENCE
    limits = Limits(seconds=task.time_limit_s * patience, memory_mb=task.memory_mb)
    with sandbox.start(limits, cancelled) as child:
        child.request(
            "load",
            modules=dict(program.modules),
            method=program.method,
            hyperparameters=dict(program.hyperparameters),
            n_bits=task.n_bits,
            k_sparse=task.k_sparse,
            seed=instance.init_seed if init_seed is None else init_seed,
            **({} if profile is None else {"profile": list(profile)}),
            **({"interpreted": True} if interpreted else {}),
        )
        yield child


def measure_both(
    candidate: Program, incumbent: Program, instance: Instance, task: Task, *, init_seed: int | None = None
) -> tuple[Measurement | Failure, Measurement | Failure]:
    """Candidate and incumbent on the same instance, at the same time. `init_seed` is the candidate's, for null rows."""
    cancelled = threading.Event()
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            ours = pool.submit(measure, candidate, instance, task, init_seed=init_seed, cancelled=cancelled)
            theirs = pool.submit(measure, incumbent, instance, task, cancelled=cancelled)
            return ours.result(), theirs.result()
        finally:
            cancelled.set()


def train(child: Child, instance: Instance, task: Task, on_check: Callable[[int], None] = lambda _: None) -> Progress:
    """Train until the task is solved or the epochs are over; `on_check` is told the samples so far at each check."""
    progress = Progress()
    _refuse_foresight(child, instance, task, progress)
    limit = task.max_epochs * task.n_train
    while progress.samples < limit and not progress.solved:
        count = min(task.check_every, limit - progress.samples)
        teach(child, instance, progress.samples, count)
        progress.samples += count
        on_check(progress.samples)
        progress.solved = _check(child, instance, task, progress)
    return progress


def teach(child: Child, instance: Instance, start: int, count: int) -> None:
    """`count` training steps, on the samples from number `start` on, cyclically."""
    train = instance.train
    chosen = [(start + i) % len(train.labels) for i in range(count)]
    child.request("train", samples=[train.inputs[i] for i in chosen], labels=[train.labels[i] for i in chosen])


def _refuse_foresight(child: Child, instance: Instance, task: Task, progress: Progress) -> None:
    """A candidate that is right before its first step knows what it cannot know."""
    part = Samples(instance.validation.inputs[:GUESSES], instance.validation.labels[:GUESSES])
    right = sum(_ask(child, part, progress))
    if abs(right - GUESSES / 2) > BEYOND * _guess_spread(task.n_bits):
        raise ChildError(f"{right} of {GUESSES} predictions right before the first training step: beyond chance")


def _guess_spread(n_bits: int) -> float:
    """Standard deviation of right guesses. With few bits a net's chance likeness to the parity shows in all of them."""
    return math.sqrt(GUESSES / 4 + GUESSES**2 / 4 / 2**n_bits)


def _check(child: Child, instance: Instance, task: Task, progress: Progress) -> bool:
    """Whether the validation accuracy has reached the target; ends early when it clearly has not."""
    validation = instance.validation
    wrong = asked = 0
    for start in range(0, len(validation.labels), CHUNK):
        part = Samples(validation.inputs[start : start + CHUNK], validation.labels[start : start + CHUNK])
        asked += len(part.labels)
        wrong += len(part.labels) - sum(_ask(child, part, progress))
        if is_clearly_short(wrong, asked, task.target):
            return False
    return asked - wrong >= math.ceil(task.target * asked)


def is_clearly_short(wrong: int, asked: int, target: float) -> bool:
    """Whether so many wrong answers are all but impossible for a net that is at the target.

    Without this an untrained net would be asked a thousand times at each check: most of a measurement's time.
    """
    miss = 1 - target
    return wrong > asked * miss + SHORT * math.sqrt(asked * miss * target) + 1


def _ask(child: Child, samples: Samples, progress: Progress | None) -> list[bool]:
    """Which of the samples the candidate answers right. An output of exactly 0 counts as +1."""
    answer = child.request("predict", samples=samples.inputs)
    predictions = _floats(answer.get("predictions"), len(samples.inputs))
    if progress is not None:
        progress.digest.update(struct.pack(f"<{len(predictions)}d", *predictions))
        spent = _sums(answer.get("spent"), SPENT)
        progress.predict_traffic = (spent["reads"] + spent["writes"]) / len(predictions)
    return [(p >= 0) == (label > 0) for p, label in zip(predictions, samples.labels, strict=True)]


def _test(child: Child, test: Samples) -> list[bool]:
    return _ask(child, test, None)


def _counters(child: Child, task: Task, *, solved: bool) -> dict[str, Any]:
    counters = read_counters(child, solved=solved)
    if counters["ard_reads"] == 0:
        raise ChildError("training reads nothing: there is no average reuse distance")
    if counters["reads"] < task.min_reads:
        raise ChildError(f"{counters['reads']} reads are fewer than any answer needs ({task.min_reads})")
    for name, value in counters.items():  # the judge takes logarithms; only a forged sum is below what looking cost
        if value <= 0:
            raise ChildError(f"the meter's {name} is not a count above zero")
    return counters


def read_counters(child: Child, *, solved: bool) -> dict[str, Any]:
    """The meter's sums. Predictions of a check count only if it found the task solved.

    Those of the others are the harness's way of looking, no part of the solution: the worker's meter forgets them. Were
    they charged, a candidate could save by answering blindly until it expects to be solved.
    """
    return _sums(child.request("counters", solved=solved), (*COUNTS, "dmd"))


def _sums(answer: Any, names: Sequence[str]) -> dict[str, Any]:
    """The named sums of the meter: counts, and `dmd`, which is a float."""
    sums = {name: answer.get(name) for name in names} if type(answer) is dict else {}
    for name in names:
        value = sums.get(name)
        if type(value) is not (float if name == "dmd" else int) or not 0 <= value < 2**63:
            raise ChildError(f"the meter's {name} is not a count")
    return sums


def _floats(values: Any, count: int) -> list[float]:
    if type(values) is not list or len(values) != count or not all(type(v) is float for v in values):
        raise ChildError(f"expected {count} predictions, each one finite float")
    return values


def _hex_bits(bits: Sequence[bool]) -> str:
    padded = "".join("1" if b else "0" for b in bits).ljust(-(-len(bits) // 4) * 4, "0")
    return f"{int(padded, 2):0{len(padded) // 4}x}"
