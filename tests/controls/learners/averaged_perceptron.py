"""The averaged perceptron over all products of k inputs; the average is kept the lazy way, w - u / t."""
# ruff: noqa: ARG001, B905

from sparse_parity.tracker import NO_TRACKER


def features(x, k):
    """All products of k inputs, in lexicographic order: grown degree by degree, each with its last index."""
    n = len(x)
    values = list(x)
    lasts = list(range(n))
    for _ in range(1, k):
        grown = []
        grown_lasts = []
        for value, last in zip(values, lasts):
            for i in range(last + 1, n):
                grown.append(value * x[i])
                grown_lasts.append(i)
        values = grown
        lasts = grown_lasts
    return values


def init(n_bits, k_sparse, hp, rng):
    count = 1
    for i in range(k_sparse):
        count = count * (n_bits - i) // (i + 1)
    return {"w": [0.0] * count, "u": [0.0] * count, "t": 1, "k": k_sparse}


def predict(state, x, hp):
    phi = features(x, state["k"])
    t = state["t"]
    return sum((w - u / t) * f for w, u, f in zip(state["w"], state["u"], phi))


def step(state, x, y, hp, tracker=NO_TRACKER):
    phi = features(x, state["k"])
    w, u = state["w"], state["u"]
    score = sum(a * b for a, b in zip(w, phi))
    if score * y <= 0.0:
        t = state["t"]
        for i, f in enumerate(phi):
            w[i] += y * f
            u[i] += t * y * f
    state["t"] += 1
