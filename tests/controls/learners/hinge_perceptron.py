"""Leaves early when the margin is met, before anything is kept; else moves the live units like perceptrons.

No weight decay: a sample that is right by the margin costs one forward pass in registers.
"""
# ruff: noqa: ARG001, B905

from sparse_parity.model import init_mlp
from sparse_parity.tracker import NO_TRACKER

MARGIN = 0.5


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    net["b1"] = [rng.uniform(-0.1, 0.1) for _ in range(int(hp["hidden"]))]
    return net


def unit(row, bias, x):
    total = bias
    for w, v in zip(row, x):
        total += w * v
    return total


def predict(state, x, hp):
    out = state["b2"]
    for row, bias, w2 in zip(state["W1"], state["b1"], state["W2"]):
        a = unit(row, bias, x)
        if a > 0.0:
            out += a * w2
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    if y * predict(state, x, hp) > MARGIN:
        return
    move = hp["lr"] * y
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    for j in range(len(W2)):
        a = unit(W1[j], b1[j], x)
        if a <= 0.0:
            continue
        push = move * W2[j]
        W2[j] += move * a
        b1[j] += push
        for i, v in enumerate(x):
            W1[j][i] += push * v
    state["b2"] += move
