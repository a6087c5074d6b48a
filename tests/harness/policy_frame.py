"""A module around which one hidden value is put at a time, for the tests of what the policy refuses."""

from harness.policy import check

CHAMPION = 'METHOD = "probe"\nHYPERPARAMETERS = {"lr": 0.1}\n'
PROBE = "sparse_parity/methods/probe.py"
MODEL = "def forward(state, x):\n    return x[0], x[1], 0.5\n\n\ndef dot(u, v):\n    return u[0] * v[0]\n"
HEAD = """import math
from sparse_parity.model import dot, forward
from sparse_parity.tracker import NO_TRACKER
SCALE = 2.0
def init(n_bits, k_sparse, hp, rng):
    return {"w": [rng.gauss(0.0, 0.1) for _ in range(n_bits)], "b": 0.0}
def predict(state, x, hp):
    return dot(state["w"], x)
def pair(a, b):
    return a, b
def note(state):
    state["b"] = 1.0
def draw(rng):
    return rng.random()
def step(state, x, y, hp, tracker=NO_TRACKER):
    xs = state["w"]
"""
FIRST = HEAD.count("\n") + 1


def refusals_of(source):
    return check({"sparse_parity/champion.py": CHAMPION, PROBE: source}, model=MODEL)


def assert_refused(source, line, fragment):
    found = refusals_of(source)
    hits = [refusal for refusal in found if refusal.line == line and fragment in str(refusal)]
    assert hits, [str(refusal) for refusal in found]
    assert str(found[0]).startswith(f"{PROBE}:{found[0].line}: ")
    assert "; write " in str(found[0])
