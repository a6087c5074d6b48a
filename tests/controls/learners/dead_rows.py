"""Skips hidden units whose ReLU is off: they have no gradient, and only live units decay."""
# ruff: noqa: ARG001

from sparse_parity.model import init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return init_mlp(n_bits, hp, rng)


def activation(row, b, x):
    for i, v in enumerate(x):
        b += row[i] * v
    return max(0.0, b)


def predict(state, x, hp):
    out = state["b2"]
    for j, row in enumerate(state["W1"]):
        h = activation(row, state["b1"][j], x)
        if h:
            out += state["W2"][j] * h
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    h = [activation(row, b, x) for row, b in zip(W1, b1, strict=True)]
    alive = [j for j, a in enumerate(h) if a > 0.0]
    out = state["b2"] + sum([W2[j] * h[j] for j in alive])
    if out * y >= 1.0:
        return
    lr, wd = hp["lr"], hp["wd"]
    for j in alive:
        w2 = W2[j]
        delta = -y * w2
        W2[j] = w2 - lr * (-y * h[j] + wd * w2)
        row = W1[j]
        for i in range(len(x)):
            row[i] -= lr * (delta * x[i] + wd * row[i])
        b1[j] -= lr * (delta + wd * b1[j])
    state["b2"] -= lr * (wd * state["b2"] - y)
