"""Curricula: train on few bits, or on a smaller parity, and grow (experiment "curriculum").

Promises: the published draws. Mind the side information: the secret lies within the first 10 inputs, so growing from 10
to 50 tells the learner which 40 columns are noise; an epoch at 10 bits touches a fifth of the weights; and each phase
draws fresh samples and stops at 95 % on its test samples.
"""

import math
from dataclasses import dataclass

from sparse_parity.config import Config
from sparse_parity.data import Instance
from sparse_parity.protocol import State
from sparse_parity.studies.batches import Drawn, Say, init_numpy, learn
from sparse_parity.studies.numpy_draws import NumpyDraws

SEED = 42
LIMIT = 500
"""Epochs at most, in a phase."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One stage of a curriculum: what is learned, and from which stream its samples come."""

    n_bits: int
    secret: tuple[int, ...]
    seed: int

    @property
    def config(self) -> Config:
        """The published sizes."""
        k = len(self.secret)
        name = f"n={self.n_bits} k={k}"
        return Config(name, self.n_bits, k, 200, 0.1, 0.01, 1000, 200, LIMIT, stop_at=0.95, seed=self.seed)


def run_phase(phase: Phase, state: State, say: Say) -> int:
    """Learn from that state, which is changed; returns the epochs that it took."""
    rng = NumpyDraws(phase.seed)
    config, secret = phase.config, list(phase.secret)
    train = rng.samples(phase.n_bits, secret, config.n_train)
    test = rng.samples(phase.n_bits, secret, config.n_test)
    drawn = Drawn(Instance(train, test, secret), state, rng)
    return len(learn(config, "minibatch", drawn, say).epochs)


def run_curriculum(phases: list[Phase], say: Say) -> int:
    """Epochs of all phases together; a phase with more bits than the last one grows the net first."""
    state = init_numpy(phases[0].config, NumpyDraws(SEED + 1))
    total = 0
    for number, phase in enumerate(phases, start=1):
        grow(state, phase.n_bits, SEED + 100 * number)
        total += run_phase(phase, state, say)
    return total


def grow(state: State, n_bits: int, seed: int) -> None:
    """Give every unit small random weights for the inputs that it does not know yet."""
    known = len(state["W1"][0])
    if known == n_bits:
        return
    rng = NumpyDraws(seed)
    spread = math.sqrt(2.0 / n_bits) * 0.1
    for row in state["W1"]:
        row += [rng.gauss(0.0, spread) for _ in range(n_bits - known)]
    state["dW1"] = [[0.0] * n_bits for _ in state["W1"]]


def stages(n_bits: list[int], secrets: list[list[int]]) -> list[Phase]:
    """Phases with the published seeds: 42, then 2042, 3042, ..."""
    seeds = [SEED, *(SEED + 1000 * i for i in range(2, len(n_bits) + 1))]
    return [Phase(n, tuple(s), seed) for n, s, seed in zip(n_bits, secrets, seeds, strict=True)]


def grow_bits(n_bits: list[int], say: Say) -> tuple[float, float]:
    """Epochs directly at the last size, and with a curriculum over all sizes; three secret bits among the first."""
    secret = NumpyDraws(SEED).pick(n_bits[0], 3)
    direct = run_curriculum(stages(n_bits[-1:], [secret]), say)
    return direct, run_curriculum(stages(n_bits, [secret] * len(n_bits)), say)


def grow_parity(n_bits: int, sizes: tuple[int, ...], say: Say) -> tuple[float, float]:
    """Epochs at so many bits for a parity of the last size directly, and by way of the sizes before it."""
    secret = NumpyDraws(SEED).pick(n_bits, sizes[-1])
    direct = run_curriculum(stages([n_bits], [secret]), say)
    return direct, run_curriculum(stages([n_bits] * len(sizes), [secret[:k] for k in sizes]), say)
