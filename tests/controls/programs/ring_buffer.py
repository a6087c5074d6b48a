"""Stores the last samples in a ring, replays two of them each step; while loops and index arithmetic."""

from sparse_parity.tracker import NO_TRACKER

CAPACITY = 16


def push(buffer: dict, x: list[float], y: float) -> None:
    """Overwrite the oldest entry."""
    at = buffer["next"]
    buffer["xs"][at][:] = x
    buffer["ys"][at] = y
    buffer["next"] = (at + 1) % CAPACITY
    buffer["size"] = min(buffer["size"] + 1, CAPACITY)


def score(weights: list[float], x: list[float]) -> float:
    total = bias = 0.0
    k = 0
    n = len(x)
    for i in range(n):
        for j in range(i + 1, n):
            total += weights[k] * x[i] * x[j]
            k += 1
    return total + bias


def learn(weights: list[float], x: list[float], y: float, lr: float) -> bool:
    """One perceptron update; tells whether it was needed."""
    if score(weights, x) * y > 0:
        return False
    k = 0
    while k < len(weights):
        for i in range(len(x)):
            for j in range(i + 1, len(x)):
                weights[k] += lr * y * x[i] * x[j]
                k += 1
    return True


def init(n_bits, k_sparse, hp, rng):
    return {
        "w": [0.0] * (n_bits * (n_bits - 1) // 2),
        "buffer": {
            "xs": [[0.0] * n_bits for _ in range(CAPACITY)],
            "ys": [0.0] * CAPACITY,
            "next": 0,
            "size": 0,
        },
        "mistakes": 0,
    }


def predict(state, x, hp):
    return score(state["w"], x)


def step(state, x, y, hp, tracker=NO_TRACKER):
    lr = hp["lr"]
    buffer = state["buffer"]
    if learn(state["w"], x, y, lr):
        state["mistakes"] += 1
    push(buffer, x, y)
    size = buffer["size"]
    replayed = 0
    at = buffer["next"]
    while replayed < 2 and replayed < size:
        at = (at - 1) % size
        learn(state["w"], buffer["xs"][at], buffer["ys"][at], 0.5 * lr)
        replayed += 1
