"""Mini-batch SGD: gradients add up over `batch` samples, then one update with their mean."""
# ruff: noqa: ARG001, B905

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    hidden = len(net["b1"])
    return {
        "net": net,
        "gW1": [[0.0] * n_bits for _ in range(hidden)],
        "gb1": [0.0] * hidden,
        "gW2": [0.0] * hidden,
        "gb2": 0.0,
        "seen": 0,
    }


def predict(state, x, hp):
    _, _, out = forward(state["net"], x)
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state["net"], x)
    if y * out < 1.0:
        accumulate(state, x, y, h_pre, h)
    state["seen"] += 1
    if state["seen"] == hp["batch"]:
        apply_gradients(state, hp)
        state["seen"] = 0


def accumulate(state, x, y, h_pre, h):
    gW1, gb1, gW2, W2 = state["gW1"], state["gb1"], state["gW2"], state["net"]["W2"]
    for j, (a, activation) in enumerate(zip(h_pre, h)):
        gW2[j] -= y * activation
        if a > 0.0:
            delta = -y * W2[j]
            gb1[j] += delta
            row = gW1[j]
            for i, v in enumerate(x):
                row[i] += delta * v
    state["gb2"] -= y


def apply_gradients(state, hp):
    net, rate, wd = state["net"], hp["lr"] / hp["batch"], hp["lr"] * hp["wd"]
    for weights, gradients in zip(net["W1"], state["gW1"]):
        descend_and_reset(weights, gradients, rate, wd)
    descend_and_reset(net["b1"], state["gb1"], rate, wd)
    descend_and_reset(net["W2"], state["gW2"], rate, wd)
    net["b2"] -= rate * state["gb2"] + wd * net["b2"]
    state["gb2"] = 0.0


def descend_and_reset(weights, gradients, rate, wd):
    for i, g in enumerate(gradients):
        weights[i] -= rate * g + wd * weights[i]
        gradients[i] = 0.0
