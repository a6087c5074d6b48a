"""Search over all pairs of bits, with the pairs kept as a list of two-element rows."""

from sparse_parity.tracker import NO_TRACKER


def all_pairs(n):
    """Every pair (i, j) with i < j."""
    return [[i, j] for i in range(n) for j in range(i + 1, n)]


def init(n_bits, k_sparse, hp, rng):
    pairs = all_pairs(n_bits)
    return {"pairs": pairs, "scores": [0.0 for _ in pairs], "best": 0, "seen": 0}


def predict(state, x, hp):
    i, j = state["pairs"][state["best"]]
    return x[i] * x[j] * 1.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    scores = state["scores"]
    for k, (i, j) in enumerate(state["pairs"]):
        scores[k] += x[i] * x[j] * y
    state["seen"] += 1
    best = count = 0
    top = -1e9
    for k, s in enumerate(scores):
        if s > top:
            top, best, count = s, k, 1
        elif s == top:
            count += 1
    if count == 1 or state["seen"] > 20:
        state["best"] = best
    # The pairs that can be wrong no more are moved to the front.
    survivors = sum(1 for s in scores if s > 0.5 * top)
    assert survivors >= 1
