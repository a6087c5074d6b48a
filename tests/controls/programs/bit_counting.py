"""Candidate subsets as bit masks in integers; a mask dies when it contradicts a sample."""

from sparse_parity.tracker import NO_TRACKER


def to_mask(x):
    mask = 0
    for i, v in enumerate(x):
        mask |= int(v < 0) << i
    return mask


def parity(mask):
    """1.0 for an even number of set bits, else -1.0."""
    odd = False
    while mask:
        mask &= mask - 1
        odd = not odd
    return -1.0 if odd else 1.0


def subsets(n, k):
    """All masks with k of n bits, in increasing order (Gosper)."""
    masks = []
    mask = (1 << k) - 1
    while mask < 1 << n:
        masks.append(mask)
        low = mask & -mask
        ripple = mask + low
        mask = ripple | (((mask ^ ripple) >> 2) // low)
    return masks


def init(n_bits, k_sparse, hp, rng):
    masks = subsets(n_bits, k_sparse)
    return {"alive": masks, "strikes": [0] * len(masks)}


def predict(state, x, hp):
    bits = to_mask(x)
    votes = sum(parity(mask & bits) for mask in state["alive"][:3])
    return votes + 0.5


def step(state, x, y, hp, tracker=NO_TRACKER):
    alive, bits = state["alive"], to_mask(x)
    if len(alive) <= 1:
        return
    kept = [mask for mask in alive if parity(mask & bits) == y]
    if kept:
        state["alive"] = kept
    assert state["alive"]
