"""Honest changes that the gate must measure and must not refuse: a gate that refuses everything is safe and useless."""

from dataclasses import dataclass

from harness.records import Edit, Outcome, Win
from tests.attacks.attack import CHAMPION, END, FIRES, HEAD, INIT, NEW, change
from tests.controls.learner_cases import CASES, source_of

MEASURED: tuple[Outcome, ...] = ("kept", "discarded", "inconclusive")


@dataclass(frozen=True, slots=True)
class Control:
    """An honest proposal, the outcomes it may have, and the wins it may be kept for."""

    name: str
    edits: tuple[Edit, ...]
    outcomes: tuple[Outcome, ...] = MEASURED
    wins: tuple[Win, ...] = ("ard", "movement", "accuracy")


def method(name: str) -> Edit:
    """The champion with another published method."""
    return change('METHOD = "standard"', f'METHOD = "{name}"', CHAMPION)


def hyper(name: str, value: float) -> Edit:
    """The champion with another value of a hyperparameter."""
    values = {"hidden": 24, "lr": 0.1, "wd": 0.01}
    return change(f"'{name}': {values[name]}", f"'{name}': {value}", CHAMPION)


def new_method(text: str) -> tuple[Edit, ...]:
    """A method file of one's own, named by the champion."""
    return Edit("create", NEW, text=text), method("trick")


HEADER = '''"""A method of a proposal."""

from sparse_parity.model import {imports}
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {state}


def predict(state, x, hp):
    _, _, out = forward(state, x)
    return out


'''
NET = HEADER.replace("{state}", "init_mlp(n_bits, hp, rng)")

ROW_FUSED = (
    NET.replace("{imports}", "forward, init_mlp")
    + """def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    lr = hp["lr"]
    wd = hp["wd"]
    W2 = state["W2"]
    b1 = state["b1"]
    for j, row in enumerate(state["W1"]):
        w = W2[j]
        g = -y * w if h_pre[j] > 0.0 else 0.0
        W2[j] = w - lr * (-y * h[j] + wd * w)
        for i, v in enumerate(x):
            p = row[i]
            row[i] = p - lr * (g * v + wd * p)
        b = b1[j]
        b1[j] = b - lr * (g + wd * b)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (-y + wd * b2)
"""
)

DEAD_ROWS = (
    NET.replace("{imports}", "descend_row, forward, init_mlp")
    + """def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    lr = hp["lr"]
    wd = hp["wd"]
    W2 = state["W2"]
    b1 = state["b1"]
    W1 = state["W1"]
    for j, a in enumerate(h_pre):
        if a > 0.0:
            w = W2[j]
            W2[j] = w - lr * (-y * h[j] + wd * w)
            descend_row(W1[j], -y * w, x, lr, wd)
            b1[j] -= lr * -y * w
    state["b2"] += lr * y
"""
)

LAZY_DECAY = (
    HEADER.replace("{imports}", "dot")
    .replace(
        "_, _, out = forward(state, x)\n    return out",
        "out = state['b2']\n    for row, b, w in zip(state['W1'], state['b1'], state['W2']):\n"
        "        a = dot(row, x) + b\n        if a > 0.0:\n            out += w * a\n    return out * state['scale']",
    )
    .replace(
        "{state}",
        "{\n"
        "        'W1': [[rng.gauss(0.0, 0.5) for _ in range(n_bits)] for _ in range(int(hp['hidden']))],\n"
        "        'b1': [0.0 for _ in range(int(hp['hidden']))],\n"
        "        'W2': [rng.gauss(0.0, 0.3) for _ in range(int(hp['hidden']))],\n"
        "        'b2': 0.0,\n        'scale': 1.0,\n    }",
    )
    + """def step(state, x, y, hp, tracker=NO_TRACKER):
    out = predict(state, x, hp)
    if out * y >= 1.0:
        return
    lr = hp["lr"]
    state["scale"] = state["scale"] * (1.0 - lr * hp["wd"])
    W2 = state["W2"]
    b1 = state["b1"]
    for j, row in enumerate(state["W1"]):
        a = dot(row, x) + b1[j]
        if a > 0.0:
            w = W2[j]
            W2[j] = w + lr * y * a
            for i, v in enumerate(x):
                row[i] += lr * y * w * v
            b1[j] += lr * y * w
    state["b2"] += lr * y
"""
)

