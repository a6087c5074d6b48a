"""Whatever is spliced into a learner, what the policy still accepts holds no value in a hidden place."""

import ast
import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.policy import check

MODEL = "def dot(u, v):\n    return u[0] * v[0]\n\n\ndef forward(state, x):\n    return x, x, 0.5\n"
LEARNER = """from sparse_parity.model import dot, forward
from sparse_parity.tracker import NO_TRACKER

def init(n_bits, k_sparse, hp, rng):
    return {"w": [rng.gauss(0.0, 0.1) for _ in range(n_bits)], "b": 0.0}

def predict(state, x, hp):
    return sum(w * v for w, v in zip(state["w"], x)) + state["b"]

def both(a, b):
    return a + b, a - b

def step(state, x, y, hp, tracker=NO_TRACKER):
    h_pre, h, out = forward(state, x)
    low, high = both(out, y)
    tracker.read("w", len(x))
    w = state["w"]
    for i, (p, v) in enumerate(zip(w, x)):
        w[i] = p + hp["lr"] * max(low, high) * v
    w[0], w[-1] = w[-1], w[0]
    if all(v > 0.0 for v in x) and dot(w, x) < 0.0:
        w.append(sorted(x)[0])
"""
ITERATORS = {"zip", "enumerate", "range", "reversed"}
CONSUMERS = {"sum", "max", "all", "sorted", "list"}
FUNCTIONS = ITERATORS | CONSUMERS | {"dot", "forward", "both", "predict", "len"}
STRANGE = """(1, 2)|both(y, y)|zip(x, x)|enumerate(x)|range(3)|(v for v in x)|sum|hp|rng|tracker|NO_TRACKER
lambda: 1|{1}|"text"|None|dot|state|state["w"]|reversed(x)|list(zip(x, x))|[v for v in zip(x, x)]|x.pop
x if y else (1, 2)|[*x]|list(v for v in x)|max(range(3))|{"k": y}|x[1:]|y and x|(yield)|f"{y}"|hp["lr"]
x.copy()|rng.random()"""
PIECES = [piece for line in STRANGE.split("\n") for piece in line.split("|")]
PIECES += [ast.unparse(node) for node in ast.walk(ast.parse(LEARNER)) if isinstance(node, ast.expr)]
PLACES = [
    (number, field, place)
    for number, node in enumerate(ast.walk(ast.parse(LEARNER)))
    for field, value in ast.iter_fields(node)
    for place, part in enumerate(value if isinstance(value, list) else [value])
    if isinstance(part, ast.expr)
]


def splice(places):
    tree = ast.parse(LEARNER)
    nodes = list(ast.walk(tree))
    for (number, field, place), piece in places:
        new = copy.deepcopy(ast.parse(f"({piece})", mode="eval").body)
        value = getattr(nodes[number], field)
        if isinstance(value, list):
            value[place] = new
        else:
            setattr(nodes[number], field, new)
    return ast.unparse(tree)


def hidden_values(tree):
    """Independent of the policy: each tuple, iterator, text or function that stands where values are kept."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for node in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.AST) and not is_in_place(node, parent, field):
                    yield ast.unparse(parent)


def is_in_place(node, parent, field):
    consumed = isinstance(parent, ast.Call) and field == "args" and called(parent) in CONSUMERS
    unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)
    if isinstance(node, ast.Tuple):
        return isinstance(parent, ast.Return) or unpacked or isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.GeneratorExp):
        return consumed and len(parent.args) == 1
    if isinstance(node, ast.Call) and called(node) in ITERATORS:
        return field == "iter" or consumed or called(parent) in ITERATORS
    if isinstance(node, ast.Call) and called(node) in ("both", "forward"):
        return unpacked or isinstance(parent, ast.Expr)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return field in ("slice", "keys") or called_on(parent) == "tracker"
    if isinstance(node, ast.Name) and node.id in FUNCTIONS:
        return field == "func"
    if isinstance(node, ast.Name) and node.id in ("rng", "tracker"):
        return isinstance(parent, ast.Attribute | ast.Call)
    return not isinstance(node, ast.Lambda | ast.Set | ast.Yield | ast.Starred | ast.JoinedStr)


def called(node):
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def called_on(node):
    func = node.func if isinstance(node, ast.Call) else None
    return func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""


def accepts(source):
    champion = 'METHOD = "probe"\nHYPERPARAMETERS = {"lr": 0.1}\n'
    sources = {"sparse_parity/champion.py": champion, "sparse_parity/methods/probe.py": source}
    return not check(sources, model=MODEL)


def test_the_learner_is_accepted_before_anything_is_spliced_in():
    assert accepts(LEARNER)
    assert not list(hidden_values(ast.parse(LEARNER)))


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(PIECES)), min_size=1, max_size=2))
def test_nothing_accepted_keeps_a_value_in_a_hidden_place(places):
    source = splice(places)
    if accepts(source):
        assert not list(hidden_values(ast.parse(source))), source
