"""Counts how often each k-subset's product agrees with the label: its Walsh coefficient, times the samples."""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    first = list(range(k_sparse))
    rows = [first]
    current = first[:]
    while current[0] < n_bits - k_sparse:
        current = successor(current, n_bits)
        rows.append(current[:])
    return {"subsets": rows, "sums": [0.0] * len(rows), "best": 0}


def successor(subset, n):
    """The next k-subset of range(n) in lexicographic order."""
    k = len(subset)
    following = subset.copy()
    i = k - 1
    while following[i] == n - k + i:
        i -= 1
    following[i] += 1
    for j in range(i + 1, k):
        following[j] = following[j - 1] + 1
    return following


def product(subset, x):
    value = 1.0
    for i in subset:
        value *= x[i]
    return value


def predict(state, x, hp):
    return product(state["subsets"][state["best"]], x)


def step(state, x, y, hp, tracker=NO_TRACKER):
    sums = state["sums"]
    for s, subset in enumerate(state["subsets"]):
        sums[s] += y * product(subset, x)
    state["best"] = sums.index(max(sums))