MOMENTUM = (
    HEADER.replace("{imports}", "descend_row, forward").replace(
        "{state}",
        "{\n"
        "        'W1': [[rng.gauss(0.0, 0.5) for _ in range(n_bits)] for _ in range(int(hp['hidden']))],\n"
        "        'b1': [0.0 for _ in range(int(hp['hidden']))],\n"
        "        'W2': [rng.gauss(0.0, 0.3) for _ in range(int(hp['hidden']))],\n"
        "        'b2': 0.0,\n        'speed': [0.0 for _ in range(int(hp['hidden']))],\n    }",
    )
    + """def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    lr = hp["lr"]
    W2 = state["W2"]
    speed = state["speed"]
    for j, row in enumerate(state["W1"]):
        w = W2[j]
        speed[j] = 0.5 * speed[j] - y * h[j]
        W2[j] = w - lr * speed[j]
        descend_row(row, -y * w if h_pre[j] > 0.0 else 0.0, x, lr, hp["wd"])
    state["b2"] += lr * y
"""
)

# No net at all: the weight of each pair of inputs. Knows that the parity is one of two bits, and works for no other.
ALL_PAIRS = '''"""The sum of labels times each product of two inputs."""

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"w": [0.0 for _ in range(n_bits * n_bits)]}


def step(state, x, y, hp, tracker=NO_TRACKER):
    w = state["w"]
    for i in range(len(x)):
        for j in range(i):
            w[i * len(x) + j] += y * x[i] * x[j]


def predict(state, x, hp):
    w = state["w"]
    best = 0.0
    place = 0
    for k, v in enumerate(w):
        if v > best:
            best = v
            place = k
    return x[place // len(x)] * x[place % len(x)]
'''

LEARNERS: dict[str, Win] = {  # of tests/controls/learners, those that gain here
    "correlation": "ard",
    "dead_rows": "ard",
    "gf2_elimination": "ard",
    "gf2_packed": "ard",
    "hinge_perceptron": "movement",
    "multiplicative_weights": "ard",
    "walsh_hadamard": "ard",
}


def learner(name: str, win: Win) -> Control:
    """A learner of another kind, with its own hyperparameters."""
    edits = (
        Edit("create", f"sparse_parity/methods/{name}.py", text=source_of(name)),
        method(name),
        change("{'hidden': 24, 'lr': 0.1, 'wd': 0.01}", repr(dict(CASES[name].hp)), CHAMPION),
    )
    return Control(f"the learner {name}", edits, ("kept",), (win,))


CONTROLS = (
    *(learner(name, win) for name, win in LEARNERS.items()),
    Control("per-layer: scalars in one loop over the rows", (method("perlayer"),), ("kept",), ("ard", "movement")),
    Control("read and update fused in a row", new_method(ROW_FUSED), ("kept",), ("ard", "movement")),
    Control("fused order", (method("fused"),), ("kept",), ("ard",)),
    Control("half the hidden layer", (hyper("hidden", 12),), ("kept",), ("ard", "movement")),
    Control("a third of the hidden layer", (hyper("hidden", 8),), ("kept",), ("ard", "movement")),
    Control("dead rows are skipped", new_method(DEAD_ROWS), ("kept",), ("ard", "movement")),
    Control("weight decay in one scale, dead rows skipped", new_method(LAZY_DECAY)),
    Control("momentum on the second layer", new_method(MOMENTUM)),
    Control("hinge with a wider margin ends early", (change("if out * y >= 1.0:", "if out * y >= 0.5:"),)),
    Control("another learning rate", (hyper("lr", 0.2),)),
    Control("twice the hidden layer", (hyper("hidden", 48),), ("discarded", "inconclusive")),
    Control("gradient clipped", (change(FIRES, "    dout = -y if out * y > -1.0 else -0.5 * y\n"),)),
    Control(
        "the second layer learns first",
        (
            change(END, ""),
            change(
                "    update_layer1(state, x, dh_pre, hp, tracker)\n",
                END + "    update_layer1(state, x, dh_pre, hp, tracker)\n",
            ),
        ),
    ),
    Control(
        "biases drawn instead of zero",
        (
            change(
                INIT,
                "    net = init_mlp(n_bits, hp, rng)\n"
                "    for j in range(len(net['b1'])):\n"
                "        net['b1'][j] = rng.gauss(0.0, 0.1)\n"
                "    return net\n",
            ),
        ),
    ),
    Control("a comment and a faster initialisation", (change(HEAD, HEAD + "# honest\n"), hyper("hidden", 16))),
    Control("all pairs of inputs instead of a net", new_method(ALL_PAIRS), ("kept",), ("ard", "movement")),
)
