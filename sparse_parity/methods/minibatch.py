"""Mini-batch SGD with weight decay: 32 samples' gradients are summed, then the weights change once.

Promises: the published mini-batch mathematics. The protocol hands over one sample at a time, so the state holds the
sums; a sample whose margin is 1 or more adds nothing, and a batch of such samples changes nothing. Records what it
does, sums included. Does not cover: an epoch's last, smaller batch, which is whoever counts epochs' to finish:
`finish_batch`.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001, B905

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

BATCH = 32


def init(n_bits: int, k_sparse: int, hp: dict[str, float], rng) -> dict:
    """A fresh net and empty sums; `hp` needs `hidden`."""
    return init_sums(n_bits, hp, rng)


def init_sums(n_bits: int, hp: dict[str, float], rng) -> dict:
    """A net and the sums of its gradients, all 0."""
    net = init_mlp(n_bits, hp, rng)
    hidden = int(hp["hidden"])
    return {
        "W1": [row[:] for row in net["W1"]],  # a list belongs to one record
        "b1": net["b1"][:],
        "W2": net["W2"][:],
        "b2": net["b2"],
        "dW1": [[0.0] * n_bits for _ in range(hidden)],
        "db1": [0.0] * hidden,
        "dW2": [0.0] * hidden,
        "db2": 0.0,
        "seen": 0,
        "fired": 0,
    }


def predict(state: dict, x: list[float], hp: dict[str, float]) -> float:
    """The net's output; its sign is the label."""
    _, _, out = forward(state, x)
    return out


def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Add one sample's gradient, and learn from the batch when it is full; `hp` needs `lr` and `wd`."""
    add_gradient(state, x, y, tracker)
    if state["seen"] == BATCH:
        finish_batch(state, hp, tracker)


def add_gradient(state: dict, x: list[float], y: float, tracker=NO_TRACKER) -> None:
    """Add one sample's gradient to the sums."""
    write_sums(len(state["b1"]), len(x), tracker)
    _, h, out = forward(state, x, tracker)
    state["seen"] += 1
    tracker.read("out", 1)
    tracker.read("y", 1)
    if out * y >= 1.0:
        return
    state["fired"] += 1
    dout = -y
    tracker.write("dout", 1)
    record_sums(len(h), len(x), tracker)
    dW2 = state["dW2"]
    W2 = state["W2"]
    dW1 = state["dW1"]
    db1 = state["db1"]
    for j, a in enumerate(h):
        if a > 0.0:
            g = W2[j] * dout
            dW2[j] += dout * a
            db1[j] += g
            dW1[j] = [s + g * v for s, v in zip(dW1[j], x)]
    state["db2"] += dout


def write_sums(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """All sums are written: the stamp at a step's start, where they are live as the weights are, and their emptying."""
    tracker.write("dW1", hidden * n_bits)
    tracker.write("db1", hidden)
    tracker.write("dW2", hidden)
    tracker.write("db2", 1)


def record_sums(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """What adding one gradient reads and writes."""
    tracker.read("h", hidden)
    tracker.read("dout", 1)
    tracker.read("W2", hidden)
    tracker.read("x", n_bits)
    tracker.read("dW2", hidden)
    tracker.write("dW2", hidden)
    tracker.read("db1", hidden)
    tracker.write("db1", hidden)
    tracker.read("dW1", hidden * n_bits)
    tracker.write("dW1", hidden * n_bits)
    tracker.read("db2", 1)
    tracker.write("db2", 1)


def finish_batch(state: dict, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Change the weights by the sums' mean over the samples seen since the last time, and empty the sums."""
    if state["fired"] > 0:
        descend_batch(state, 1.0 * state["seen"], hp)
        record_update(state, tracker)
    empty_sums(state, tracker)


def descend_batch(state: dict, count: float, hp: dict[str, float]) -> None:
    """SGD with weight decay on all parameters; the gradient is each sum over `count`."""
    lr = hp["lr"]
    wd = hp["wd"]
    W1 = state["W1"]
    for j, sums in enumerate(state["dW1"]):
        W1[j] = [p - lr * (s / count + wd * p) for p, s in zip(W1[j], sums)]
    descend_sums(state["b1"], state["db1"], count, lr, wd)
    descend_sums(state["W2"], state["dW2"], count, lr, wd)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (state["db2"] / count + wd * b2)


def descend_sums(values: list[float], sums: list[float], count: float, lr: float, wd: float) -> None:
    """As `descend_batch`, for one list of parameters, in place."""
    for j, s in enumerate(sums):
        p = values[j]
        values[j] = p - lr * (s / count + wd * p)


def record_update(state: dict, tracker=NO_TRACKER) -> None:
    """What an update reads and writes; the buffers were last stamped at the start of the batch's last sample."""
    hidden = len(state["b1"])
    n_bits = len(state["W1"][0])
    tracker.read("dW1", hidden * n_bits)
    tracker.read("W1", hidden * n_bits)
    tracker.write("W1", hidden * n_bits)
    tracker.read("db1", hidden)
    tracker.read("b1", hidden)
    tracker.write("b1", hidden)
    tracker.read("dW2", hidden)
    tracker.read("W2", hidden)
    tracker.write("W2", hidden)
    tracker.read("db2", 1)
    tracker.read("b2", 1)
    tracker.write("b2", 1)


def empty_sums(state: dict, tracker=NO_TRACKER) -> None:
    """Begin a new batch."""
    hidden = len(state["b1"])
    n_bits = len(state["W1"][0])
    dW1 = state["dW1"]
    db1 = state["db1"]
    dW2 = state["dW2"]
    for j in range(hidden):
        dW1[j] = [0.0] * n_bits
        db1[j] = 0.0
        dW2[j] = 0.0
    state["db2"] = 0.0
    write_sums(hidden, n_bits, tracker)
    state["seen"] = 0
    state["fired"] = 0
