"""Adam on the 2-layer net, with bias correction in the rate."""
# ruff: noqa: ARG001, B905

import math

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

BETA1 = 0.9
BETA2 = 0.99
EPSILON = 1e-8


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    return {"net": net, "m": zeros_like(net), "v": zeros_like(net), "t": 0}


def zeros_like(net):
    return {
        "W1": [[0.0] * len(row) for row in net["W1"]],
        "b1": [0.0] * len(net["b1"]),
        "W2": [0.0] * len(net["W2"]),
    }


def predict(state, x, hp):
    return forward_only(state["net"], x)


def forward_only(net, x):
    total = net["b2"]
    for row, b, w2 in zip(net["W1"], net["b1"], net["W2"]):
        a = b + sum(w * v for w, v in zip(row, x))
        if a > 0.0:
            total += w2 * a
    return total


def adapt(params, grads, m, v, rate):
    for i, g in enumerate(grads):
        m[i] += (1.0 - BETA1) * (g - m[i])
        v[i] += (1.0 - BETA2) * (g * g - v[i])
        params[i] -= rate * m[i] / (math.sqrt(v[i]) + EPSILON)


def step(state, x, y, hp, tracker=NO_TRACKER):
    net, m, v = state["net"], state["m"], state["v"]
    h_pre, h, out = forward(net, x)
    if y * out >= 1.0:
        return
    state["t"] += 1
    t = state["t"]
    rate = hp["lr"] * math.sqrt(1.0 - BETA2**t) / (1.0 - BETA1**t)
    dh = [-y * w if a > 0.0 else 0.0 for w, a in zip(net["W2"], h_pre)]
    for j, g in enumerate(dh):
        adapt(net["W1"][j], [g * xi for xi in x], m["W1"][j], v["W1"][j], rate)
    adapt(net["b1"], dh, m["b1"], v["b1"], rate)
    adapt(net["W2"], [-y * a for a in h], m["W2"], v["W2"], rate)
