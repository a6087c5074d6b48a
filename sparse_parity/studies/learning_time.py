"""How long learning takes beside n^k, and how long a net knows its training samples before it knows the rule.

Promises: experiments A and 1 as published, here counted in steps and scored on their training samples too.
"""

import math
from dataclasses import replace

from sparse_parity.config import EXP_A
from sparse_parity.data import draw_instance
from sparse_parity.metrics import evaluate
from sparse_parity.protocol import State
from sparse_parity.studies.batches import FIRING_MEAN, Say, learn_reshuffled
from sparse_parity.studies.sweeps import EXP_1
from sparse_parity.studies.trainings import trained


def count_steps(say: Say) -> tuple[float, ...]:
    """Steps of experiment A until more than 90 % of the test samples are right; n^k; the sets of k among n."""
    say("training standard, experiment A")
    epochs = trained("standard", EXP_A).solved_at or 0
    return epochs * EXP_A.n_train, EXP_A.n_bits**EXP_A.k_sparse, math.comb(EXP_A.n_bits, EXP_A.k_sparse)


def score_training_samples(epochs: int, say: Say) -> tuple[float, ...]:
    """Experiment 1 for so many epochs, two numbers each: accuracy on the training samples, and on the test samples."""
    samples, found = draw_instance(EXP_1).train, []

    def watch(state: State) -> None:
        found.append(evaluate(FIRING_MEAN, state, EXP_1.hp, samples).accuracy)

    training = learn_reshuffled(replace(EXP_1, max_epochs=epochs), say, watch)
    tests = [epoch.test.accuracy for epoch in training.epochs]
    return tuple(accuracy for pair in zip(found, tests, strict=True) for accuracy in pair)
