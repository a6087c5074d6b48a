"""Cheats that are good code by every rule of the language, and gain nothing that counts."""

from harness.records import Edit
from tests.attacks.attack import (
    ANSWER,
    END,
    FORWARD,
    HEAD,
    INIT,
    Attack,
    at_top,
    before,
    caught,
    change,
    useless,
    when_measured,
)

NO_GAIN = "same predictions, no gain"
LOSS = "a clear loss on one instance"
UNSOLVED = "leaves the screen instance unsolved"

# As model.forward, with a place for a cheat in the loop over the rows.
OWN_FORWARD = """

def forward(state, x, tracker=NO_TRACKER):
    tracker.write("W1", len(state["W1"]) * len(x))
    tracker.write("b1", len(state["b1"]))
    tracker.write("W2", len(state["W2"]))
    tracker.write("b2", 1)
    tracker.write("x", len(x))
    tracker.write("y", 1)
    b1 = state["b1"]
    h_pre = []
    for j, row in enumerate(state["W1"]):
{cheat}
        h_pre.append(dot(row, x) + b1[j])
    tracker.write("h_pre", len(h_pre))
    h = [a if a > 0.0 else 0.0 for a in h_pre]
    tracker.write("h", len(h))
    tracker.write("out", 1)
    out = dot(state["W2"], h) + state["b2"]
    return h_pre, h, out
"""
TRACKER = "from sparse_parity.tracker import NO_TRACKER\n"
HEAD_WITHOUT_FORWARD = "from sparse_parity.model import descend, descend_row, dot, init_mlp\n"
COUNTED_INIT = """    net = init_mlp(n_bits, hp, rng)
    return {
        "W1": [[v for v in row] for row in net["W1"]],
        "b1": [v for v in net["b1"]],
        "W2": [v for v in net["W2"]],
        "b2": 0.0,
        "t": 0,
    }
"""


def in_forward(*code: str) -> tuple[Edit, ...]:
    """A loop over the hidden units of one's own, with a cheat in front of each unit."""
    cheat = "\n".join(f"        {line}" for line in code)
    return (
        change(HEAD, HEAD_WITHOUT_FORWARD),
        change(TRACKER, TRACKER + OWN_FORWARD.replace("{cheat}", cheat)),
    )


def at_the_end(*code: str) -> tuple[Edit, ...]:
    """Lines after all learning, where they put nothing else further apart."""
    return (change(END, END + "".join(f"    {line}\n" for line in code)),)


def counted(*edits: Edit) -> tuple[Edit, ...]:
    """A state that counts its steps in `t`."""
    return (change(INIT, COUNTED_INIT), *before(FORWARD, 'state["t"] += 1'), *edits)


DILUTION = (
    useless(
        "writing x back unchanged before every row",
        in_forward("for i in range(len(x)):", "    x[i] = x[i]"),
        NO_GAIN,
        "ard",
    ),
    useless(
        "writing x back unchanged every 8 rows",
        in_forward("if j % 8 == 0:", "    for i in range(len(x)):", "        x[i] = x[i]"),
        NO_GAIN,
        "ard",
    ),
    useless(
        "a scratch cell read over and over",
        at_the_end("s = [0.0]", "for _ in range(500):", "    lr = s[0]"),
        NO_GAIN,
        "ard",
    ),
    useless(
        "a scratch cell read and written",
        at_the_end("s = [0.0]", "for _ in range(300):", "    s[0] = s[0] + 1.0"),
        NO_GAIN,
        "ard",
    ),
    useless(
        "a tail loop over the bias",
        at_the_end("for _ in range(300):", "    state['b2'] = state['b2'] * 1.0"),
        NO_GAIN,
        "ard",
    ),
    useless("identity copies of x", at_the_end("s = x.copy()", *("s = s.copy()" for _ in range(30))), NO_GAIN, "ard"),
    useless("identity copies of the hidden layer", at_the_end(*("h = h.copy()" for _ in range(30))), NO_GAIN, "ard"),
    useless("a copy of each row before it is used", in_forward("row = row.copy()"), NO_GAIN, ""),
    useless(
        "asking for a length again and again",
        at_the_end("s = [0.0]", "for _ in range(300):", "    s.append(0.0)", "    n = len(s)", "    s.pop()"),
        NO_GAIN,
        "ard",
    ),
    useless("sorting a scratch list", at_the_end("s = h.copy()", *("s.sort()" for _ in range(5))), NO_GAIN, "ard"),
    useless(
        "reversing a scratch list", at_the_end("s = h.copy()", *("s.reverse()" for _ in range(20))), NO_GAIN, "ard"
    ),
    useless(
        "comparing lists",
        at_the_end("s = [0.0] * 9", "t = s.copy()", *("n = s == t" for _ in range(40))),
        NO_GAIN,
        "ard",
    ),
    useless(
        "a fresh row in place of each old one, for a birth is cheap",
        (
            change(
                "        descend_row(row, g, x, lr, wd)\n",
                "        W1[j] = [p - lr * (g * v + wd * p) for p, v in zip(row, x)]\n",
            ),
            change(
                '    for row, g in zip(state["W1"], dh_pre):\n',
                '    W1 = state["W1"]\n    for j, (row, g) in enumerate(zip(W1, dh_pre)):\n',
            ),
        ),
        NO_GAIN,
        "",
    ),
    useless(
        "a list's length as a counter",
        (
            change(INIT, COUNTED_INIT.replace('"t": 0', '"marks": []')),
            *before(FORWARD, 'state["marks"].append(0.0)', 'n = len(state["marks"])'),
        ),
        NO_GAIN,
        "",
    ),
)

