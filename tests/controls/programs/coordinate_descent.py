"""Lasso by coordinate descent over a stored batch: soft threshold, running residuals, `while True` with a return."""

from sparse_parity.tracker import NO_TRACKER

ROUNDS = 4


def soft(value: float, threshold: float) -> float:
    if value > threshold:
        return value - threshold
    if value < -threshold:
        return value + threshold
    return 0.0


def expand(x: list[float]) -> list[float]:
    out: list[float] = []
    for i in range(len(x)):
        for j in range(i):
            out.append(x[i] * x[j])
    return out


def sweep(columns: list[list[float]], residual: list[float], w: list[float], penalty: float) -> float:
    """One pass over the coordinates; returns the largest change."""
    largest = 0.0
    m = len(residual)
    for k, column in enumerate(columns):
        old = w[k]
        rho = sum(c * r for c, r in zip(column, residual)) / m + old
        new = soft(rho, penalty)
        if new != old:
            for t, c in enumerate(column):
                residual[t] += (old - new) * c
            w[k] = new
            largest = max(largest, abs(new - old))
    return largest


def solve(columns, residual, w, penalty, tol=1e-4):
    rounds = 0
    while True:
        rounds += 1
        if sweep(columns, residual, w, penalty) < tol or rounds == ROUNDS:
            return rounds


def init(n_bits, k_sparse, hp, rng):
    n = n_bits * (n_bits - 1) // 2
    return {"columns": [[] for _ in range(n)], "y": [], "w": [0.0] * n, "rounds": 0}


def predict(state, x, hp):
    return sum(w * f for w, f in zip(state["w"], expand(x)) if w != 0.0) + 1e-9


def step(state, x, y, hp, tracker=NO_TRACKER):
    if len(state["y"]) >= 24:
        return
    for column, f in zip(state["columns"], expand(x)):
        column.append(f)
    state["y"].append(y)
    if len(state["y"]) % 8 != 0:
        return
    residual = state["y"][:]
    for k, w in enumerate(state["w"]):
        if w:
            for t, c in enumerate(state["columns"][k]):
                residual[t] -= w * c
    state["rounds"] += solve(state["columns"], residual, state["w"], penalty=0.1)
