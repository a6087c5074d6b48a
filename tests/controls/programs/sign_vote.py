"""Majority of several small perceptrons, each seeing its own slice of the pair features."""

import math

from sparse_parity.tracker import NO_TRACKER

VOTERS = 3


def pair_features(x: list[float], start: int = 0, stop: int = 9_999) -> list[float]:
    """Products x[i] * x[j], numbered row by row, from start to stop."""
    out = []
    k = 0
    for i, a in enumerate(x):
        for b in x[i + 1 :]:
            if start <= k < stop:
                out.append(a * b)
            k += 1
    return out


def bounds(total: int, voter: int) -> tuple[int, int]:
    size = math.ceil(total / VOTERS)
    return voter * size, min((voter + 1) * size, total)


def init(n_bits, k_sparse, hp, rng):
    total = n_bits * (n_bits - 1) // 2
    rows = []
    for voter in range(VOTERS):
        start, stop = bounds(total, voter)
        rows.append([0.0] * max(stop - start, 1))
    return {"rows": rows, "trust": [1.0] * VOTERS, "total": total}


def vote(state, x, voter):
    start, stop = bounds(state["total"], voter)
    return sum(w * f for w, f in zip(state["rows"][voter], pair_features(x, start, stop)))


def predict(state, x, hp):
    return float(sum(t * vote(state, x, v) for v, t in enumerate(state["trust"])))


def step(state, x, y, hp, tracker=NO_TRACKER):
    trust = state["trust"]
    for voter, row in enumerate(state["rows"]):
        wrong = y * vote(state, x, voter) <= 0
        trust[voter] *= 0.9 if wrong else 1.05
        if not wrong:
            continue
        start, stop = bounds(state["total"], voter)
        for k, f in enumerate(pair_features(x, start=start, stop=stop)):
            row[k] += hp["lr"] * y * f
    top = max(trust, default=1.0)
    trust[:] = [t / top for t in trust]
