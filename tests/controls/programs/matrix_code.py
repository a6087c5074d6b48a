"""Recursive least squares on pairwise features: matrix helpers over lists of rows."""

from sparse_parity.tracker import NO_TRACKER

FORGET = 0.995


def identity(n: int, scale: float = 1.0) -> list[list[float]]:
    return [[scale if i == j else 0.0 for j in range(n)] for i in range(n)]


def matvec(matrix: list[list[float]], vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def transpose(matrix: list[list[float]]) -> list[list[float]]:
    return [[row[j] for row in matrix] for j in range(len(matrix[0]))]


def subtract_outer(matrix: list[list[float]], u: list[float], v: list[float], scale: float) -> None:
    for row, a in zip(matrix, u):
        for j, b in enumerate(v):
            row[j] = (row[j] - scale * a * b) / FORGET


def features(x: list[float]) -> list[float]:
    return [a * b for i, a in enumerate(x) for b in x[i + 1 :]]


def init(n_bits, k_sparse, hp, rng):
    size = len(features([1.0] * n_bits))
    return {"P": identity(size, scale=10.0), "w": [0.0] * size}


def predict(state, x, hp):
    return sum(w * f for w, f in zip(state["w"], features(x))) + 1e-12


def step(state, x, y, hp, tracker=NO_TRACKER):
    f = features(x)
    Pf = matvec(state["P"], f)
    denominator = FORGET + sum(a * b for a, b in zip(f, Pf))
    error = y - sum(w * a for w, a in zip(state["w"], f))
    gain = [p / denominator for p in Pf]
    state["w"] = [w + g * error for w, g in zip(state["w"], gain)]
    subtract_outer(state["P"], gain, Pf, 1.0)
    # Round-off makes P unsymmetric: mend it now and then.
    if abs(error) > 1.5:
        state["P"] = [[0.5 * (a + b) for a, b in zip(r, c)] for r, c in zip(state["P"], transpose(state["P"]))]
