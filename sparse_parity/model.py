"""The 2-layer net that the published methods share: n inputs, `hidden` ReLU units, one output.

A state is a record of `W1` (rows, one per hidden unit, of n weights each), `b1` and `W2` (one number per
hidden unit) and the number `b2`. All functions are plain loops in a fixed order of floating-point operations,
so that methods which do the same mathematics end with the same bits.

Does not cover: batches, more layers. This file and the methods are compiled over traced lists by the gate, so
they are written in its subset: builtin types, no imports but `math` and this package. Hence the bare
annotations.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, B905, FURB136

import math

from sparse_parity.tracker import NO_TRACKER


def init_mlp(n_bits: int, hp: dict[str, float], rng) -> dict:
    """A fresh state: Kaiming weights, drawn from `rng` W1 row by row, then W2; zero biases."""
    hidden = int(hp["hidden"])
    spread1 = math.sqrt(2.0 / n_bits)
    spread2 = math.sqrt(2.0 / hidden)
    return {
        "W1": [[rng.gauss(0.0, spread1) for _ in range(n_bits)] for _ in range(hidden)],
        "b1": [0.0 for _ in range(hidden)],
        "W2": [rng.gauss(0.0, spread2) for _ in range(hidden)],
        "b2": 0.0,
    }


def dot(row: list[float], values: list[float]) -> float:
    """The sum of products, left to right. Not `sum()`: its rounding differs between Python versions."""
    total = 0.0
    for w, v in zip(row, values):
        total += w * v
    return total


def forward(state: dict, x: list[float], tracker=NO_TRACKER) -> tuple[list[float], list[float], float]:
    """The net on one sample: `(h_pre, h, out)`, the hidden units before and after ReLU, and the output.

    Records from the step's start on: as published, every live buffer is stamped as written before the first
    read.
    """
    W1 = state["W1"]
    b1 = state["b1"]
    W2 = state["W2"]
    tracker.write("W1", len(W1) * len(x))
    tracker.write("b1", len(b1))
    tracker.write("W2", len(W2))
    tracker.write("b2", 1)
    tracker.write("x", len(x))
    tracker.write("y", 1)

    tracker.read("x", len(x))
    tracker.read("W1", len(W1) * len(x))
    tracker.read("b1", len(b1))
    h_pre = [dot(row, x) + b for row, b in zip(W1, b1)]
    tracker.write("h_pre", len(h_pre))

    tracker.read("h_pre", len(h_pre))
    h = [a if a > 0.0 else 0.0 for a in h_pre]
    tracker.write("h", len(h))

    tracker.read("h", len(h))
    tracker.read("W2", len(W2))
    tracker.read("b2", 1)
    out = dot(W2, h) + state["b2"]
    tracker.write("out", 1)
    return h_pre, h, out


def descend(values: list[float], gradients: list[float], lr: float, wd: float) -> None:
    """One step of SGD with weight decay on a list of parameters, in place."""
    for j, g in enumerate(gradients):
        p = values[j]
        values[j] = p - lr * (g + wd * p)


def descend_row(row: list[float], g: float, x: list[float], lr: float, wd: float) -> None:
    """As `descend`, for the weights of one hidden unit, whose gradient is `g` times the sample."""
    for i, v in enumerate(x):
        p = row[i]
        row[i] = p - lr * (g * v + wd * p)
