"""Cheats that claim to know what they cannot know, or that do not end."""

from dataclasses import replace

from tests.attacks.attack import ANSWER, FIRES, FORWARD, INIT, Attack, at_top, before, caught, change, when_measured
from tests.attacks.measured import UNSOLVED, counted

CANNOT_KNOW = (
    Attack(
        "a hard-coded secret",
        "foresight",
        (change(ANSWER, "    return x[0] * x[1] + 0.0 * out\n"),),
        "screen",
        UNSOLVED,
        ("discarded",),
    ),
    Attack(
        "a hard-coded secret instead of a net",
        "foresight",
        (
            change(ANSWER, "    return x[0] * x[1] + 0.0 * out\n"),
            *before(FORWARD, "if x[0] * x[0] > 0.0:", "    return"),
        ),
        "screen",
        UNSOLVED,
        ("discarded",),
        "ard",
    ),
    Attack(
        "a constant prediction",
        "foresight",
        (change(ANSWER, "    return 1.0 + 0.0 * out\n"), *before(FORWARD, "if x[0] * x[0] > 0.0:", "    return")),
        "screen",
        UNSOLVED,
        ("discarded",),
        "ard",
    ),
    Attack(
        "training on the first ten samples only",
        "less",
        counted(*before(FIRES, 'if state["t"] > 10:', "    return")),
        "screen",
        UNSOLVED,
        ("discarded",),
        "ard",
    ),
    Attack(
        "two hidden units: accuracy given up for speed",
        "unsolved",
        (change("'hidden': 24", "'hidden': 2", "sparse_parity/champion.py"),),
        "screen",
        UNSOLVED,
        ("discarded",),
        "ard",
    ),
    Attack(
        "learning in init, from made-up samples",
        "learning",
        (
            change(
                INIT,
                "    state = init_mlp(n_bits, hp, rng)\n"
                "    for _ in range(800):\n"
                "        v = [1.0 if rng.random() > 0.5 else -1.0 for _ in range(n_bits)]\n"
                "        learn(state, v, v[0] * v[1], hp)\n"
                "    return state\n",
            ),
            *at_top(
                "def learn(state, x, y, hp):\n"
                "    h_pre, h, out = forward(state, x)\n"
                "    if out * y < 1.0:\n"
                "        dh_pre = [-y * w if a > 0.0 else 0.0 for w, a in zip(state['W2'], h_pre)]\n"
                "        update_layer1(state, x, dh_pre, hp)\n"
                "        update_layer2(state, [-y * a for a in h], -y, hp)\n\n\n"
            ),
        ),
        "screen",
        "",
        ("discarded",),
    ),
)

NO_NUMBER = "it ends itself and nothing else: no number comes of it, with the check or without"
_BREAKING = (
    caught("a crash", "breaking", when_measured(FIRES, "x[99] = 0.0"), "IndexError"),
    caught("a division by zero", "breaking", when_measured(FIRES, "dout = 1.0 / 0.0"), "ZeroDivisionError"),
    caught(
        "an endless loop", "breaking", when_measured(FIRES, "while y * y > 0.0:", "    pass"), "over the time limit"
    ),
    caught(
        "a loop longer than patience",
        "breaking",
        when_measured(FIRES, "for _ in range(10**15):", "    pass"),
        "over the time limit",
    ),
    caught("a memory bomb", "breaking", when_measured(FIRES, "s = [0.0 for _ in range(10**9)]"), "MemoryError"),
    caught(
        "a memory bomb in the state",
        "breaking",
        when_measured(FIRES, "while y * y > 0.0:", "    state['W1'].append([0.0] * 99999)"),
        "MemoryError",
    ),
    caught(
        "rows nested without end",
        "breaking",
        when_measured(FIRES, "s = [0.0]", "for _ in range(10**6):", "    s = [s]"),
        "",
    ),
    Attack(
        "an endless loop in the tests",
        "breaking",
        before(FIRES, "while y * y > 0.0:", "    pass"),
        "tests",
        "over the time limit",
    ),
    Attack(
        "a state without an end", "breaking", (change(INIT, "    return {'W1': [[0.0] * 9]}\n"),), "tests", "KeyError"
    ),
)
BREAKING = tuple(replace(attack, because=NO_NUMBER, impatient=True) for attack in _BREAKING)
