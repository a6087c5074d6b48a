"""Signum: each weight moves by a fixed amount against the sign of its gradient's running mean."""
# ruff: noqa: ARG001, B905

import math

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    means = {
        "W1": [[0.0] * n_bits for _ in net["W1"]],
        "b1": [0.0] * len(net["b1"]),
        "W2": [0.0] * len(net["W2"]),
    }
    return {"net": net, "means": means, "t": 0}


def predict(state, x, hp):
    _, _, out = forward(state["net"], x)
    return out


def sign(value):
    return math.copysign(1.0, value) if value != 0.0 else 0.0


def follow(weights, means, gradients, rate, beta):
    for i, g in enumerate(gradients):
        means[i] = beta * means[i] + (1.0 - beta) * g
        weights[i] -= rate * sign(means[i])


def step(state, x, y, hp, tracker=NO_TRACKER):
    net, means, beta = state["net"], state["means"], hp["beta"]
    h_pre, h, out = forward(net, x)
    state["t"] += 1
    if y * out >= 1.0:
        return
    rate = hp["lr"] / math.sqrt(1.0 + state["t"] / hp["cool"])
    dh = [-y * w if a > 0.0 else 0.0 for w, a in zip(net["W2"], h_pre)]
    for row, mean, g in zip(net["W1"], means["W1"], dh):
        follow(row, mean, [g * v for v in x], rate, beta)
    follow(net["b1"], means["b1"], dh, rate, beta)
    follow(net["W2"], means["W2"], [-y * a for a in h], rate, beta)
