"""Experiment E: Forward-Forward, its published event list, and what "25 times" compares.

Promises: the published draws (`Random(seed + 100)` for the weights), so that accuracies compare to the digit.
"""

import random

from sparse_parity.config import EXP_A, Config
from sparse_parity.data import draw_instance
from sparse_parity.metrics import copy_state, track_step
from sparse_parity.protocol import load_method
from sparse_parity.published import replay_forward_forward
from sparse_parity.studies.batches import Say, tell_epochs
from sparse_parity.studies.trainings import trained
from sparse_parity.tracker import MemTracker, Summary
from sparse_parity.training import Plan, Training, train

FF_3 = Config("ff 3 bits", 3, 3, 100, 0.01, 0.0, n_train=50, n_test=50, max_epochs=100, stop_at=1.0)
BACKPROP_3 = Config("backprop 3 bits", 3, 3, 100, 0.5, 0.01, n_train=50, n_test=50, max_epochs=50, stop_at=0.9)


def ff_20(n_train: int, epochs: int) -> Config:
    """Forward-Forward at 20 bits, hidden 500."""
    return Config(f"ff 20 bits n={n_train}", 20, 3, 500, 0.01, 0.0, n_train, 200, epochs, stop_at=1.0)


def learn_ff(config: Config, say: Say) -> Training:
    """Train from the published weights."""
    method = load_method("forward_forward")
    state = method.init(config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 100))
    plan = Plan(state=state, watch=False)
    return train(method, config, config.hp, tell_epochs(say, config.name), plan)


def learn_3_bits(say: Say) -> tuple[float, ...]:
    """Test accuracies, then the published list's ARD, reads and writes."""
    accuracies = [epoch.test.accuracy for epoch in learn_ff(FF_3, say).epochs]
    published = replay_forward_forward(3, 100)
    return (*accuracies, published.ard or 0.0, published.reads, published.writes)


def learn_20_bits(n_train: int, epochs: int, say: Say) -> tuple[float, ...]:
    """Test accuracies by epoch."""
    say(f"Forward-Forward, {n_train} samples, {epochs} epochs: some 0.1 s a sample")
    return tuple(epoch.test.accuracy for epoch in learn_ff(ff_20(n_train, epochs), say).epochs)


def backprop_same_samples(n_train: int, epochs: int, say: Say) -> tuple[float]:
    """The test accuracy of standard backprop after as many epochs of as many samples."""
    config = Config(f"backprop n={n_train}", 20, 3, 500, 0.1, 0.01, n_train, 200, epochs, stop_at=1.0)
    training = train(load_method("standard"), config, config.hp, tell_epochs(say, config.name), Plan(watch=False))
    return (training.epochs[-1].test.accuracy,)


def record_forward_only(config: Config) -> Summary:
    """The account that was published for backprop: a trained net's step on sample 0, whose margin is beyond 1."""
    method = load_method("standard")
    state = copy_state(trained("standard", config).state)
    tracker = MemTracker()
    samples = draw_instance(config).train
    method.step(state, samples.xs[0], samples.ys[0], config.hp, tracker)
    return tracker.summary()


def compare_steps(say: Say) -> tuple[float, ...]:
    """Forward-Forward's published ARD over backprop's at 3 and 20 bits: forward only, then full steps.

    Then the reads of both kinds of step, and ARD for each weight, of Forward-Forward and of a full step at 20 bits.
    """
    say("training backprop at 3 and 20 bits")
    ff = [replay_forward_forward(3, 100).ard or 0.0, replay_forward_forward(20, 500).ard or 0.0]
    short = [record_forward_only(BACKPROP_3), record_forward_only(EXP_A)]
    full = [track_step(load_method("standard"), config, config.hp) for config in (BACKPROP_3, EXP_A)]
    ratios = [of_ff / (of_bp.ard or 0.0) for of_bps in (short, full) for of_ff, of_bp in zip(ff, of_bps, strict=True)]
    per_weight = ff[1] / count_weights(EXP_A, layers=2), (full[1].ard or 0.0) / count_weights(EXP_A, layers=1)
    return (*ratios, short[1].reads, full[1].reads, *per_weight)


def count_weights(config: Config, layers: int) -> int:
    """Weights and biases: of backprop's net with one hidden layer, or of Forward-Forward's with two."""
    n_bits, hidden = config.n_bits, config.hidden
    if layers == 1:
        return n_bits * hidden + hidden + hidden + 1
    return (n_bits + 1) * hidden + hidden + hidden * hidden + hidden  # one more input: the label


def record_20_bits(_: Say) -> tuple[float, ...]:
    """The published list at 20 bits: ARD, reads and writes."""
    published = replay_forward_forward(EXP_A.n_bits, EXP_A.hidden)
    return published.ard or 0.0, published.reads, published.writes


def record_fully(say: Say) -> tuple[float, ...]:
    """Forward-Forward recorded fully by its own method: ARD, reads and writes at 3 bits, then the published ARD."""
    say("one step of Forward-Forward")
    own = track_step(load_method("forward_forward"), FF_3, FF_3.hp)
    return own.ard or 0.0, own.reads, own.writes, replay_forward_forward(FF_3.n_bits, FF_3.hidden).ard or 0.0
