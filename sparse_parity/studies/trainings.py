"""Experiments A and C trained whole: accuracies, the traced sample, equal weights, and ARD over the whole run."""

import hashlib
import random
import struct
from functools import cache

from sparse_parity.config import EXP_A, THREE_BIT, Config
from sparse_parity.data import draw_instance
from sparse_parity.metrics import PARAMETERS, flatten
from sparse_parity.protocol import State, load_method
from sparse_parity.studies.batches import Say, tell_epochs
from sparse_parity.tracker import MemTracker
from sparse_parity.training import Plan, Training, train

VARIANTS = ("standard", "fused", "perlayer")


@cache
def trained(method: str, config: Config) -> Training:
    """Each training once in a process; nobody changes it."""
    return train(load_method(method), config, config.hp, plan=Plan(watch=False))


def digest(state: State) -> str:
    """Of all weights, as little-endian doubles: W1 row by row, b1, W2, b2."""
    numbers = [number for name in PARAMETERS for number in flatten(state[name])]
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()[:16]


def accuracies(method: str, config: Config, say: Say) -> tuple[float, ...]:
    """Test accuracy by epoch."""
    say(f"training {method}, {config.name}")
    return tuple(epoch.test.accuracy for epoch in trained(method, config).epochs)


def count_endings(config: Config, say: Say) -> tuple[float]:
    """How many different ends, to the last bit, the three variants come to."""
    ends = set()
    for method in VARIANTS:
        say(f"training {method}, {config.name}")
        ends.add(digest(trained(method, config).state))
    return (len(ends),)


def trace_sample(say: Say) -> tuple[float, float]:
    """The first training sample of experiment A with a margin below 1 after training, and that margin."""
    say("training standard, experiment A")
    training = trained("standard", EXP_A)
    method = load_method("standard")
    pairs = zip(training.instance.train.xs, training.instance.train.ys, strict=True)
    margins = [method.predict(training.state, x, EXP_A.hp) * y for x, y in pairs]
    return next((float(i), margin) for i, margin in enumerate(margins) if margin < 1.0)


def solve_three_bits(say: Say) -> tuple[float, ...]:
    """Test accuracies at 3 bits."""
    return accuracies("standard", THREE_BIT, say)


class WholeRun:
    """A tracker of a whole training: a step's stamp of the weights counts once, at the run's start.

    MemTracker's own stamp is dropped by leaving out the writes of weights that come before a step's first read.
    """

    def __init__(self) -> None:
        self.tracker = MemTracker()
        self._stamping = True
        self._known: set[str] = set()

    def begin_step(self) -> None:
        """What follows, up to the first read, is the stamp."""
        self._stamping = True

    def read(self, name: str, size: int) -> None:
        """Record a read."""
        self._stamping = False
        self.tracker.read(name, size)

    def write(self, name: str, size: int) -> None:
        """Record a write that moves data."""
        if self._stamping and name in PARAMETERS and name in self._known:
            return
        self._known.add(name)
        self.tracker.write(name, size)


def record_whole_run(method: str, say: Say) -> tuple[float, ...]:
    """ARD by last write, epoch by epoch of experiment A, then over all, with no stamp between the steps."""
    module, samples = load_method(method), draw_instance(EXP_A).train
    state = module.init(EXP_A.n_bits, EXP_A.k_sparse, EXP_A.hp, random.Random(EXP_A.seed + 1))
    whole = WholeRun()
    sums, floats, found = 0, 0, []
    for number in range(6):
        for x, y in zip(samples.xs, samples.ys, strict=True):
            whole.begin_step()
            module.step(state, x, y, EXP_A.hp, whole)
        summary = whole.tracker.summary()
        found.append((summary.weighted_sum - sums) / (summary.floats_read - floats))
        sums, floats = summary.weighted_sum, summary.floats_read
        say(f"epoch {number + 1}: ARD over the whole run {found[-1]:,.0f}")
    return (*found, sums / floats)


def watch_epochs(say: Say) -> tuple[float, ...]:
    """Weight movement and test accuracy of experiment A, epoch by epoch: hidden progress."""
    on_epoch = tell_epochs(say, "experiment A")
    for epoch in trained("standard", EXP_A).epochs:
        on_epoch(epoch)
    return tuple(number for e in trained("standard", EXP_A).epochs for number in (e.movement, e.test.accuracy))
