"""Trainings in mini-batches of 32: the numpy experiments' draws, and the two ways to take the mean of a batch.

Promises: training samples, initial weights and shuffles of the published runs; the sums within a batch are added
sample by sample, where numpy's matrix products add in another order, so weights agree to about 15 digits and accuracies
in practice exactly.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType

from sparse_parity.config import Config
from sparse_parity.data import Instance
from sparse_parity.methods import minibatch
from sparse_parity.protocol import Hp, Method, State, load_method
from sparse_parity.studies.numpy_draws import NumpyDraws
from sparse_parity.tracker import NO_TRACKER, Tracker
from sparse_parity.training import Epoch, Plan, Training, train

Say = Callable[[str], None]
"""Told one line of progress."""


def silent(line: str) -> None:
    """Say nothing."""


def tell_epochs(say: Say, label: str) -> Callable[[Epoch], None]:
    """Told each epoch, says every tenth."""

    def on_epoch(epoch: Epoch) -> None:
        if epoch.number % 10 == 0:
            say(f"{label}: epoch {epoch.number}, test accuracy {epoch.test.accuracy:.1%}")

    return on_epoch


@dataclass(frozen=True, slots=True)
class Drawn:
    """A numpy run's start: the problem, the net, and the stream that shuffles its training samples."""

    instance: Instance
    state: State
    rng: NumpyDraws


def draw_numpy(config: Config) -> Drawn:
    """Secret and samples from one stream, net and shuffles from a second (`seed + 1`)."""
    rng = NumpyDraws(config.seed)
    secret = rng.pick(config.n_bits, config.k_sparse)
    samples = [rng.samples(config.n_bits, secret, count) for count in (config.n_train, config.n_test)]
    shuffles = NumpyDraws(config.seed + 1)
    return Drawn(Instance(samples[0], samples[1], secret), init_numpy(config, shuffles), shuffles)


def init_numpy(config: Config, rng: NumpyDraws) -> State:
    """A fresh net with empty sums."""
    state: State = minibatch.init(config.n_bits, config.k_sparse, config.hp, rng)
    return state


def learn(config: Config, method: str, drawn: Drawn, say: Say) -> Training:
    """Train a mini-batch method of `methods/` from a numpy run's start."""
    module = load_method(method)

    def shuffle(_: int) -> Sequence[int]:
        order = list(range(config.n_train))
        drawn.rng.shuffle(order)
        return order

    finish = _finisher(module)
    plan = Plan(drawn.instance, drawn.state, shuffle, finish, watch=False)
    return train(module, config, config.hp, tell_epochs(say, f"{config.name} {method}"), plan)


def _finisher(module: Method | ModuleType) -> Callable[[State, Hp], None]:
    found: Callable[[State, Hp], None] = module.finish_batch  # type: ignore[union-attr]
    return found


class FiringMean:
    """Mini-batches whose sums are divided by the samples that fired, not by all: experiments 1 and D."""

    init = staticmethod(minibatch.init)
    predict = staticmethod(minibatch.predict)

    @staticmethod
    def step(state: State, x: list[float], y: float, hp: Hp, tracker: Tracker = NO_TRACKER) -> None:
        """Add one sample's gradient, and learn from the batch when it is full."""
        minibatch.add_gradient(state, x, y, tracker)
        if state["seen"] == minibatch.BATCH:
            FiringMean.finish_batch(state, hp)

    @staticmethod
    def finish_batch(state: State, hp: Hp) -> None:
        """Multiply the sums by one over the firing samples, as published, and learn from them."""
        if state["fired"] > 0:
            share = 1.0 / state["fired"]
            for j, row in enumerate(state["dW1"]):
                state["dW1"][j] = [s * share for s in row]
            for name in ("db1", "dW2"):
                state[name][:] = [s * share for s in state[name]]
            state["db2"] *= share
            minibatch.descend_batch(state, 1.0, hp)
        minibatch.empty_sums(state)


FIRING_MEAN: Method = FiringMean()


def learn_reshuffled(config: Config, say: Say, watch_state: Callable[[State], None] = lambda _: None) -> Training:
    """Train as experiments 1 and D did: each pass shuffled by `Random(seed + epoch)`, mean over firing samples."""

    def shuffle(number: int) -> Sequence[int]:
        order = list(range(config.n_train))
        random.Random(config.seed + number).shuffle(order)
        return order

    def end_pass(state: State, hp: Hp) -> None:
        FiringMean.finish_batch(state, hp)
        watch_state(state)

    plan = Plan(order=shuffle, end_pass=end_pass, watch=False)
    return train(FIRING_MEAN, config, config.hp, tell_epochs(say, config.name), plan)


def with_seed(config: Config, seed: int) -> Config:
    """The same run from other draws."""
    return replace(config, seed=seed)
