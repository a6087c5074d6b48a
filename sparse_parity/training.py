"""The one training loop, for every method: cyclic passes, one sample at a time, to the target or the limit.

Promises: the method sees the samples in the published order, and nothing here touches its state. Does not
cover: early stopping inside an epoch and validation, which are the gate's.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sparse_parity.config import SOLVED_ABOVE, Config
from sparse_parity.data import Instance, Samples, draw_instance
from sparse_parity.metrics import Score, copy_state, evaluate, movement
from sparse_parity.protocol import Hp, Method, State


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training samples, scored at its end.

    Attributes:
        number: from 1.
        fired: steps that changed the state. For the published methods: those with a margin below 1.
        movement: ||w_t - w_0||_1.
        seconds: of the steps alone.
    """

    number: int
    train: Score
    test: Score
    fired: int
    movement: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Training:
    """A finished training: the epochs in order, the instance, and the state as it ended."""

    epochs: tuple[Epoch, ...]
    instance: Instance
    state: State

    @property
    def solved_at(self) -> int | None:
        """The first epoch whose test accuracy is above the published 90 %, or None."""
        return next((epoch.number for epoch in self.epochs if epoch.test.accuracy > SOLVED_ABOVE), None)


def train(
    method: Method, config: Config, hp: Hp, on_epoch: Callable[[Epoch], None] = lambda _: None
) -> Training:
    """Train a method on a config's instance; `on_epoch` is called after each epoch."""
    instance = draw_instance(config)
    state = method.init(config.n_bits, config.k_sparse, hp, random.Random(config.seed + 1))
    start = copy_state(state)
    epochs: list[Epoch] = []
    for number in range(1, config.max_epochs + 1):
        begun = time.perf_counter()
        fired = pass_over(method, state, hp, instance.train)
        seconds = time.perf_counter() - begun
        epochs.append(
            Epoch(
                number=number,
                train=evaluate(method, state, hp, instance.train),
                test=evaluate(method, state, hp, instance.test),
                fired=fired,
                movement=movement(state, start),
                seconds=seconds,
            )
        )
        on_epoch(epochs[-1])
        if epochs[-1].test.accuracy >= config.stop_at:
            break
    return Training(tuple(epochs), instance, state)


def pass_over(method: Method, state: State, hp: Hp, samples: Samples) -> int:
    """Step through the samples once; returns how many steps changed the state."""
    before = copy_state(state)
    fired = 0
    for x, y in zip(samples.xs, samples.ys, strict=True):
        method.step(state, x, y, hp)
        if state != before:
            fired += 1
            before = copy_state(state)
    return fired
