"""Experiments A and C trained whole: accuracies, the traced sample, equal weights, and ARD over the whole run."""

import hashlib
import random
import struct
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from sparse_parity.config import EXP_A, THREE_BIT, Config
from sparse_parity.metrics import PARAMETERS, flatten
from sparse_parity.protocol import Hp, Method, State, load_method
from sparse_parity.studies.batches import Say, tell_epochs
from sparse_parity.tracker import NO_TRACKER, MemTracker, Tracker
from sparse_parity.training import Epoch, Plan, Training, train

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


@dataclass(frozen=True, slots=True)
class Recorded:
    """A method whose steps are recorded, for the one training loop; its predictions are not."""

    method: Method
    whole: WholeRun

    def init(self, n_bits: int, k_sparse: int, hp: Hp, rng: random.Random) -> State:
        """The method's own."""
        return self.method.init(n_bits, k_sparse, hp, rng)

    def predict(self, state: State, x: list[float], hp: Hp) -> float:
        """The method's own."""
        return self.method.predict(state, x, hp)

    def step(self, state: State, x: list[float], y: float, hp: Hp, _tracker: Tracker = NO_TRACKER) -> None:
        """The method's own, recorded."""
        self.whole.begin_step()
        self.method.step(state, x, y, hp, self.whole)


def record_whole_run(method: str, say: Say) -> tuple[float, ...]:
    """ARD by last write, epoch by epoch of experiment A, then over all, with no stamp between the steps."""
    recorded = Recorded(load_method(method), WholeRun())
    ends = [(0, 0)]

    def on_epoch(epoch: Epoch) -> None:
        summary = recorded.whole.tracker.summary()
        ends.append((summary.weighted_sum, summary.floats_read))
        say(f"epoch {epoch.number}: ARD over the whole run so far {summary.ard:,.0f}")

    train(recorded, EXP_A, EXP_A.hp, on_epoch, Plan(watch=False))
    found = [(sums - before) / (floats - read) for (before, read), (sums, floats) in pairwise(ends)]
    return (*found, ends[-1][0] / ends[-1][1])


def watch_epochs(say: Say) -> tuple[float, ...]:
    """Weight movement and test accuracy of experiment A, epoch by epoch: hidden progress."""
    on_epoch = tell_epochs(say, "experiment A")
    for epoch in trained("standard", EXP_A).epochs:
        on_epoch(epoch)
    return tuple(number for e in trained("standard", EXP_A).epochs for number in (e.movement, e.test.accuracy))
