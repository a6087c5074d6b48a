"""SGD with warm-up, cosine decay and gradient clipping; the schedule is a helper with early returns."""

import math

from sparse_parity.model import dot, forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

WARMUP: int = 20
TOTAL: int = 2_000
FLOOR = 0.05


def learning_rate(t: int, peak: float, warmup: int = 20, floor: float = 0.05) -> float:
    """Linear warm-up, then half a cosine down to floor * peak."""
    if t < warmup:
        return peak * (t + 1) / warmup
    if t >= TOTAL:
        return floor * peak
    progress = (t - warmup) / (TOTAL - warmup)
    return peak * (floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * progress)))


def clipped(grads: list[float], limit: float = 1.0) -> list[float]:
    norm = math.sqrt(sum(g * g for g in grads))
    if norm <= limit:
        return grads
    return [g * limit / norm for g in grads]


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    return {"net": net, "t": 0}


def predict(state, x, hp):
    _, _, out = forward(state["net"], x)
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    net = state["net"]
    t = state["t"]
    lr: float = learning_rate(t, hp["lr"], warmup=WARMUP, floor=FLOOR)
    state["t"] = t + 1
    h_pre, h, out = forward(net, x, tracker)
    if y * out >= 1:
        return
    grad_out = [-y * a for a in h]
    grad_hidden = [-y * w * (a > 0) for w, a in zip(net["W2"], h_pre)]
    for j, g in enumerate(clipped(grad_out)):
        net["W2"][j] -= lr * g
    for row, g in zip(net["W1"], clipped(grad_hidden, limit=2.0)):
        if g == 0.0:
            continue
        for i, v in enumerate(x):
            row[i] -= lr * g * v
    net["b2"] += lr * y
    assert dot(net["W2"], net["W2"]) >= 0.0
