"""The method files that honest controls propose, in the language of candidates. `controls` says what each gains."""

HEADER = '''"""A method of a proposal."""

from sparse_parity.model import {imports}
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {state}


def predict(state, x, hp):
    _, _, out = forward(state, x)
    return out


'''
STATE = """{
        'W1': [[rng.gauss(0.0, 0.5) for _ in range(n_bits)] for _ in range(int(hp['hidden']))],
        'b1': [0.0 for _ in range(int(hp['hidden']))],
        'W2': [rng.gauss(0.0, 0.3) for _ in range(int(hp['hidden']))],
        'b2': 0.0,
        {more},
    }"""
NET = HEADER.replace("{state}", "init_mlp(n_bits, hp, rng)")
STEP = """def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    lr = hp["lr"]
"""

ROW_FUSED = (
    NET.replace("{imports}", "forward, init_mlp")
    + STEP
    + """    wd = hp["wd"]
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
    + STEP
    + """    wd = hp["wd"]
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
    .replace("{state}", STATE.replace("{more}", "'scale': 1.0"))
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
    HEADER.replace("{imports}", "descend_row, forward")
    .replace("{state}", STATE.replace("{more}", "'speed': [0.0 for _ in range(int(hp['hidden']))]"))
    + STEP
    + """    W2 = state["W2"]
    speed = state["speed"]
    for j, row in enumerate(state["W1"]):
        w = W2[j]
        speed[j] = 0.5 * speed[j] - y * h[j]
        W2[j] = w - lr * speed[j]
        descend_row(row, -y * w if h_pre[j] > 0.0 else 0.0, x, lr, hp["wd"])
    state["b2"] += lr * y
"""
)

# The net's last row waits in registers for the output, and is updated first: eight weights are read once, not twice.
LAST_ROW = (
    NET.replace("{imports}", "descend_row, dot, forward, init_mlp")
    + """def step(state, x, y, hp, tracker=NO_TRACKER):
    if len(x) == 8:
        step_on_eight(state, x, y, hp)
        return
    h_pre, h, out = forward(state, x)
    if out * y < 1.0:
        update_units(state, x, -y, h_pre, h, hp, len(h))


def step_on_eight(state, x, y, hp):
    W1 = state["W1"]
    b1 = state["b1"]
    count = len(W1) - 1
    h_pre = [dot(W1[j], x) + b1[j] for j in range(count)]
    row = W1[count]
    p0 = row[0]
    p1 = row[1]
    p2 = row[2]
    p3 = row[3]
    p4 = row[4]
    p5 = row[5]
    p6 = row[6]
    p7 = row[7]
    a = 0.0 + p0 * x[0] + p1 * x[1] + p2 * x[2] + p3 * x[3] + p4 * x[4] + p5 * x[5] + p6 * x[6] + p7 * x[7]
    b = b1[count]
    h_pre.append(a + b)
    h = [v if v > 0.0 else 0.0 for v in h_pre]
    out = dot(state["W2"], h) + state["b2"]
    if out * y >= 1.0:
        return
    lr = hp["lr"]
    wd = hp["wd"]
    w = state["W2"][count]
    g = -y * w if a + b > 0.0 else 0.0
    row[0] = p0 - lr * (g * x[0] + wd * p0)
    row[1] = p1 - lr * (g * x[1] + wd * p1)
    row[2] = p2 - lr * (g * x[2] + wd * p2)
    row[3] = p3 - lr * (g * x[3] + wd * p3)
    row[4] = p4 - lr * (g * x[4] + wd * p4)
    row[5] = p5 - lr * (g * x[5] + wd * p5)
    row[6] = p6 - lr * (g * x[6] + wd * p6)
    row[7] = p7 - lr * (g * x[7] + wd * p7)
    b1[count] = b - lr * (g + wd * b)
    state["W2"][count] = w - lr * (-y * h[count] + wd * w)
    update_units(state, x, -y, h_pre, h, hp, count)


def update_units(state, x, dout, h_pre, h, hp, count):
    lr = hp["lr"]
    wd = hp["wd"]
    W2 = state["W2"]
    b1 = state["b1"]
    for j in range(count):
        w = W2[j]
        dh_pre = w * dout if h_pre[j] > 0.0 else 0.0
        W2[j] = w - lr * (dout * h[j] + wd * w)
        descend_row(state["W1"][j], dh_pre, x, lr, wd)
        b = b1[j]
        b1[j] = b - lr * (dh_pre + wd * b)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (dout + wd * b2)
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
