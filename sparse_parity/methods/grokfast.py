"""GrokFast: single-sample SGD whose gradient is amplified by its own slow part (Lee et al. 2024).

Promises: the published filter, `ema = 0.98 ema + 0.02 gradient; gradient += 2 ema`, on every parameter, at steps whose
margin is below 1 and at no others. Recorded fully: each gradient and its average are buffers of their own, so a step
moves about twice what standard backprop moves.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001, B905

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

ALPHA = 0.98
LAMBDA = 2.0


def init(n_bits: int, k_sparse: int, hp: dict[str, float], rng) -> dict:
    """A fresh net and averages of 0; `hp` needs `hidden`."""
    net = init_mlp(n_bits, hp, rng)
    hidden = int(hp["hidden"])
    return {
        "W1": [row[:] for row in net["W1"]],  # a list belongs to one record
        "b1": net["b1"][:],
        "W2": net["W2"][:],
        "b2": net["b2"],
        "ema_W1": [[0.0] * n_bits for _ in range(hidden)],
        "ema_b1": [0.0] * hidden,
        "ema_W2": [0.0] * hidden,
        "ema_b2": 0.0,
    }


def predict(state: dict, x: list[float], hp: dict[str, float]) -> float:
    """The net's output; its sign is the label."""
    _, _, out = forward(state, x)
    return out


def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Learn from one sample; `hp` needs `lr` and `wd`."""
    stamp_averages(len(state["b1"]), len(x), tracker)
    h_pre, h, out = forward(state, x, tracker)
    tracker.read("out", 1)
    tracker.read("y", 1)
    if out * y >= 1.0:
        return
    dout = -y
    tracker.write("dout", 1)
    dh_pre = [w * dout if a > 0.0 else 0.0 for w, a in zip(state["W2"], h_pre)]
    dW2 = [dout * a for a in h]
    lr = hp["lr"]
    wd = hp["wd"]
    for row, slow, g in zip(state["W1"], state["ema_W1"], dh_pre):
        descend_slowly(row, slow, [g * v for v in x], lr, wd)
    descend_slowly(state["b1"], state["ema_b1"], dh_pre, lr, wd)
    descend_slowly(state["W2"], state["ema_W2"], dW2, lr, wd)
    ema = ALPHA * state["ema_b2"] + (1.0 - ALPHA) * dout
    state["ema_b2"] = ema
    b2 = state["b2"]
    state["b2"] = b2 - lr * (dout + LAMBDA * ema + wd * b2)
    record_gradients(len(h), len(x), tracker)
    record_update(len(h), len(x), tracker)


def descend_slowly(values: list[float], slow: list[float], gradients: list[float], lr: float, wd: float) -> None:
    """One filtered step of SGD with weight decay on a list of parameters and their averages, in place."""
    for i, g in enumerate(gradients):
        ema = ALPHA * slow[i] + (1.0 - ALPHA) * g
        slow[i] = ema
        p = values[i]
        values[i] = p - lr * (g + LAMBDA * ema + wd * p)


def stamp_averages(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """The averages are live at the step's start, as the weights are."""
    tracker.write("ema_W1", hidden * n_bits)
    tracker.write("ema_b1", hidden)
    tracker.write("ema_W2", hidden)
    tracker.write("ema_b2", 1)


def record_gradients(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """What the backward pass reads and writes; b2's gradient is dout itself."""
    tracker.read("dout", 1)
    tracker.read("h", hidden)
    tracker.write("dW2", hidden)
    tracker.read("W2", hidden)
    tracker.read("dout", 1)
    tracker.read("h_pre", hidden)
    tracker.write("dh_pre", hidden)
    tracker.read("dh_pre", hidden)
    tracker.read("x", n_bits)
    tracker.write("dW1", hidden * n_bits)


def record_update(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """What the filter and the update read and write."""
    tracker.read("dW1", hidden * n_bits)
    tracker.read("ema_W1", hidden * n_bits)
    tracker.write("ema_W1", hidden * n_bits)
    tracker.read("W1", hidden * n_bits)
    tracker.write("W1", hidden * n_bits)
    tracker.read("dh_pre", hidden)
    tracker.read("ema_b1", hidden)
    tracker.write("ema_b1", hidden)
    tracker.read("b1", hidden)
    tracker.write("b1", hidden)
    tracker.read("dW2", hidden)
    tracker.read("ema_W2", hidden)
    tracker.write("ema_W2", hidden)
    tracker.read("W2", hidden)
    tracker.write("W2", hidden)
    tracker.read("dout", 1)
    tracker.read("ema_b2", 1)
    tracker.write("ema_b2", 1)
    tracker.read("b2", 1)
    tracker.write("b2", 1)
