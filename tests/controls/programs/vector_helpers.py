"""A two-layer net on small vector helpers with defaults, as one writes it without numpy."""

import math

from sparse_parity.tracker import NO_TRACKER


def _zeros(n: int) -> list[float]:
    return [0.0] * n


def _dot(a: list[float], b: list[float]) -> float:
    assert len(a) == len(b), "lengths differ"
    return sum((x * y for x, y in zip(a, b)), 0.0)


def _axpy(alpha: float, x: list[float], y: list[float]) -> None:
    """y += alpha * x, in place."""
    for i, v in enumerate(x):
        y[i] += alpha * v


def _leaky_relu(v: float, slope: float = 0.01) -> float:
    return v if v > 0 else slope * v


def _leaky_relu_grad(v: float, slope: float = 0.01) -> float:
    return 1.0 if v > 0 else slope


def _norm(v: list[float], eps: float = 1e-8) -> float:
    return math.sqrt(_dot(v, v) + eps)


def init(n_bits: int, k_sparse: int, hp: dict, rng) -> dict:
    hidden = int(hp["hidden"])
    scale: float = math.sqrt(2.0 / n_bits)
    return {
        "W": [[rng.gauss(0.0, scale) for _ in range(n_bits)] for _ in range(hidden)],
        "b": _zeros(hidden),
        "v": [rng.gauss(0.0, 1.0 / math.sqrt(hidden)) for _ in range(hidden)],
    }


def _forward(state: dict, x: list[float]) -> tuple[list[float], list[float], float]:
    pre = [_dot(row, x) + b for row, b in zip(state["W"], state["b"])]
    act = [_leaky_relu(p) for p in pre]
    return pre, act, _dot(state["v"], act)


def predict(state: dict, x: list[float], hp: dict) -> float:
    _, _, out = _forward(state, x)
    return out


def step(state: dict, x: list[float], y: float, hp: dict, tracker=NO_TRACKER) -> None:
    lr = hp["lr"]
    pre, act, out = _forward(state, x)
    if y * out >= 1.0:
        return
    v = state["v"]
    for j, row in enumerate(state["W"]):
        delta = y * v[j] * _leaky_relu_grad(pre[j])
        _axpy(lr * delta, x, row)
        state["b"][j] += lr * delta
    norm = _norm(act)
    _axpy(lr * y / max(1.0, norm), act, v)
