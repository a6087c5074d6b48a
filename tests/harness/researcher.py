"""A scripted researcher behind the Messages API: real improvements, real mistakes and real cheats for the task `tiny`.

It reads the number of the experiment and of the repair turn from the request, as a model would, and answers from the
script. So the same request has the same answer, whoever asks again.
"""

import re
from pathlib import Path

from tests.harness.messages_server import KEY, call, failure, message, text
from tests.harness.project import CHAMPION, HIDDEN
from tests.harness.scripts import create, hidden, proposal, replace

DEAD_ROWS = (Path(__file__).resolve().parents[1] / "controls" / "learners" / "dead_rows.py").read_text()
FUSED, DEAD = "sparse_parity/methods/row_fused.py", "sparse_parity/methods/dead_rows.py"
USAGE = {
    "input_tokens": 1_000,
    "output_tokens": 500,
    "cache_read_input_tokens": 3_000,
    "cache_creation_input_tokens": 0,
}
DOLLARS = (1_000 * 4 + 3_000 * 0.20 + 500 * 20) / 1e6  # of USAGE, claude-opus-5-5
HALF = HIDDEN // 2

ROW_FUSED = '''"""Each row is updated in one pass, with its gradient in a register: no list of gradients is made."""

from sparse_parity.model import forward, init_mlp
from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return init_mlp(n_bits, hp, rng)


def predict(state, x, hp):
    _, _, out = forward(state, x)
    return out


def step(state, x, y, hp, tracker=NO_TRACKER):
    _, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    lr, wd = hp["lr"], hp["wd"]
    W1, b1, W2 = state["W1"], state["b1"], state["W2"]
    for j, a in enumerate(h):
        w2 = W2[j]
        g = -y * w2 if a > 0.0 else 0.0
        W2[j] = w2 - lr * (-y * a + wd * w2)
        row = W1[j]
        for i, v in enumerate(x):
            w = row[i]
            row[i] = w - lr * (g * v + wd * w)
        b = b1[j]
        b1[j] = b - lr * (g + wd * b)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (-y + wd * b2)
'''
# Writes every weight back unchanged, so that the next read of it is near: flatters ARD, moves more data.
CHEAT_REFRESH = ROW_FUSED.replace(
    """hp, tracker=NO_TRACKER):
""",
    """hp, tracker=NO_TRACKER):
    for warm in state["W1"]:
        for k in range(len(x)):
            warm[k] = warm[k]
""",
)
CHEAT_PEEK = '''"""Looks for the secret bits where the harness keeps them."""

import gc
from sparse_parity.methods.standard import init, predict, step

FOUND = [o for o in gc.get_objects() if "secret" in str(o)]
'''


def champion(before, after):
    return replace(f'METHOD = "{before}"', f'METHOD = "{after}"')


def tool(title, *edits, **changes):
    return message([text("Thinking aloud."), call({**proposal(title, *edits), **changes})], usage=USAGE)


def predicted(size, metric="dmd", direction="lower"):
    return {"metric": metric, "direction": direction, "size": size}


def wrong_metric(title):
    return tool(title, hidden(HIDDEN, HALF), prediction=predicted(None, metric="speed"))


NO_MATCH = tool("An edit of text that is not there", replace('"hidden": 777', '"hidden": 5'))
FAILS_TESTS = tool("An absurd learning rate", replace('"lr": 0.1', '"lr": 1e200'))
CHEAT = tool(
    "Look where the secret is kept",
    create("sparse_parity/methods/peek.py", CHEAT_PEEK),
    champion("row_fused", "peek"),
)
REFRESH = tool(
    "Keep the weights warm",
    create("sparse_parity/methods/refresh.py", CHEAT_REFRESH),
    champion("row_fused", "refresh"),
    prediction=predicted(0.3, metric="ard"),
)
ROWS = (create(FUSED, ROW_FUSED), champion("standard", "row_fused"))
# experiment -> answers, one a turn
SCRIPT = {
    1: [
        wrong_metric("Row-fused update"),
        tool("Row-fused update", *ROWS, prediction=predicted(0.4)),
    ],
    2: [CHEAT, CHEAT, CHEAT],
    3: [tool("Half the hidden units", hidden(HIDDEN, HALF), prediction=predicted(0.5), why=f"It says {KEY} here.")],
    4: [REFRESH],
    5: [NO_MATCH, FAILS_TESTS, tool("Four times the units", hidden(HALF, 4 * HALF), prediction=predicted(0.2))],
    6: [tool("Back again", hidden(HALF, HIDDEN), prediction=predicted(None))],
    7: [message([], "refusal", usage=USAGE, stop_details={"category": "frontier_llm", "explanation": "no"})],
    8: [tool("Skip dead rows", create(DEAD, DEAD_ROWS), champion("row_fused", "dead_rows"), prediction=predicted(0.9))],
}
ENDS = [
    ("baseline", "kept", "screen"),
    ("proposal", "kept", "confirm"),
    ("proposal", "invalid", "propose"),
    ("proposal", "kept", "confirm"),
    ("proposal", "discarded", "screen"),
    ("proposal", "discarded", "screen"),
    ("proposal", "invalid", "duplicate"),
    ("proposal", "invalid", "propose"),
    ("proposal", "kept", "confirm"),
]
REPAIRS = [0, 1, 2, 0, 0, 2, 0, 0, 0]


class Researcher:
    """Answers a request's body from the script. Refuses the key once, at the repair turn named by `outage`."""

    def __init__(self, outage=(5, 1)):
        self.outage = outage
        self.asked = []
        self.paid = 0
        self.watch = lambda: None

    def __call__(self, body):
        self.watch()
        words = body["messages"][0]["content"][0]["text"]
        number = int(re.match(r"# Experiment (\d+)", words)[1])
        turn = sum(each["role"] == "assistant" for each in body["messages"])
        self.asked.append((number, turn))
        if (number, turn) == self.outage:
            self.outage = None
            return failure(401, "authentication_error")
        self.paid += 1
        return SCRIPT[number][turn]


__all__ = ["CHAMPION", "DOLLARS", "ENDS", "REPAIRS", "SCRIPT", "Researcher"]
