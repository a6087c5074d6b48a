"""Forward-Forward (Hinton 2022): no backward pass; each layer learns by itself to tell right labels from wrong ones.

A sample goes through the net twice, with its label as a further input: once the right label, for which every layer
raises its goodness (the sum of its squared activations) to 2, once the wrong one, for which it lowers it to 2. To
predict, both labels are tried, and the one with the higher goodness wins.

Promises: bit for bit the published mathematics: two layers of `hidden` ReLU units, the second fed with normalised
activations, no weight decay. Recorded fully, the reads of each update included, which the published list leaves out
(see `published.py`); a layer that is already good enough writes nothing.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001, B905

import math

from sparse_parity.model import dot
from sparse_parity.tracker import NO_TRACKER

THRESHOLD = 2.0


def init(n_bits: int, k_sparse: int, hp: dict[str, float], rng) -> dict:
    """A fresh net, drawn W1 row by row, then W2; column 0 of W1 belongs to the label. `hp` needs `hidden`."""
    hidden = int(hp["hidden"])
    spread1 = math.sqrt(2.0 / (n_bits + 1))
    spread2 = math.sqrt(2.0 / hidden)
    return {
        "W1": [[rng.gauss(0.0, spread1) for _ in range(n_bits + 1)] for _ in range(hidden)],
        "b1": [0.0 for _ in range(hidden)],
        "W2": [[rng.gauss(0.0, spread2) for _ in range(hidden)] for _ in range(hidden)],
        "b2": [0.0 for _ in range(hidden)],
    }


def predict(state: dict, x: list[float], hp: dict[str, float]) -> float:
    """The goodness with label +1 less that with label -1, over both layers."""
    return total_goodness(state, x, 1.0) - total_goodness(state, x, -1.0)


def total_goodness(state: dict, x: list[float], label: float) -> float:
    """The goodness of both layers on a sample with that label."""
    h1 = layer(state["W1"], state["b1"], [label] + x)  # noqa: RUF005
    h2 = layer(state["W2"], state["b2"], normalise(h1))
    return goodness(h1) + goodness(h2)


def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Learn from one sample, right label first; `hp` needs `lr`."""
    hidden = len(state["b1"])
    tracker.write("W1", hidden * (len(x) + 1))
    tracker.write("b1", hidden)
    tracker.write("W2", hidden * hidden)
    tracker.write("b2", hidden)
    tracker.write("x", len(x))
    tracker.write("y", 1)
    learn_label(state, x, y, 1.0, hp, tracker)
    learn_label(state, x, -y, -1.0, hp, tracker)


def learn_label(
    state: dict, x: list[float], label: float, direction: float, hp: dict[str, float], tracker=NO_TRACKER
) -> None:
    """Pass one labelled sample through both layers; each moves its goodness in the direction (+1 up, -1 down)."""
    hidden = len(state["b1"])
    rate = direction * hp["lr"] * 2.0
    tracker.read("y", 1)
    tracker.read("x", len(x))
    tracker.read("W1", hidden * (len(x) + 1))
    tracker.read("b1", hidden)
    labelled = [label] + x  # noqa: RUF005
    h1 = layer(state["W1"], state["b1"], labelled)
    tracker.write("h1", hidden)
    tracker.read("h1", hidden)
    if direction * (goodness(h1) - THRESHOLD) < 0.0:
        tracker.read("h1", hidden)
        tracker.read("y", 1)
        tracker.read("x", len(x))
        tracker.read("W1", hidden * (len(x) + 1))
        tracker.read("b1", hidden)
        move(state["W1"], state["b1"], labelled, h1, rate)
        tracker.write("W1", hidden * (len(x) + 1))
        tracker.write("b1", hidden)

    tracker.read("h1", hidden)
    unit = normalise(h1)
    tracker.write("unit", hidden)
    tracker.read("unit", hidden)
    tracker.read("W2", hidden * hidden)
    tracker.read("b2", hidden)
    h2 = layer(state["W2"], state["b2"], unit)
    tracker.write("h2", hidden)
    tracker.read("h2", hidden)
    if direction * (goodness(h2) - THRESHOLD) < 0.0:
        tracker.read("h2", hidden)
        tracker.read("unit", hidden)
        tracker.read("W2", hidden * hidden)
        tracker.read("b2", hidden)
        move(state["W2"], state["b2"], unit, h2, rate)
        tracker.write("W2", hidden * hidden)
        tracker.write("b2", hidden)


def layer(W: list, b: list[float], x: list[float]) -> list[float]:
    """The activations of one layer, after ReLU."""
    return [max(0.0, dot(row, x) + c) for row, c in zip(W, b)]


def goodness(h: list[float]) -> float:
    """The sum of squared activations."""
    return dot(h, h)


def normalise(h: list[float]) -> list[float]:
    """The activations at length 1, so that a layer cannot read the goodness of the one before."""
    length = math.sqrt(dot(h, h) + 1e-8)
    return [a / length for a in h]


def move(W: list, b: list[float], x: list[float], h: list[float], rate: float) -> None:
    """Move each active unit along the gradient of the goodness, in place."""
    for j, a in enumerate(h):
        if a > 0.0:
            g = rate * a
            row = W[j]
            for i, v in enumerate(x):
                row[i] += g * v
            b[j] += g
