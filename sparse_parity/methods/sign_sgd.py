"""Sign SGD: mini-batches of 32, of whose summed gradient only the signs are used; weight decay stands outside.

Promises: the published step, `W -= lr * (sign(gradient) + wd * W)` (Kou et al. 2024). Every weight moves by about `lr`
a batch, however small its gradient, so `lr` is chosen some ten times smaller than for SGD. The sign of a sum near 0
depends on its last bit: runs on other machines, or in another order of additions, go other ways.
"""
# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs
# ruff: noqa: ANN001, ARG001

from sparse_parity.methods.minibatch import BATCH, add_gradient, descend_batch, empty_sums, init_sums, record_update
from sparse_parity.model import forward
from sparse_parity.tracker import NO_TRACKER


def init(n_bits: int, k_sparse: int, hp: dict[str, float], rng) -> dict:
    """A fresh net and empty sums; `hp` needs `hidden`."""
    return init_sums(n_bits, hp, rng)


def predict(state: dict, x: list[float], hp: dict[str, float]) -> float:
    """The net's output; its sign is the label."""
    _, _, out = forward(state, x)
    return out


def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Add one sample's gradient, and learn from the batch when it is full; `hp` needs `lr` and `wd`."""
    add_gradient(state, x, y, tracker)
    if state["seen"] == BATCH:
        finish_batch(state, hp, tracker)


def finish_batch(state: dict, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Change the weights by the signs of the sums, and empty the sums."""
    if state["fired"] > 0:
        dW1 = state["dW1"]
        for j, sums in enumerate(dW1):
            dW1[j] = [sign(s) for s in sums]
        take_signs(state["db1"])
        take_signs(state["dW2"])
        state["db2"] = sign(state["db2"])
        record_signs(len(state["b1"]), len(state["W1"][0]), tracker)
        descend_batch(state, 1.0, hp)
        record_update(state, tracker)
    empty_sums(state, tracker)


def take_signs(sums: list[float]) -> None:
    """Replace each number by its sign, in place."""
    for j, s in enumerate(sums):
        sums[j] = sign(s)


def record_signs(hidden: int, n_bits: int, tracker=NO_TRACKER) -> None:
    """Each sum is read, and its sign is written in its place."""
    tracker.read("dW1", hidden * n_bits)
    tracker.write("dW1", hidden * n_bits)
    tracker.read("db1", hidden)
    tracker.write("db1", hidden)
    tracker.read("dW2", hidden)
    tracker.write("dW2", hidden)
    tracker.read("db2", 1)
    tracker.write("db2", 1)


def sign(value: float) -> float:
    """1, -1, or 0 for 0."""
    if value > 0.0:
        return 1.0
    return -1.0 if value < 0.0 else 0.0
