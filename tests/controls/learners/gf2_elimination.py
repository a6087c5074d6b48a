"""Online Gaussian elimination over GF(2): a sample is one linear equation in the bits of the secret.

With bits b_i = [x_i < 0], the label's bit is the exclusive or of the secret's. Each sample is reduced by the rows so
far; what is left becomes a new row, with its first one as pivot. At full rank back substitution gives the secret.
"""
# ruff: noqa: ARG001, B905

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {
        "rows": [[0] * (n_bits + 1) for _ in range(n_bits)],  # row p has its first one at p, or is empty
        "rank": 0,
        "secret": [0] * n_bits,
    }


def predict(state, x, hp):
    label = 1.0
    for s, v in zip(state["secret"], x):
        if s:
            label *= v
    return label


def step(state, x, y, hp, tracker=NO_TRACKER):
    n = len(x)
    if state["rank"] == n:
        return
    equation = [int(v < 0.0) for v in x]
    equation.append(int(y < 0.0))
    rows = state["rows"]
    for p in range(n):
        if not equation[p]:
            continue
        if not rows[p][p]:
            rows[p] = equation
            state["rank"] += 1
            break
        row = rows[p]
        for i in range(p, n + 1):
            equation[i] ^= row[i]
    if state["rank"] == n:
        back_substitute(rows, state["secret"])


def back_substitute(rows, secret):
    n = len(secret)
    for p in reversed(range(n)):
        row = rows[p]
        bit = row[n]
        for i in range(p + 1, n):
            bit ^= row[i] & secret[i]
        secret[p] = bit
