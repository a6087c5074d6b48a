"""The one training loop, for every method: cyclic passes, one sample at a time, to the target or the limit.

Promises: the method sees the samples in the published order, and nothing here touches its state. A study that must
compare with a published run hands in what that run drew otherwise: a `Plan`. Does not cover: early stopping inside an
epoch and validation, which are the gate's.
"""

import random
import time
from collections.abc import Callable, Sequence
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
        train: the score on the training samples; None where the plan leaves it out.
        fired: steps that changed the state (for the published methods, those with a margin below 1); 0 where the
            plan leaves it out.
        movement: ||w_t - w_0||_1.
        seconds: of the steps alone.
    """

    number: int
    train: Score | None
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

    @property
    def best(self) -> float:
        """The highest test accuracy of any epoch, as the published tables give it. It flatters: see SCALE."""
        return max(epoch.test.accuracy for epoch in self.epochs)

    def first_at(self, accuracy: float) -> int | None:
        """The first epoch whose test accuracy is at least that, or None."""
        return next((epoch.number for epoch in self.epochs if epoch.test.accuracy >= accuracy), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training departs from its config's own draws; the default departs in nothing.

    Attributes:
        instance: train on this one, instead of drawing the config's.
        state: go on from this one (it is changed), instead of a fresh one.
        order: the training samples of a pass, by its number from 1; None goes through them as drawn.
        end_pass: called with the state after each pass, to use up a batch that is not full.
        watch: score the training samples and count the firing steps, which takes about as long as learning.
    """

    instance: Instance | None = None
    state: State | None = None
    order: Callable[[int], Sequence[int]] | None = None
    end_pass: Callable[[State, Hp], None] | None = None
    watch: bool = True


AS_CONFIGURED = Plan()


def train(
    method: Method,
    config: Config,
    hp: Hp,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
    plan: Plan = AS_CONFIGURED,
) -> Training:
    """Train a method on a config's instance, or by a plan; `on_epoch` is called after each epoch."""
    instance = plan.instance or draw_instance(config)
    rng = random.Random(config.seed + 1)
    state = plan.state or method.init(config.n_bits, config.k_sparse, hp, rng)
    start = copy_state(state)
    epochs: list[Epoch] = []
    for number in range(1, config.max_epochs + 1):
        begun = time.perf_counter()
        fired = pass_over(method, state, hp, _arrange(instance.train, plan, number), watch=plan.watch)
        if plan.end_pass:
            plan.end_pass(state, hp)
        seconds = time.perf_counter() - begun
        epochs.append(
            Epoch(
                number=number,
                train=evaluate(method, state, hp, instance.train) if plan.watch else None,
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


def _arrange(samples: Samples, plan: Plan, number: int) -> Samples:
    if plan.order is None:
        return samples
    order = plan.order(number)
    return Samples([samples.xs[i] for i in order], [samples.ys[i] for i in order])


def pass_over(method: Method, state: State, hp: Hp, samples: Samples, *, watch: bool = True) -> int:
    """Step through the samples once; returns how many steps changed the state, or 0 if it is not to watch."""
    before = copy_state(state) if watch else state
    fired = 0
    for x, y in zip(samples.xs, samples.ys, strict=True):
        method.step(state, x, y, hp)
        if watch and state != before:
            fired += 1
            before = copy_state(state)
    return fired


