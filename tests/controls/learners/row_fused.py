"""One pass over the weights a step: a row gets its update of the last sample, and at once works on this one.

The update of a sample needs the output, and so all rows; it is therefore left pending until the row is next read.
The mathematics is that of plain SGD. `predict` stores nothing: it adds what is pending to each unit's sum, where the
update of a whole row is one number times the likeness of the two samples.
"""
# ruff: noqa: ARG001, B905

from sparse_parity.model import dot, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    return {
        "net": net,
        "h": [0.0] * len(net["W2"]),  # of the last sample
        "x_last": [0.0] * n_bits,
        "y_last": 0.0,
    }


def predict(state, x, hp):
    net, lr, y = state["net"], hp["lr"], state["y_last"]
    keep = 1.0 - lr * hp["wd"] if y != 0.0 else 1.0
    alike = 1.0 + dot(state["x_last"], x)  # how much the pending update moves an active unit; 1 is the bias's share
    out = net["b2"]
    for row, b, w2, h in zip(net["W1"], net["b1"], net["W2"], state["h"]):
        a = keep * (dot(row, x) + b)
        if h > 0.0:
            a += lr * y * w2 * alike
        if a > 0.0:
            out += (keep * w2 + lr * y * h) * a
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    net = state["net"]
    nothing_pending = state["y_last"] == 0.0
    out = look(net, state["h"], x) if nothing_pending else update_and_look(state, x, hp)
    if y * out >= 1.0:
        state["y_last"] = 0.0
        return
    state["y_last"] = y
    state["x_last"] = x[:]
    net["b2"] -= hp["lr"] * (hp["wd"] * net["b2"] - y)


def look(net, hs, x):
    b1, W2, out = net["b1"], net["W2"], net["b2"]
    for j, row in enumerate(net["W1"]):
        a = b1[j]
        for w, v in zip(row, x):
            a += w * v
        h = max(0.0, a)
        hs[j] = h
        out += W2[j] * h
    return out


def update_and_look(state, x, hp):
    net = state["net"]
    lr, y_last, x_last = hp["lr"], state["y_last"], state["x_last"]
    keep = 1.0 - lr * hp["wd"]
    b1, W2, hs, out = net["b1"], net["W2"], state["h"], net["b2"]
    for j, row in enumerate(net["W1"]):
        w2, h = W2[j], hs[j]
        push = lr * y_last * w2 if h > 0.0 else 0.0
        a = keep * b1[j] + push
        b1[j] = a
        for i, (v_last, v) in enumerate(zip(x_last, x)):
            w = keep * row[i] + push * v_last
            row[i] = w
            a += w * v
        w2 = keep * w2 + lr * y_last * h
        W2[j] = w2
        hs[j] = max(0.0, a)
        out += w2 * hs[j]
    return out
