"""Blocked loops: tiles of `tile` hidden units by `tile` inputs, as one blocks for a cache."""
# ruff: noqa: ARG001

from sparse_parity.model import init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return init_mlp(n_bits, hp, rng)


def hidden_units(state, x, tile):
    """Pre-activations, tile by tile."""
    W1 = state["W1"]
    n, hidden = len(x), len(W1)
    acc = state["b1"][:]
    for i0 in range(0, n, tile):
        i1 = min(i0 + tile, n)
        block = x[i0:i1]
        for j0 in range(0, hidden, tile):
            for j in range(j0, min(j0 + tile, hidden)):
                row = W1[j]
                total = 0.0
                for i in range(i0, i1):
                    total += row[i] * block[i - i0]
                acc[j] += total
    return acc


def output(state, h_pre):
    return state["b2"] + sum(w * a for w, a in zip(state["W2"], h_pre, strict=True) if a > 0.0)


def predict(state, x, hp):
    return output(state, hidden_units(state, x, int(hp["tile"])))


def step(state, x, y, hp, tracker=NO_TRACKER):
    tile, lr, wd = int(hp["tile"]), hp["lr"], hp["wd"]
    h_pre = hidden_units(state, x, tile)
    if y * output(state, h_pre) >= 1.0:
        return
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    hidden = len(W2)
    for j0 in range(0, hidden, tile):
        j1 = min(j0 + tile, hidden)
        deltas = [-y * W2[j] if h_pre[j] > 0.0 else 0.0 for j in range(j0, j1)]
        update_tile(W1, x, deltas, j0, tile, lr, wd)
        for j in range(j0, j1):
            b1[j] -= lr * (deltas[j - j0] + wd * b1[j])
            W2[j] -= lr * (-y * max(h_pre[j], 0.0) + wd * W2[j])
    state["b2"] -= lr * (-y + wd * state["b2"])


def update_tile(W1, x, deltas, j0, tile, lr, wd):
    n = len(x)
    for i0 in range(0, n, tile):
        for j, delta in enumerate(deltas, j0):
            row = W1[j]
            for i in range(i0, min(i0 + tile, n)):
                row[i] -= lr * (delta * x[i] + wd * row[i])
