"""Keeps running correlations and predicts with the k strongest features: sorting, slices, negative steps."""

import math

from sparse_parity.tracker import NO_TRACKER

DECAY = 0.99


def products(x: list[float]) -> list[float]:
    n = len(x)
    return [x[i] * x[j] for i in range(n) for j in range(i)]


def argsort(values: list[float]) -> list[int]:
    """Indices from the smallest value to the largest, by selection."""
    order = list(range(len(values)))
    for a in range(len(order)):
        best = a
        for b in range(a + 1, len(order)):
            if values[order[b]] < values[order[best]]:
                best = b
        order[a], order[best] = order[best], order[a]
    return order


def init(n_bits, k_sparse, hp, rng):
    n_features = n_bits * (n_bits - 1) // 2
    return {"corr": [0.0] * n_features, "top": [0] * min(k_sparse, n_features)}


def predict(state, x, hp):
    features = products(x)
    return sum(math.copysign(1.0, state["corr"][i]) * features[i] for i in state["top"][:1]) * 1.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    corr = state["corr"]
    corr[:] = [DECAY * c + (1.0 - DECAY) * y * f for c, f in zip(corr, products(x))]
    order = argsort([abs(c) for c in corr])[::-1]
    k = len(state["top"])
    state["top"] = order[:k]
    strongest = sorted([abs(c) for c in corr], reverse=True)[:k]
    lowest, highest = min(strongest, default=0.0), max(strongest, default=1.0)
    if not 0.0 <= lowest <= highest:
        state["top"] = list(range(k))
