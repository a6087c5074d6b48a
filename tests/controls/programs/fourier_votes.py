"""Counts agreement of every k-subset over the stream, k from 1 to 3; any, all, index, count, in, reversed."""

from sparse_parity.tracker import NO_TRACKER


def chosen(mask_row, x):
    value = 1.0
    for i in mask_row:
        value *= x[i]
    return value


def grow(rows, n):
    """Every row with one larger index added."""
    return [row + [i] for row in rows for i in range(row[-1] + 1, n)]


def init(n_bits, k_sparse, hp, rng):
    level = [[i] for i in range(n_bits)]
    for _ in range(k_sparse - 1):
        level = grow(level, n_bits)
    return {"rows": level, "agree": [0] * len(level), "winner": -1, "t": 0}


def predict(state, x, hp):
    if state["winner"] < 0:
        return 1.0
    return chosen(state["rows"][state["winner"]], x)


def step(state, x, y, hp, tracker=NO_TRACKER):
    if state["winner"] >= 0:
        return
    agree = state["agree"]
    state["t"] += 1
    for k, row in enumerate(state["rows"]):
        agree[k] += 1 if chosen(row, x) == y else 0
    best = max(agree)
    is_unique = agree.count(best) == 1
    never_wrong = any(a == state["t"] for a in agree)
    if is_unique and never_wrong and all(a <= best for a in agree):
        state["winner"] = agree.index(best)
    elif best not in agree[::-1]:
        for k in reversed(range(len(agree))):
            agree[k] = 0
