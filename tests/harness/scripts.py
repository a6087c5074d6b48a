"""Scripted proposals for the task `tiny`, one for every stage that can end an experiment, and the files they go into.

The order matters to those after KEPT: they search for what it left.
"""

import json

from tests.harness.project import HIDDEN

CHAMPION = "sparse_parity/champion.py"
HALF = HIDDEN // 2
PICKY = '''"""A linear method that divides by zero where the contract tests do not look: at ten bits."""

from sparse_parity.tracker import NO_TRACKER


def init(n_bits, k_sparse, hp, rng):
    return {"w": [0.0] * n_bits}


def predict(state, x, hp):
    total = 0.0
    for w, a in zip(state["w"], x):
        total += w * a
    return total


def step(state, x, y, hp, tracker=NO_TRACKER):
    state["w"][0] += x[0] * y / (len(x) - 10)
'''


def proposal(title, *edits, metric="dmd", why="Each unit is read and written once a sample."):
    return {
        "title": title,
        "hypothesis": "A smaller layer learns the task in as many samples, so that DMD falls.",
        "why": why,
        "prediction": {"metric": metric, "direction": "lower", "size": None},
        "edits": list(edits),
    }


def replace(search, text, path=CHAMPION):
    return {"kind": "replace", "path": path, "search": search, "text": text}


def create(path, text):
    return {"kind": "create", "path": path, "text": text}


def hidden(before, after):
    return replace(f'"hidden": {before}', f'"hidden": {after}')


KEPT = proposal("Half the hidden units", hidden(HIDDEN, HALF))
DISCARDED = proposal("Four times the units", hidden(HALF, 4 * HALF))
UNUSABLE = {"error": "the answer held no proposal"}
NO_MATCH = proposal("An edit of what is not there", replace("no such text", "x"))
POLICY = proposal("A method that imports os", create("sparse_parity/methods/loud.py", "import os\n"))
DUPLICATE = proposal("Back to the baseline", hidden(HALF, HIDDEN))
TESTS = proposal("An absurd learning rate", replace('"lr": 0.1', '"lr": 1e200'))
SCREEN = proposal(
    "A method that divides by zero",
    create("sparse_parity/methods/picky.py", PICKY),
    replace('"standard"', '"picky"'),
)
INCONCLUSIVE = proposal("A slightly higher learning rate", replace('"lr": 0.1', '"lr": 0.11'))
FUSED = proposal("The fused order", replace('"standard"', '"fused"'))
KEPT_TOO = proposal("Half of them again", hidden(HALF, HALF // 2))
EVERY_END = [KEPT, DISCARDED, UNUSABLE, NO_MATCH, POLICY, DUPLICATE, TESTS, SCREEN, KEPT_TOO, INCONCLUSIVE]


def write_script(path, entries):
    """The entries as a script for `--proposer scripted`; its path."""
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path
