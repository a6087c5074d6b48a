"""A GELU unit each, logistic loss; math.erf, chained assignment, tuple returns and slices of rows."""

import math

from sparse_parity.tracker import NO_TRACKER

SQRT_HALF = 0.7071067811865476
SQRT_2PI = 2.5066282746310002


def gelu(v):
    """The value and the derivative."""
    cdf = 0.5 * (1.0 + math.erf(v * SQRT_HALF))
    pdf = math.exp(-0.5 * v * v) / SQRT_2PI
    return v * cdf, cdf + v * pdf


def sigmoid(v):
    if v >= 0.0:
        return 1.0 / (1.0 + math.exp(-v))
    e = math.exp(v)
    return e / (1.0 + e)


def init(n_bits, k_sparse, hp, rng):
    hidden = int(hp["hidden"])
    bound = 1.0 / math.sqrt(n_bits)
    return {
        # The last weight of each row is the bias.
        "rows": [[rng.uniform(-bound, bound) for _ in range(n_bits + 1)] for _ in range(hidden)],
        "out": [rng.gauss() * 0.3 for _ in range(hidden)],
    }


def forward_units(state, x):
    values, slopes = [], []
    for row in state["rows"]:
        pre = row[-1] + sum(w * v for w, v in zip(row[:-1], x))
        value, slope = gelu(pre)
        values.append(value)
        slopes.append(slope)
    return values, slopes


def predict(state, x, hp):
    values, _ = forward_units(state, x)
    return sum(o * v for o, v in zip(state["out"], values)) + 0.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    lr = hp["lr"]
    values, slopes = forward_units(state, x)
    logit = sum([o * v for o, v in zip(state["out"], values)])
    grad = -y * sigmoid(-y * logit)
    lo = hi = 0.0
    for j, (row, slope) in enumerate(zip(state["rows"], slopes)):
        o = state["out"][j]
        delta = grad * o * slope
        for i in range(len(x)):
            row[i] -= lr * delta * x[i]
        row[-1] -= lr * delta
        state["out"][j] = o - lr * grad * values[j]
        lo, hi = min(lo, delta), max(hi, delta)
    if hi - lo > 100.0:
        for j in range(len(state["out"])):
            state["out"][j] *= 0.5
