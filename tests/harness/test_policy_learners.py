"""Learners that are no nets pass the policy too: features, elimination, a perceptron, shared parts."""

import math
import random

import pytest

from harness.policy import check

HYPERPARAMETERS = {"hidden": 8, "lr": 0.05, "wd": 0.001, "beta": 0.5}

MOMENTUM = '''"""SGD with momentum on one linear layer with pairwise features."""
from sparse_parity.tracker import NO_TRACKER


def features(x):
    n = len(x)
    return [x[i] * x[j] for i in range(n) for j in range(i + 1, n) if i != j]


def init(n_bits, k_sparse, hp, rng):
    n = n_bits * (n_bits - 1) // 2
    return {"w": [0.0] * n, "v": [0.0] * n}


def predict(state, x, hp):
    return sum([w * f for w, f in zip(state["w"], features(x))])


def step(state, x, y, hp, tracker=NO_TRACKER):
    phi = features(x)
    if y * predict(state, x, hp) >= 1.0:
        return
    w, v = state["w"], state["v"]
    beta = hp["beta"] if hp["beta"] < 1.0 else 0.9
    for i in range(len(w)):
        v[i] = beta * v[i] + y * phi[i]
        w[i] += hp["lr"] * v[i]
'''

GF2 = '''"""Parity is linear over GF(2): collect samples as rows of bits and eliminate."""
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"rows": [], "pivots": [], "secret": [0] * n_bits, "solved": False}


def to_bits(x, y):
    bits = [1 if v < 0.0 else 0 for v in x]
    bits.append(1 if y < 0.0 else 0)
    return bits


def reduce_row(rows, pivots, bits):
    for row, pivot in zip(rows, pivots):
        if bits[pivot]:
            for i in range(len(bits)):
                bits[i] ^= row[i]


def find_pivot(bits):
    for i in range(len(bits) - 1):
        if bits[i] == 1:
            break
    else:
        i = -1
    return i


def solve(rows, pivots, secret):
    for k in range(len(rows) - 1, -1, -1):
        row, pivot = rows[k], pivots[k]
        total = row[-1]
        for i in range(pivot + 1, len(secret)):
            total ^= row[i] & secret[i]
        secret[pivot] = total


def step(state, x, y, hp, tracker=NO_TRACKER):
    if state["solved"]:
        return
    bits = to_bits(x, y)
    reduce_row(state["rows"], state["pivots"], bits)
    pivot = find_pivot(bits)
    if pivot >= 0:
        state["rows"].append(bits)
        state["pivots"].append(pivot)
    if len(state["pivots"]) >= len(x):
        solve(state["rows"], state["pivots"], state["secret"])
        state["solved"] = True


def predict(state, x, hp):
    odd = sum(s for s, v in zip(state["secret"], x) if v < 0.0) % 2
    return -1.0 if odd else 1.0
'''

PERCEPTRON = '''"""A perceptron over all products of a few inputs, with a random order of visits."""
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    order = list(range(n_bits))
    for i in range(n_bits - 1, 0, -1):
        j = rng.randrange(i + 1)
        order[i], order[j] = order[j], order[i]
    return {"w": [rng.uniform(-0.1, 0.1) for _ in order], "order": order, "mistakes": 0}


def predict(state, x, hp):
    total = 0.0
    for i in state["order"]:
        total += state["w"][i] * x[i]
    return total


def step(state, x, y, hp, tracker=NO_TRACKER):
    score = predict(state, x, hp)
    wrong = score <= 0.0 < y or not (score < 0.0 or y > 0.0)
    if wrong and 0 not in state["order"][:0]:
        state["mistakes"] += 1
        w = state["w"]
        for i in range(len(w)):
            w[i] += hp["lr"] * y * x[i]
    best = sorted([abs(w) for w in state["w"]], reverse=True)
    if any(w > 10.0 for w in best) and best.index(max(best)) == 0:
        w = state["w"]
        w[:] = [round(v / 2.0, 6) for v in w]
'''

REUSING = '''"""Reuses another method's parts; only the step differs."""
from sparse_parity.methods.perceptron import init, predict
from sparse_parity.tracker import NO_TRACKER

SHRINK = -0x10


def bump(state: dict, sample: list[float], label: float, hp, tracker) -> tuple[float, float]:
    """What moved, and how far."""
    before = predict(state, sample, hp)
    tracker.write("w", len(sample))
    state["w"][0] += label * 2.0**SHRINK
    return before, predict(state, hp=hp, x=sample)


def step(state, x, y, hp, tracker=NO_TRACKER):
    before, after = bump(state, x, y, hp, tracker=tracker)
    before, after = bump(state, x, y, hp, NO_TRACKER)
    if (before if before > after else after) > 1.0 and state["w"]:
        pass
'''

LEARNERS = {
    "momentum": MOMENTUM,
    "gf2": GF2,
    "perceptron": PERCEPTRON,
    "reusing": REUSING,
}


def sources_of(name):
    champion = f'METHOD = "{name}"\nHYPERPARAMETERS = {HYPERPARAMETERS}\n'
    methods = {f"sparse_parity/methods/{other}.py": text for other, text in LEARNERS.items()}
    return {"sparse_parity/champion.py": champion, **methods}


@pytest.mark.parametrize("name", LEARNERS)
def test_accepts_ordinary_research_code(name):
    assert [str(refusal) for refusal in check(sources_of(name))] == []


@pytest.mark.parametrize("name", ["momentum", "gf2", "perceptron"])
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
