"""Per-layer forward-backward: one loop over the hidden units makes each gradient as a scalar, used at once.

Promises: the same mathematics and the same bits as standard. No list of gradients exists, but every value
that standard keeps in one is made and used here too, so the tracker is told of all of them, buffer by buffer:
24 reads and 18 writes, the fused list. The published list leaves out nine reads and five writes of these; see
`published.py`. Does not cover: what the scalars save, which buffer-level records cannot show. The memory
trace sees it.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001

from sparse_parity.model import descend_row, forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits: int, k_sparse: int, hp: dict[str, float], rng) -> dict:
    """A fresh net; `hp` needs `hidden`."""
    return init_mlp(n_bits, hp, rng)


def predict(state: dict, x: list[float], hp: dict[str, float]) -> float:
    """The net's output; its sign is the label."""
    _, _, out = forward(state, x)
    return out


def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Learn from one sample; `hp` needs `lr` and `wd`."""
    h_pre, h, out = forward(state, x, tracker)
    tracker.read("out", 1)
    tracker.read("y", 1)
    if out * y >= 1.0:
        return
    dout = -y
    tracker.write("dout", 1)
    update_units(state, x, dout, h_pre, h, hp)
    b2 = state["b2"]
    state["b2"] = b2 - hp["lr"] * (dout + hp["wd"] * b2)

    tracker.read("dout", 1)
    tracker.read("h", len(h))
    tracker.write("dW2", len(h))
    tracker.write("db2", 1)
    tracker.read("W2", len(h))
    tracker.read("dout", 1)
    tracker.write("dh", len(h))
    tracker.read("dW2", len(h))
    tracker.read("W2", len(h))
    tracker.write("W2", len(h))
    tracker.read("db2", 1)
    tracker.read("b2", 1)
    tracker.write("b2", 1)
    tracker.read("dh", len(h))
    tracker.read("h_pre", len(h))
    tracker.write("dh_pre", len(h))
    tracker.read("dh_pre", len(h))
    tracker.read("x", len(x))
    tracker.read("W1", len(h) * len(x))
    tracker.write("W1", len(h) * len(x))
    tracker.read("dh_pre", len(h))
    tracker.read("b1", len(h))
    tracker.write("b1", len(h))


def update_units(
    state: dict, x: list[float], dout: float, h_pre: list[float], h: list[float], hp: dict[str, float]
) -> None:
    """Update W1, b1 and W2 in place, one hidden unit after the other."""
    lr = hp["lr"]
    wd = hp["wd"]
    W2 = state["W2"]
    b1 = state["b1"]
    for j, row in enumerate(state["W1"]):
        w = W2[j]
        dh_pre = w * dout if h_pre[j] > 0.0 else 0.0
        W2[j] = w - lr * (dout * h[j] + wd * w)
        descend_row(row, dh_pre, x, lr, wd)
        b = b1[j]
        b1[j] = b - lr * (dh_pre + wd * b)
