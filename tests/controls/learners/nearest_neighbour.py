"""One nearest neighbour: stores every sample and answers with the label of the closest. It cannot learn parity."""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"inputs": [], "labels": []}


def distance(a, b):
    return sum(abs(u - v) for u, v in zip(a, b, strict=True))


def predict(state, x, hp):
    label = 1.0
    closest = 2.0 * len(x) + 1.0
    for sample, y in zip(state["inputs"], state["labels"], strict=True):
        d = distance(sample, x)
        if d < closest:
            closest, label = d, y
    return label


def step(state, x, y, hp, tracker=NO_TRACKER):
    if len(state["labels"]) < hp["memory"]:
        state["inputs"].append(x.copy())
        state["labels"].append(y)
