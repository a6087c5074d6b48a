"""Two hidden ReLU layers, backprop, hinge loss, weight decay on the matrices."""
# ruff: noqa: ARG001, B905

import math

from sparse_parity.model import dot
from sparse_parity.tracker import NO_TRACKER


def matrix(rows, columns, rng):
    spread = math.sqrt(2.0 / columns)
    return [[rng.gauss(0.0, spread) for _ in range(columns)] for _ in range(rows)]


def init(n_bits, k_sparse, hp, rng):
    h1, h2 = int(hp["hidden"]), int(hp["hidden2"])
    return {
        "layer1": {"W": matrix(h1, n_bits, rng), "b": [0.0] * h1},
        "layer2": {"W": matrix(h2, h1, rng), "b": [0.0] * h2},
        "w": [rng.gauss(0.0, math.sqrt(2.0 / h2)) for _ in range(h2)],
        "b": 0.0,
    }


def relu_layer(layer, values):
    return [max(0.0, dot(row, values) + b) for row, b in zip(layer["W"], layer["b"])]


def predict(state, x, hp):
    h1 = relu_layer(state["layer1"], x)
    h2 = relu_layer(state["layer2"], h1)
    return dot(state["w"], h2) + state["b"]


def backward(layer, inputs, outputs, grads, lr, wd):
    """Update the layer in place; return the gradient of its inputs, from the weights before."""
    below = [0.0] * len(inputs)
    for j, (row, g) in enumerate(zip(layer["W"], grads)):
        if outputs[j] == 0.0:
            continue
        for i, value in enumerate(inputs):
            w = row[i]
            below[i] += g * w
            row[i] = w - lr * (g * value + wd * w)
        layer["b"][j] -= lr * g
    return below


def step(state, x, y, hp, tracker=NO_TRACKER):
    lr, wd = hp["lr"], hp["wd"]
    h1 = relu_layer(state["layer1"], x)
    h2 = relu_layer(state["layer2"], h1)
    out = dot(state["w"], h2) + state["b"]
    if out * y >= 1.0:
        return
    g2 = [-y * w for w in state["w"]]
    w = state["w"]
    for j, a in enumerate(h2):
        w[j] -= lr * (-y * a + wd * w[j])
    state["b"] += lr * y
    g1 = backward(state["layer2"], h1, h2, g2, lr, wd)
    backward(state["layer1"], x, h1, g1, lr, wd)
