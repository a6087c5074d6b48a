"""Hedge over k-subsets as experts: a wrong expert's weight falls by a factor; the answer is the weighted vote.

Subsets are numbered as digits in base n, so that one number is an expert and the list is flat.
"""
# ruff: noqa: ARG001, B905

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    codes = list(range(n_bits))
    for _ in range(k_sparse - 1):
        codes = [n_bits * code + i for code in codes for i in range(code % n_bits + 1, n_bits)]
    return {"codes": codes, "weights": [1.0 / len(codes)] * len(codes), "k": k_sparse}


def advice(code, k, x):
    n = len(x)
    vote = 1.0
    for _ in range(k):
        vote *= x[code % n]
        code //= n
    return vote


def predict(state, x, hp):
    k = state["k"]
    return sum([w * advice(code, k, x) for code, w in zip(state["codes"], state["weights"])])


def step(state, x, y, hp, tracker=NO_TRACKER):
    k, weights = state["k"], state["weights"]
    for e, code in enumerate(state["codes"]):
        if advice(code, k, x) != y:
            weights[e] *= hp["penalty"]
    total = sum(weights)
    weights[:] = [w / total for w in weights]
