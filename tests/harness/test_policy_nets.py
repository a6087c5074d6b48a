"""Neural nets as a researcher writes them pass the policy as they stand."""

import math
import random

import pytest

from harness.policy import check

HYPERPARAMETERS = {"hidden": 8, "lr": 0.05, "wd": 0.001, "beta": 0.5}

INIT_AND_PREDICT = """
def init(n_bits, k_sparse, hp, rng):
    return init_mlp(n_bits, hp, rng)


def predict(state, x, hp):
    _, _, out = forward(state, x)
    return out
"""

BACKPROP = '''"""Standard backprop: gradients in lists, then the updates – no tricks."""
from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

MARGIN = 1.0
{INIT_AND_PREDICT}

def step(state: dict, x: list[float], y: float, hp: dict[str, float], tracker=NO_TRACKER) -> None:
    """Learn from one sample."""
    lr, wd = hp["lr"], hp["wd"]
    h_pre, h, out = forward(state, x, tracker)
    if out * y >= MARGIN:
        return
    dout = -y
    tracker.write("dout", 1)
    dW2 = [dout * a for a in h]
    dh = [dout * w if a > 0 else 0.0 for w, a in zip(state["W2"], h_pre, strict=True)]
    tracker.read("h", len(h))
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    for j, (row, g) in enumerate(zip(W1, dh)):
        for i, xi in enumerate(x):
            row[i] -= lr * (g * xi + wd * row[i])
        b1[j] -= lr * (g + wd * b1[j])
    for j, g in enumerate(dW2):
        W2[j] -= lr * (g + wd * W2[j])
    state["b2"] -= lr * (dout + wd * state["b2"])
'''.replace("{INIT_AND_PREDICT}", INIT_AND_PREDICT)

SIGN_SGD = '''"""Sign SGD: only the direction of each gradient counts."""
import math

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER
{INIT_AND_PREDICT}

def sign(value):
    if value > 0.0:
        return 1.0
    elif value < 0.0:
        return -1.0
    else:
        return 0.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    loss = math.log1p(math.exp(-abs(out))) + max(0.0, -out * y)
    if not math.isfinite(loss) or out * y > 1.0:
        return
    W2 = state["W2"]
    for j, a in enumerate(h_pre):
        if a <= 0.0:
            continue
        row = state["W1"][j]
        direction = y * W2[j]
        for i in range(len(x)):
            row[i] += hp["lr"] * sign(direction * x[i])
        W2[j] += hp["lr"] * sign(y * h[j])
'''.replace("{INIT_AND_PREDICT}", INIT_AND_PREDICT)

LAZY_DECAY = '''"""Weight decay is applied to a row when it is next used, from its time of last update."""
from sparse_parity.model import dot, forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    net = init_mlp(n_bits, hp, rng)
    hidden = len(net["W1"])
    return {"net": net, "last": [0 for _ in range(hidden)], "t": 0}


def catch_up(state, j, shrink):
    elapsed = state["t"] - state["last"][j]
    if elapsed > 0:
        factor = shrink ** elapsed
        row = state["net"]["W1"][j]
        row[:] = [w * factor for w in row]
        state["last"][j] = state["t"]


def predict(state, x, hp):
    _, _, out = forward(state["net"], x)
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    net = state["net"]
    state["t"] += 1
    shrink = 1.0 - hp["lr"] * hp["wd"]
    out = net["b2"]
    active = []
    for j, row in enumerate(net["W1"]):
        a = dot(row, x) + net["b1"][j]
        if a > 0.0:
            active.append(j)
            out += net["W2"][j] * a
    if out * y >= 1.0 or len(active) == 0:
        return
    for j in active:
        catch_up(state, j, shrink)
        g = -y * net["W2"][j]
        row = net["W1"][j]
        for i, xi in enumerate(x):
            row[i] -= hp["lr"] * g * xi
'''

TILED = '''"""Tiled update: the hidden layer in blocks that fit a small cache."""
from sparse_parity.model import dot, forward, init_mlp
from sparse_parity.tracker import NO_TRACKER

TILE = 16
{INIT_AND_PREDICT}

def update_tile(W1, x, dh, start, stop, lr):
    for i in range(len(x)):
        xi = x[i]
        for j in range(start, stop):
            W1[j][i] -= lr * dh[j - start] * xi


def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    W2 = state["W2"]
    hidden = len(W2)
    start = 0
    while start < hidden:
        stop = min(start + TILE, hidden)
        dh = [-y * w if a > 0 else 0.0 for w, a in zip(W2[start:stop], h_pre[start:stop])]
        update_tile(state["W1"], x, dh, start, stop, hp["lr"])
        start = stop
    for j in reversed(range(hidden)):
        W2[j] += hp["lr"] * y * h[j]
'''.replace("{INIT_AND_PREDICT}", INIT_AND_PREDICT)

ROW_FUSED = '''"""Row-fused: forward of the next use and update of a row in one pass over it."""
import math

from sparse_parity.model import dot, forward, init_mlp
from sparse_parity.tracker import NO_TRACKER
{INIT_AND_PREDICT}

def clipped(value, limit):
    return max(-limit, min(limit, value))


def step(state, x, y, hp, tracker=NO_TRACKER):
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    norm = math.sqrt(dot(x, x)) + 1e-8
    out = state["b2"]
    for row, b, w2 in zip(W1, b1, W2):
        out += w2 * max(0.0, dot(row, x) + b)
    if y * out >= 1.0:
        return
    rate = -hp["lr"] * -y / norm
    for j in range(len(W1)):
        row, b = W1[j], b1[j]
        a = b
        for w, xi in zip(row, x):
            a += w * xi
        if a > 0.0:
            step_size = clipped(rate * W2[j], 0.5)
            W1[j] = [w + step_size * xi for w, xi in zip(row, x)]
            b1[j], W2[j] = b + step_size, W2[j] + rate * a
'''.replace("{INIT_AND_PREDICT}", INIT_AND_PREDICT)

LEARNERS = {
    "backprop": BACKPROP,
    "sign_sgd": SIGN_SGD,
    "lazy_decay": LAZY_DECAY,
    "tiled": TILED,
    "row_fused": ROW_FUSED,
}


def sources_of(name):
    champion = f'METHOD = "{name}"\nHYPERPARAMETERS = {HYPERPARAMETERS}\n'
    methods = {f"sparse_parity/methods/{other}.py": text for other, text in LEARNERS.items()}
    return {"sparse_parity/champion.py": champion, **methods}


@pytest.mark.parametrize("name", LEARNERS)
def test_accepts_ordinary_research_code(name):
    assert [str(refusal) for refusal in check(sources_of(name))] == []


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_accepted_here_is_working_code(name):
    method = {}
    exec(LEARNERS[name], method)  # noqa: S102
    rng = random.Random(7)
    state = method["init"](6, 2, HYPERPARAMETERS, rng)
    before = repr(state)
    for _ in range(60):
        x = [rng.choice((-1.0, 1.0)) for _ in range(6)]
        method["step"](state, x, x[0] * x[3], HYPERPARAMETERS)
    assert repr(state) != before
    assert math.isfinite(method["predict"](state, x, HYPERPARAMETERS))
