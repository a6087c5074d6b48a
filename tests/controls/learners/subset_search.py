"""Keeps every k-subset that explains all samples so far, and prunes as samples arrive.

The survivors are copied: a row belongs to one list, so it cannot move from the old list to the new one.
"""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    subsets = [[i] for i in range(n_bits)]
    for _ in range(k_sparse - 1):
        subsets = [subset + [i] for subset in subsets for i in range(subset[-1] + 1, n_bits)]  # noqa: RUF005
    return {"subsets": subsets}


def parity(subset, x):
    product = 1.0
    for i in subset:
        product *= x[i]
    return product


def predict(state, x, hp):
    return parity(state["subsets"][0], x)


def step(state, x, y, hp, tracker=NO_TRACKER):
    if len(state["subsets"]) > 1:
        state["subsets"] = [s[:] for s in state["subsets"] if parity(s, x) == y]
