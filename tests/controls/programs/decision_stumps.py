"""Boosting by hand: stumps over products of two bits, the best is taken when the buffer is full."""

import math

from sparse_parity.tracker import NO_TRACKER

BATCH = 12


def stump_value(stump: list[float], x: list[float]) -> float:
    i, j, sign = stump
    return sign * x[int(i)] * x[int(j)]


def ensemble(stumps: list[list[float]], alphas: list[float], x: list[float]) -> float:
    return sum(a * stump_value(s, x) for s, a in zip(stumps, alphas))


def best_stump(xs: list[list[float]], ys: list[float], weights: list[float]) -> tuple[list[float], float]:
    n = len(xs[0])
    best_edge, best_i, best_j = 0.0, 0, 1
    for i in range(n):
        for j in range(i + 1, n):
            edge = sum(w * y * x[i] * x[j] for x, y, w in zip(xs, ys, weights))
            if abs(edge) > abs(best_edge):
                best_edge, best_i, best_j = edge, i, j
    sign = 1.0 if best_edge >= 0.0 else -1.0
    return [float(best_i), float(best_j), sign], abs(best_edge)


def init(n_bits, k_sparse, hp, rng):
    return {"xs": [], "ys": [], "stumps": [], "alphas": []}


def predict(state, x, hp):
    return ensemble(state["stumps"], state["alphas"], x) + 0.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    state["xs"].append(x[:])
    state["ys"].append(y)
    if len(state["ys"]) < BATCH or len(state["stumps"]) >= 5:
        return
    weights = [math.exp(-t * ensemble(state["stumps"], state["alphas"], s)) for s, t in zip(state["xs"], state["ys"])]
    total = sum(weights)
    weights = [w / total for w in weights]
    stump, edge = best_stump(state["xs"], state["ys"], weights)
    edge = min(edge, 0.99)
    state["stumps"].append(stump)
    state["alphas"].append(0.5 * math.log((1.0 + edge) / (1.0 - edge)))
    state["xs"].clear()
    state["ys"].clear()
