"""Hebb's rule with Oja's decay on products of k inputs: the label is the postsynaptic activity."""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    pairs = [[i] for i in range(n_bits)]
    for _ in range(k_sparse - 1):
        pairs = [p + [i] for p in pairs for i in range(p[-1] + 1, n_bits)]  # noqa: RUF005
    return {"synapses": pairs, "strength": [rng.gauss(0.0, 0.01) for _ in range(len(pairs))]}


def presynaptic(synapse, x):
    activity = x[synapse[0]]
    for i in synapse[1:]:
        activity *= x[i]
    return activity


def predict(state, x, hp):
    total = 0.0
    for weight, synapse in zip(state["strength"], state["synapses"], strict=True):
        total += weight * presynaptic(synapse, x)
    return total


def step(state, x, y, hp, tracker=NO_TRACKER):
    strength = state["strength"]
    for s, synapse in enumerate(state["synapses"]):
        strength[s] += hp["lr"] * y * (presynaptic(synapse, x) - y * strength[s])
