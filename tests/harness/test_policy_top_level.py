"""Every statement at the top level that hides a value is refused, and every def that is no plain function."""

import pytest

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


# Source after the frame, line within it, fragment of the message.
OUTSIDE = [
    ("class Cell:\n    pass", 1, "ClassDef at the top level"),
    ("async def f():\n    pass", 1, "AsyncFunctionDef at the top level"),
    ("if SCALE:\n    import math", 1, "If at the top level"),
    ("try:\n    import math\nexcept ImportError:\n    pass", 1, "Try at the top level"),
    ("for i in range(3):\n    pass", 1, "For at the top level"),
    ("print(1)", 1, "Expr at the top level"),
    ('"text"', 1, "Expr at the top level"),
    ("X: float", 1, "this assignment at the top level"),
    ("X: dot(1, 2) = 1.0", 1, "this annotation"),
    ("X: list = []", 1, "X is not a number literal"),
    ("SCALE += 1", 1, "AugAssign at the top level"),
    ("SCALE = 3", 1, "'SCALE' is given twice"),
    ("CACHE = []", 1, "CACHE is not a number literal"),
    ("CACHE = {}", 1, "CACHE is not a number literal"),
    ('NAME = "text"', 1, "NAME is not a number literal"),
    ("X = 1 + 1", 1, "X is not a number literal"),
    ("X = SCALE", 1, "X is not a number literal"),
    ("X = dot", 1, "X is not a number literal"),
    ("A = B = 1", 1, "this assignment at the top level"),
    ("math = 1", 1, "'math' is given twice"),
    ("NO_TRACKER = 1", 1, "'NO_TRACKER' is given twice"),
    ("def rng(a):\n    return a", 1, "'rng' is taken"),
    ("A, B = 1, 2", 1, "this assignment at the top level"),
    ("hp = 1", 1, "'hp' is taken"),
    ("len = 1", 1, "hides a builtin"),
    ("__X = 1", 1, "'__X' is not allowed"),
    ("import os", 1, "import os is not allowed"),
    ("import math as m", 1, "import math as is not allowed"),
    ("import math, sys", 1, "import sys is not allowed"),
    ("import sparse_parity.model", 1, "import sparse_parity.model is not allowed"),
    ("from math import sqrt", 1, "importing from math is not allowed"),
    ("from os import path", 1, "importing from os is not allowed"),
    ("from __future__ import annotations", 1, "importing from __future__"),
    ("from harness.memory_trace import Meter", 1, "importing from harness.memory_trace"),
    ("from . import standard", 1, "importing from . is not allowed"),
    ("from .standard import step2", 1, "importing from .standard is not allowed"),
    ("from sparse_parity import model", 1, "importing from sparse_parity is not allowed"),
    ("from sparse_parity.methods import standard", 1, "importing from sparse_parity.methods is"),
    ("from sparse_parity.model import *", 1, "a star import"),
    ("from sparse_parity.model import dot as d", 1, "import ... as is not allowed"),
    ("from sparse_parity.model import missing", 1, "has no function or constant 'missing'"),
    ("from sparse_parity.model import math", 1, "'math' is given twice"),
    ("from sparse_parity.methods.gone import f", 1, "has no function or constant 'f'"),
    ("from sparse_parity.tracker import MemTracker", 1, "importing MemTracker from the tracker"),
    ("from sparse_parity.data import draw_instance", 1, "importing from sparse_parity.data"),
    ("@dot\ndef f(a):\n    return a", 1, "a decorator"),
    ("def f(a, b=SCALE):\n    return a", 1, "this default for 'b'"),
    ("def f(a, b=1 + 1):\n    return a", 1, "this default for 'b'"),
    ("def f(a, b=None):\n    return a", 1, "this default for 'b'"),
    ('def f(a, b="t"):\n    return a', 1, "this default for 'b'"),
    ("def f(a, b=()):\n    return a", 1, "this default for 'b'"),
    ("def f(a=[]):\n    return a", 1, "this default for 'a'"),
    ("def f(tracker=dot):\n    return 1", 1, "this default for 'tracker'"),
    ("def f(tracker=0):\n    return 1", 1, "this default for 'tracker'"),
    ("def f(hp=0):\n    return 1", 1, "this default for 'hp'"),
    ("def f(a=18446744073709551616):\n    return a", 1, "this default for 'a'"),
    ("def f(*a):\n    return 1", 1, "the parameter 'a' is starred"),
    ("def f(**a):\n    return 1", 1, "the parameter 'a' is starred"),
    ("def f(*, a):\n    return 1", 1, "the parameter 'a' is starred"),
    ("def f(a, /):\n    return 1", 1, "the parameter 'a' is starred"),
    ("def f(len):\n    return 1", 1, "hides a builtin"),
    ("def f(math):\n    return 1", 1, "hides a module's name"),
    ("def f(dot):\n    return 1", 1, "hides a name of the module"),
    ("def f(_at):\n    return 1", 1, "'_at' is not allowed"),
    ("def f(a, a):\n    return 1", 1, "duplicate argument"),
    ("def __getattr__(a):\n    return 1", 1, "'__getattr__' is not allowed"),
    ("def sum(a):\n    return 1", 1, "hides a builtin"),
    ("def dot(a):\n    return 1", 1, "'dot' is given twice"),
    ('def f(a: "dot(1)"):\n    return 1', 1, "this annotation"),
    ("def f(a: dot(1, 2)):\n    return 1", 1, "this annotation"),
    ("def f(a) -> math.inf:\n    return 1", 1, "this annotation"),
    ("def f(a):\n    return f(a)", 2, "the recursion probe.f -> probe.f"),
    ("def f(a):\n    return g(a)\n\n\ndef g(a):\n    return f(a)", 2, "probe.f -> probe.g -> probe.f"),
    ("def f(a):\n    if a:\n        return 1", 2, "can end without its return"),
    ("def f(a):\n    while a:\n        return 1", 2, "can end without its return"),
    ("def f(a):\n    if a:\n        return\n    return 1", 3, "returns different shapes"),
    ("def f(a):\n    if a:\n        return 1\n    return 1, 2", 3, "returns different shapes"),
    ("def f(a):\n    return 1,", 2, "returns different shapes"),
    ("def f(a):\n    return ()", 2, "returns different shapes"),
    ("def f(a):\n    return 1, (2, 3)", 2, "a tuple here"),
    ("def cons(a, b):\n    return a, pair(b, b)", 2, "this call returns a tuple"),
    ("def f(a):\n    return pair(a, a)", 2, "this call returns a tuple"),
    ("def f(a):\n    return None", 2, "the literal NoneType"),
    ("def f(rng):\n    return rng", 2, "rng here is not allowed"),
    ("def f(rng):\n    a = rng\n    return 1", 2, "rng here is not allowed"),
    ('def f(rng):\n    return {"r": rng}', 2, "rng here is not allowed"),
    ("def f(rng, a):\n    return dot(rng, a)", 2, "rng here is not allowed"),
    ("def f(rng, xs):\n    return rng.choice(xs)", 2, "write xs[rng.randrange(len(xs))]"),
    ("def f(rng, xs):\n    rng.shuffle(xs)", 2, "write swaps with rng.randrange"),
    ("def f(rng):\n    return rng.getstate()", 2, "rng.getstate is not allowed"),
    ("def f(rng):\n    return rng.getrandbits(9999)", 2, "rng.getrandbits is not allowed"),
    ("def f(rng):\n    return rng.random", 2, "rng.random is not allowed"),
    ("def f(a):\n    return hp[a]", 2, "hp here is not allowed"),
]


@pytest.mark.parametrize(("text", "line", "fragment"), OUTSIDE, ids=[case[0][:40] for case in OUTSIDE])
def test_refuses_at_the_top_level(text, line, fragment):
    assert_refused(f"{HEAD}{text}\n", FIRST - 1 + line, fragment)
