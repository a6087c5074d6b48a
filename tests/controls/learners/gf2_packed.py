"""Gaussian elimination over GF(2) with a whole equation in one integer: n bits of the sample and one of the label."""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"basis": [0] * n_bits, "rank": 0, "secret": 0}


def pack(x):
    word = 0
    for i, v in enumerate(x):
        if v < 0.0:
            word |= 1 << i
    return word


def predict(state, x, hp):
    common = pack(x) & state["secret"]
    label = 1.0
    while common:
        common &= common - 1
        label = -label
    return label


def step(state, x, y, hp, tracker=NO_TRACKER):
    n, basis = len(x), state["basis"]
    if state["rank"] >= n:
        return
    word = pack(x) << 1
    if y < 0.0:
        word += 1
    for p in range(n - 1, -1, -1):
        if not word >> (p + 1) & 1:
            continue
        if basis[p] == 0:
            basis[p] = word
            state["rank"] += 1
            break
        word ^= basis[p]
    if state["rank"] == n:
        state["secret"] = solve(basis)


def solve(basis):
    """Row p has bit p + 1 as its highest; its lower ones are known by the time it is reached."""
    secret = 0
    for p, word in enumerate(basis):
        parity = word & 1
        known = (word >> 1) & secret
        while known:
            known &= known - 1
            parity ^= 1
        if parity:
            secret |= 1 << p
    return secret
