"""A small population of k-subsets: each lives while it explains what arrives; the dead are replaced.

A child is a mutant of the fittest, or a fresh draw. Its random numbers come from a linear congruential generator of
31 bits in the state.
"""
# ruff: noqa: ARG001

from sparse_parity.tracker import NO_TRACKER

MULTIPLIER = 1103515245
INCREMENT = 12345
MODULUS = 2147483648


def init(n_bits, k_sparse, hp, rng):
    size = int(hp["population"])
    state = {
        "genes": [[0] * k_sparse for _ in range(size)],
        "fitness": [0] * size,
        "best": 0,
        "seed": rng.randrange(MODULUS),
    }
    for subset in state["genes"]:
        draw(state, subset, n_bits)
    return state


def random_below(state, n):
    state["seed"] = (MULTIPLIER * state["seed"] + INCREMENT) % MODULUS
    return (state["seed"] >> 8) % n


def draw(state, subset, n_bits):
    for place in range(len(subset)):
        gene = random_below(state, n_bits)
        while gene in subset[:place]:
            gene = random_below(state, n_bits)
        subset[place] = gene


def mutate(state, subset, parent, n_bits):
    subset[:] = parent
    gene = random_below(state, n_bits)
    while gene in subset:
        gene = random_below(state, n_bits)
    subset[random_below(state, len(subset))] = gene


def explains(subset, x, y):
    for i in subset:
        y *= x[i]
    return y > 0.0


def predict(state, x, hp):
    label = 1.0
    for i in state["genes"][state["best"]]:
        label *= x[i]
    return label


def step(state, x, y, hp, tracker=NO_TRACKER):
    genes, fitness, best = state["genes"], state["fitness"], state["best"]
    if fitness[best] >= hp["enough"]:
        return
    for k, subset in enumerate(genes):
        if explains(subset, x, y):
            fitness[k] += 1
            continue
        fitness[k] = 0
        if k != best and random_below(state, 2):
            mutate(state, subset, genes[best], len(x))
        else:
            draw(state, subset, len(x))
    state["best"] = fitness.index(max(fitness))
