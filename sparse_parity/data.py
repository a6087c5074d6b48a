"""Draws the task: random +1/-1 inputs whose label is the product of k secret ones.

Promises: the same arguments draw the same samples on every Python from 3.11 on; training and test samples
come from one stream, training first, as in the published runs. Does not cover: validation samples, which only
the gate uses.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from sparse_parity.config import Config


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs, one list of `n_bits` values per sample, and their labels; all are +1.0 or -1.0."""

    xs: list[list[float]]
    ys: list[float]


@dataclass(frozen=True, slots=True)
class Instance:
    """One drawn problem. `secret` holds the sorted indices of the inputs that make the label."""

    train: Samples
    test: Samples
    secret: list[int]


def parity(x: Sequence[float], secret: Sequence[int]) -> float:
    """The product of the inputs at the secret indices."""
    product = 1.0
    for i in secret:
        product *= x[i]
    return product


def generate(
    n_bits: int, k_sparse: int, n_samples: int, seed: int
) -> tuple[list[list[float]], list[float], list[int]]:
    """Draw a secret, then samples.

    Returns:
        `(xs, ys, secret)`: `n_samples` inputs of `n_bits` values, their labels, and the `k_sparse` sorted
            indices.

    Raises:
        ValueError: `k_sparse` is not between 1 and `n_bits`, or `n_samples` is negative.
    """
    if not 1 <= k_sparse <= n_bits:
        raise ValueError(f"k_sparse is {k_sparse}; it must lie between 1 and n_bits ({n_bits})")
    if n_samples < 0:
        raise ValueError(f"n_samples is {n_samples}; it must not be negative")
    rng = random.Random(seed)
    secret = sorted(rng.sample(range(n_bits), k_sparse))
    xs = [[rng.choice([-1.0, 1.0]) for _ in range(n_bits)] for _ in range(n_samples)]
    return xs, [parity(x, secret) for x in xs], secret


def draw_instance(config: Config) -> Instance:
    """Draw the instance of a config: one stream, cut into training and test samples."""
    n = config.n_train
    xs, ys, secret = generate(config.n_bits, config.k_sparse, n + config.n_test, config.seed)
    return Instance(Samples(xs[:n], ys[:n]), Samples(xs[n:], ys[n:]), secret)
