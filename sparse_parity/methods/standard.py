"""Standard backprop: all gradients first, then all updates. Hinge loss, single-sample SGD with weight decay.

Promises: bit for bit the weights of the published runs, and their 24 reads and 18 writes of a firing step.
A sample whose margin is 1 or more changes nothing, weight decay included.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001, B905

from sparse_parity.model import descend, descend_row, forward, init_mlp
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

    tracker.read("dout", 1)
    tracker.read("h", len(h))
    dW2 = [dout * a for a in h]
    tracker.write("dW2", len(h))
    db2 = dout
    tracker.write("db2", 1)

    tracker.read("W2", len(h))
    tracker.read("dout", 1)
    dh = [w * dout for w in state["W2"]]
    tracker.write("dh", len(h))

    tracker.read("dh", len(h))
    tracker.read("h_pre", len(h))
    dh_pre = [g if a > 0.0 else 0.0 for g, a in zip(dh, h_pre)]
    tracker.write("dh_pre", len(h))

    update_layer1(state, x, dh_pre, hp, tracker)
    update_layer2(state, dW2, db2, hp, tracker)


def update_layer1(
    state: dict, x: list[float], dh_pre: list[float], hp: dict[str, float], tracker=NO_TRACKER
) -> None:
    """Update W1 and b1 in place; the gradient of unit j's weights is `dh_pre[j]` times the sample."""
    lr = hp["lr"]
    wd = hp["wd"]
    tracker.read("dh_pre", len(dh_pre))
    tracker.read("x", len(x))
    tracker.read("W1", len(dh_pre) * len(x))
    for row, g in zip(state["W1"], dh_pre):
        descend_row(row, g, x, lr, wd)
    tracker.write("W1", len(dh_pre) * len(x))

    tracker.read("dh_pre", len(dh_pre))
    tracker.read("b1", len(dh_pre))
    descend(state["b1"], dh_pre, lr, wd)
    tracker.write("b1", len(dh_pre))


def update_layer2(
    state: dict, dW2: list[float], db2: float, hp: dict[str, float], tracker=NO_TRACKER
) -> None:
    """Update W2 and b2 in place."""
    lr = hp["lr"]
    wd = hp["wd"]
    tracker.read("dW2", len(dW2))
    tracker.read("W2", len(dW2))
    descend(state["W2"], dW2, lr, wd)
    tracker.write("W2", len(dW2))

    tracker.read("db2", 1)
    tracker.read("b2", 1)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (db2 + wd * b2)
    tracker.write("b2", 1)
