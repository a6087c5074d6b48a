"""Lazy weight decay: a row decays only when it is used again, by all the factors that it missed.

Same mathematics as decaying every row in every firing step; a dead row costs nothing until it wakes up.
"""
# ruff: noqa: ARG001, B905

from sparse_parity.model import init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    return {"net": net, "decayed_at": [0] * int(hp["hidden"]), "updates": 0}


def pre_activation(row, bias, x, scale):
    a = bias
    for w, v in zip(row, x):
        a += w * v
    return a * scale


def predict(state, x, hp):
    net, keep, now = state["net"], 1.0 - hp["lr"] * hp["wd"], state["updates"]
    out = net["b2"]
    for row, b, w2, last in zip(net["W1"], net["b1"], net["W2"], state["decayed_at"]):
        scale = keep ** (now - last)
        a = pre_activation(row, b, x, scale)
        if a > 0.0:
            out += w2 * scale * a
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    net, decayed_at, now = state["net"], state["decayed_at"], state["updates"]
    W1, b1, W2 = net["W1"], net["b1"], net["W2"]
    keep = 1.0 - hp["lr"] * hp["wd"]
    active = []
    activations = []
    out = net["b2"]
    for j, row in enumerate(W1):
        scale = keep ** (now - decayed_at[j])
        a = pre_activation(row, b1[j], x, scale)
        if a > 0.0:
            active.append(j)
            activations.append(a)
            out += W2[j] * scale * a
    if y * out >= 1.0:
        return
    state["updates"] = now + 1
    push = hp["lr"] * y
    net["b2"] = keep * net["b2"] + push
    for j, a in zip(active, activations):
        missed = now - decayed_at[j]
        scale = keep**missed
        w2 = W2[j] * scale
        shrink = scale * keep
        delta = push * w2
        row = W1[j]
        for i, v in enumerate(x):
            row[i] = shrink * row[i] + delta * v
        b1[j] = shrink * b1[j] + delta
        W2[j] = keep * w2 + push * a
        decayed_at[j] = now + 1
