"""SGD with heavy-ball momentum: a velocity for every parameter."""
# ruff: noqa: ARG001, B905

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"net": init_mlp(n_bits, hp, rng), "v": zeros(n_bits, int(hp["hidden"]))}


def zeros(n_bits, hidden):
    return {
        "W1": [[0.0] * n_bits for _ in range(hidden)],
        "b1": [0.0 for _ in range(hidden)],
        "W2": [0.0 for _ in range(hidden)],
        "b2": 0.0,
    }


def predict(state, x, hp):
    _, _, out = forward(state["net"], x)
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    net, v = state["net"], state["v"]
    lr, wd, mu = hp["lr"], hp["wd"], hp["momentum"]
    h_pre, h, out = forward(net, x)
    loss = max(0.0, 1.0 - y * out)
    if loss == 0.0:
        return
    dout = -y
    dh = [dout * w if a > 0.0 else 0.0 for w, a in zip(net["W2"], h_pre)]
    for row, velocity, g in zip(net["W1"], v["W1"], dh):
        for i, xi in enumerate(x):
            velocity[i] = mu * velocity[i] - lr * (g * xi + wd * row[i])
            row[i] += velocity[i]
    push(net["b1"], v["b1"], dh, lr, wd, mu)
    push(net["W2"], v["W2"], [dout * a for a in h], lr, wd, mu)
    v["b2"] = mu * v["b2"] - lr * (dout + wd * net["b2"])
    net["b2"] += v["b2"]


def push(params, velocities, grads, lr, wd, mu):
    for i, (p, v, g) in enumerate(zip(params, velocities, grads)):
        moved = mu * v - lr * (g + wd * p)
        velocities[i] = moved
        params[i] = p + moved