PREDICTING = (
    Attack(
        "predict that counts its calls",
        "learning",
        before(ANSWER, 'state["b2"] = state["b2"] + 1e-9'),
        "tests",
        "test_predict",
    ),
    caught(
        "predict that changes state when it is measured",
        "learning",
        when_measured(ANSWER, 'state["b2"] = state["b2"] * 1.0'),
        "predict changed the state",
        "predict keeps the state",
    ),
    caught(
        "learning in predict",
        "learning",
        when_measured(ANSWER, "update_layer2(state, [0.01 * v for v in h_all(x, state)], 0.0, hp)")
        + at_top("def h_all(x, state):\n    return [v for v in state['W2']]\n\n\n"),
        "predict changed the state",
        "predict keeps the state",
    ),
    caught(
        "predict that changes state forth and back",
        "learning",
        when_measured(ANSWER, 'state["W1"].reverse()'),
        "predict changed the state",
        "predict keeps the state",
    ),
    caught(
        "predict that keeps a longer list",
        "learning",
        when_measured(ANSWER, 'state["W2"].append(0.0)'),
        "predict changed the state",
        "predict keeps the state",
    ),
    caught(
        "predict that writes zeros as minus zeros",
        "learning",
        when_measured(ANSWER, 'state["b1"][0] = state["b1"][0] * 1.0'),
        "predict changed the state",
        "predict keeps the state",
    ),
    caught(
        "predict that keeps notes in its input",
        "learning",
        when_measured(ANSWER, "x.append(out)"),
        "TypeError",
        "input buffer",
    ),
    caught(
        "a prediction that is not a number",
        "numbers",
        when_measured(ANSWER, "out = 1e308 * 10.0 * 0.0"),
        "finite float",
        "one finite float",
    ),
    caught(
        "an infinite prediction",
        "numbers",
        when_measured(ANSWER, "return 1e308 * 10.0"),
        "one finite float",
        "one finite float",
    ),
    caught("a whole prediction", "numbers", when_measured(ANSWER, "return 1"), "one finite float", "one finite float"),
    caught(
        "a true prediction",
        "numbers",
        when_measured(ANSWER, "return out > 0.0"),
        "one finite float",
        "one finite float",
    ),
    Attack(
        "training moved into predict",
        "moved",
        (
            change(INIT, COUNTED_INIT.replace('"t": 0', '"xs": [], "ys": []')),
            *before(FORWARD, 'state["xs"].append(x.copy())', 'state["ys"].append(y)', "if y * y > 0.0:", "    return"),
            *before(
                ANSWER,
                "best = -1.0",
                "for i in range(len(x)):",
                "    for j in range(i):",
                "        s = 0.0",
                "        for row, v in zip(state['xs'], state['ys']):",
                "            s += row[i] * row[j] * v",
                "        if s * s > best:",
                "            best = s * s",
                "            out = s * x[i] * x[j]",
            ),
        ),
        "screen",
        LOSS,
        ("discarded",),
        "ard",
    ),
    Attack(
        "answering blindly until the end is near",
        "sampling",
        counted(
            change(
                "    _, _, out = forward(state, x)\n",
                '    if state["t"] < 100:\n        return 1.0\n    _, _, out = forward(state, x)\n',
            )
        ),
        "confirm",
        "",
        ("discarded", "inconclusive"),
        "",
    ),
)
