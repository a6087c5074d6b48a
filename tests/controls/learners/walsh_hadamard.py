"""The fast Walsh-Hadamard transform of the labels, once `samples` of them are in; the largest coefficient wins."""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"table": [0.0] * (1 << n_bits), "seen": 0, "mask": 0}


def position(x):
    index = 0
    for v in x:
        index = 2 * index + (v < 0.0)
    return index


def predict(state, x, hp):
    mask = state["mask"]
    label = 1.0
    for v in reversed(x):
        if mask & 1:
            label *= v
        mask >>= 1
    return label


def step(state, x, y, hp, tracker=NO_TRACKER):
    if state["seen"] >= hp["samples"]:
        return
    state["table"][position(x)] += y
    state["seen"] += 1
    if state["seen"] == hp["samples"]:
        transform(state["table"])
        state["mask"] = largest(state["table"])
        state["table"] = []


def transform(table):
    half = 1
    while half < len(table):
        for start in range(0, len(table), 2 * half):
            for i in range(start, start + half):
                u, v = table[i], table[i + half]
                table[i], table[i + half] = u + v, u - v
        half *= 2


def largest(table):
    best, place = 0.0, 0
    for i, c in enumerate(table):
        if abs(c) > best:
            best, place = abs(c), i
    return place
