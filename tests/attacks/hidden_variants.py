"""Places where a number could lie unseen, each tried in several ways: how each ends.

A variant is lines of `step` (and lines before it) in the frame below; it is refused by the policy, or stops while it
runs on the meter, or what it does is counted: at least so many accesses more than the frame alone.
"""

from dataclasses import dataclass

FRAME = """import math
from sparse_parity.model import dot
from sparse_parity.tracker import NO_TRACKER
{top}

def init(n_bits, k_sparse, hp, rng):
    state = {{"w": [0.5] * n_bits, "m": [[0.5, 1.5], [2.5]], "b": 0.25, "sub": {{"v": [1.0], "t": 3}}, "flags": []}}
{init}
    return state


def predict(state, x, hp):
    return 1.0


def step(state, x, y, hp, tracker=NO_TRACKER):
    w, m, sub, flags = state["w"], state["m"], state["sub"], state["flags"]
    n = 6
    big = 4611686018427387904
{body}
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """One try. `fate` is policy, run or counted; `sign` a part of the refusal, or the least number of accesses."""

    place: str
    fate: str
    sign: str | int
    body: str = "pass"
    top: str = ""
    init: str = "pass"


def variants(place, *tries):
    """The tries at one place: (fate, sign, body, top, init)."""
    return tuple(Variant(place, *attempt) for attempt in tries)


POLICY, RUN, COUNTED = "policy", "run", "counted"
CONS = "def cons(a, b):\n    return a, b\n"

VARIANTS = (
    *variants(
        "tuples through returns",
        (POLICY, "this call returns a tuple", "c = cons(y, cons(n, big))", CONS),
        (POLICY, "this call returns a tuple", "a, b = cons(y, 0.0)\nc = [cons(a, b)]", CONS),
        (POLICY, "a tuple here", "p = 0\np = (y, p)"),
        (POLICY, "a tuple here", "c = (y, n) if y > 0.0 else (n, y)"),
        (POLICY, "a tuple is never held", "c = [p for p in zip(w, x)]"),
        (POLICY, "a tuple is never held", "c = max(zip(w, range(n)))"),
        (POLICY, "a tuple here", 'state["b"] = y, n'),
        (POLICY, "a tuple here", "for a in ((1, 2), (3, 4)):\n    pass"),
        (POLICY, "a tuple here", "a = b = (y, n)"),
        (POLICY, "this default", "c = f(y)", "def f(a, b=(1, 2)):\n    return a\n"),
    ),
    *variants(
        "integers beyond 64 bits",
        (POLICY, "beyond 64 bits", "v = 18446744073709551616"),
        (RUN, "at most 64 bits", "v = 1\nfor _ in w:\n    v = v * big + 7"),
        (RUN, "at most 64 bits", "v = 1\nfor _ in w:\n    v *= big"),
        (RUN, "at most 64 bits", "v = 1 << 90"),
        (RUN, "at most 64 bits", "v = 2\nv <<= 70"),
        (RUN, "at most 64 bits", "v = 10 ** 30"),
        (RUN, "at most 64 bits", "v = 10\nv **= 40"),
        (RUN, "at most 64 bits", "v = sum([big, big, big])"),
        (RUN, "at most 64 bits", "v = int(1e300)"),
        (RUN, "at most 64 bits", "v = math.floor(1e300)"),
        (RUN, "at most 64 bits", "v = round(1e300)"),
        (RUN, "at most 64 bits", "w[0] = big * 4"),
        (RUN, "at most 64 bits", 'sub["t"] = big * 4'),
        (RUN, "at most 64 bits", "w += [big * 4]"),
        (RUN, "at most 64 bits", "v = f(big * 4)", "def f(a):\n    return a % 97\n"),
        (RUN, "at most 64 bits", "v, a = f(big)", "def f(a):\n    return a * 4, 1\n"),
        (RUN, "at most 64 bits", "v, a = big * 4, 1"),
        (RUN, "at most 64 bits", "v: int = big * 4"),
        (RUN, "at most 64 bits", "v = a = big * 4"),
        (RUN, "at most 64 bits", "v = max(n, big * 4)"),
        (RUN, "at most 64 bits", "v = max([], default=big * 4)"),
        (RUN, "at most 64 bits", "for v in range(big * 4):\n    break"),
        (RUN, "at most 64 bits", "for v, a in enumerate(w, big * 3):\n    break"),
        (RUN, "at most 64 bits", "for v, a in enumerate(w, start=big * 2 - 1):\n    break"),
        (RUN, "at most 64 bits", "v = y > 0.0 and big * 4 or big * 8"),
        (RUN, "at most 64 bits", "v = big * 4 if y * y > 0.0 else 1"),
        (RUN, "at most 64 bits", "v = -(-big * 2)\nv = -v"),
        (RUN, "at most 64 bits", "v = -big * 2\nv = -v"),
        (RUN, "at most 64 bits", "v = abs(-big * 2)"),
        (RUN, "no real number", "v = (-2.0) ** 0.5"),
    ),
    *variants(
        "strings",
        (POLICY, "text is no value", 'v = "a" * n'),
        (POLICY, "an f-string", 'v = f"{y}"'),
        (POLICY, "text is no value", 'w[0] = "a"'),
        (POLICY, "calling str", "v = str(y)"),
        (POLICY, "the literal bytes", 'v = b"ab"'),
        (POLICY, "this default", "v = f(y)", 'def f(a, b="text"):\n    return a\n'),
        (POLICY, "this message", 'assert y, "a" * n'),
    ),
    *variants(
        "dict keys",
        (POLICY, "a record's key", "v = {y: 1.0}"),
        (POLICY, "a dict comprehension", "v = {i: a for i, a in enumerate(w)}"),
        (POLICY, "asking for a field", 'v = "w9" in state'),
        (POLICY, ".keys is not allowed", "for k in state.keys():\n    pass"),
        (RUN, "no such field", 'state["new"] = 1.0'),
        (POLICY, "** in a record", "v = {**sub}"),
    ),
    *variants(
        "sets",
        (POLICY, "a set is not allowed", "v = {y, n}"),
        (POLICY, "a set comprehension", "v = {a for a in w}"),
        (POLICY, "calling set", "v = set(w)"),
        (POLICY, "calling frozenset", "v = frozenset(w)"),
    ),
    *variants(
        "closures",
        (POLICY, "a lambda", "v = lambda: y"),
        (POLICY, "a nested def", "def inner():\n    return y"),
        (POLICY, "functions are not values", "v = [dot]"),
        (POLICY, "a class is not allowed", "class C:\n    pass"),
        (POLICY, "nonlocal", "nonlocal w"),
        (POLICY, "functions are not values", "v = dot if y > 0.0 else predict"),
    ),
    *variants(
        "default arguments",
        (POLICY, "this default", "pass", "def f(a, memo=[]):\n    memo.append(a)\n"),
        (POLICY, "this default", "pass", 'def f(a, memo={"k": 1.0}):\n    return a\n'),
        (POLICY, "this default", "pass", "def f(a, rng=1):\n    return a\n"),
        (POLICY, "this default", "pass", "def f(a, g=dot):\n    return a\n"),
    ),
    *variants(
        "generator frames",
        (POLICY, "a generator here", "v = (a for a in w)"),
        (POLICY, "a generator here", "v = [(a for a in w)]"),
        (POLICY, "yield is not allowed", "v = 1", "def f(a):\n    yield a\n"),
        (POLICY, "a generator here", "a, b = (v for v in w)"),
        (POLICY, "a generator here", "for a, b in ((v, v) for v in w):\n    pass"),
        (POLICY, "AsyncFunctionDef", "v = 1", "async def f(a):\n    return a\n"),
    ),
    *variants(
        "iterators in names",
        (POLICY, "iterators are not values", "v = range(3, n)"),
        (POLICY, "iterators are not values", "v = zip(w, x)"),
        (POLICY, "iterators are not values", "v = reversed(w)"),
        (POLICY, "iterators are not values", "v = [enumerate(w)]"),
        (POLICY, "calling iter", "v = iter(w)"),
        (POLICY, "iterators are not values", "v = a = range(n)"),
        (POLICY, "iterators are not values", "v: list = range(n)"),
        (POLICY, "iterators are not values", "v = max([], default=range(n))"),
    ),
    *variants(
        "recursion depth",
        (POLICY, "the recursion", "v = 1", "def f(a):\n    return f(a - 1)\n"),
        (POLICY, "the recursion", "v = 1", "def f(a):\n    return g(a)\ndef g(a):\n    return f(a)\n"),
        (POLICY, "the recursion", "step(state, x, y, hp)"),
        (POLICY, "functions are not values", "v = f(f)", "def f(a):\n    return a\n"),
    ),
    *variants(
        "exceptions",
        (POLICY, "try is not allowed", "try:\n    v = 1\nexcept IndexError:\n    v = 2"),
        (POLICY, "raise is not allowed", "raise ValueError"),
        (POLICY, "with is not allowed", "with w:\n    pass"),
        (RUN, "AssertionError", "assert y > 2.0, 'nothing of this comes out'"),
        (POLICY, "this message", "assert y, w"),
    ),
    *variants(
        "module globals",
        (POLICY, "CACHE is not a number literal", "v = 1", "CACHE = []"),
        (POLICY, "global is not allowed", "global CACHE\nCACHE = y", "CACHE = 1.0"),
        (POLICY, "hides a name of the module", "CACHE += y", "CACHE = 1.0"),
        (POLICY, "hides a name of the module", "for CACHE in w:\n    pass", "CACHE = 1.0"),
        (POLICY, "CACHE is not a number literal", "v = 1", "CACHE: list = []"),
        (POLICY, "'math' is not known", "v = [math]"),
    ),
    *variants(
        "function attributes",
        (POLICY, "assigning to an attribute", "dot.memo = y"),
        (POLICY, ".memo is not allowed", "v = dot.memo"),
        (POLICY, ".__dict__ is not allowed", "v = dot.__dict__"),
        (POLICY, "assigning to an attribute", "math.pi = y"),
        (POLICY, "calling setattr", 'setattr(dot, "memo", y)'),
        (POLICY, "assigning to an attribute", "w.memo = y"),
    ),
    *variants(
        "float mantissas",
        (POLICY, "math.frexp is not allowed", "v = math.frexp(y)"),
        (POLICY, ".hex is not allowed", "v = y.hex()"),
        (RUN, "TypeError", "v = y | 1"),
        (RUN, "TypeError", "v = int(y) ^ y"),
        (COUNTED, 2, "v = int(w[0] * 4503599627370496.0) & 1023\nw[0] += v * 1e-12"),
    ),
    *variants(
        "identity and order",
        (POLICY, "identity can carry numbers", "v = w is x"),
        (POLICY, "calling id", "v = id(w)"),
        (POLICY, "calling hash", "v = hash(y)"),
        (RUN, "not compared", 'v = state["sub"] == sub'),
        (RUN, "not compared", 'v = sub != state["sub"]'),
        (RUN, "not compared", "v = sub < sub"),
        (RUN, "neither true nor false", "if sub:\n    pass"),
        (RUN, "neither true nor false", "v = not sub"),
        (RUN, "neither true nor false", "v = sub or 1.0"),
        (RUN, "TypeError", "v = m[0] < m[1]"),
        (RUN, "TypeError", "v = sorted(m)"),
        (RUN, "TypeError", "v = max(m)"),
        (RUN, "TypeError", "v = y in sub"),
        (RUN, "a record has no order", "a, b = sub"),
        (RUN, "a record has no order", "for a in sub:\n    pass"),
        (COUNTED, 2, "v = m[0] == m[1]"),
    ),
    *variants(
        "the random generator",
        (POLICY, "has no parameter rng", "v = rng.random()"),
        (POLICY, "rng here is not allowed", "pass", "", 'state["b"] = rng'),
        (POLICY, "rng.getstate is not allowed", "pass", "", "a = rng.getstate()"),
        (POLICY, "rng.seed is not allowed", "pass", "", "rng.seed(1)"),
        (POLICY, "rng.getrandbits is not allowed", "pass", "", "a = rng.getrandbits(9999)"),
        (RUN, "at most 64 bits", "pass", "", "a = rng.randrange(10 ** 18 * 10 ** 18)"),
        (POLICY, "rng here is not allowed", "pass", "", "a = b = rng"),
    ),
    *variants(
        "lengths of lists",
        (COUNTED, 3, "flags.append(y)\nv = len(flags)"),
        (COUNTED, 2, "flags += [y]"),
        (COUNTED, 1, "if flags:\n    pass"),
        (COUNTED, 1, "for v in flags:\n    break"),
        (COUNTED, 1, "for v in m:\n    break"),
        (COUNTED, 2, "if flags[:1]:\n    pass"),
        (COUNTED, 2, "v = len(flags * 1)"),
        (COUNTED, 2, "v = len(flags + [])"),
        (COUNTED, 1, "v = flags == []"),
        (COUNTED, 1, "v = sum(flags)"),
        (COUNTED, 1, "v = y in flags"),
        (COUNTED, 1, "v = flags.count(y)"),
        (COUNTED, 1, "v = any(row == flags for row in m)"),
        (COUNTED, 1, "v = max(flags, default=1.0)"),
    ),
    *variants(
        "nesting and kinds",
        (RUN, "numbers or rows, not both", "a = [y]\na.append([y])"),
        (RUN, "compared with a list only", "v = m[0] == y"),
        (RUN, "compared with a list only", "v = y in m"),
        (RUN, "compared with a list only", "v = m.count(y)"),
        (RUN, "compared with a list only", "v = m.index(y)"),
        (RUN, "compared with a list only", "v = w != sub"),
        (RUN, "keep it so", 'state["b"] = [y]'),
        (RUN, "keep it so", 'state["w"] = y'),
        (RUN, "keep it so", 'state["sub"] = [y]'),
        (RUN, "a record", "a = [sub]"),
        (RUN, "TypeError", "for a, b in w:\n    pass"),
        (COUNTED, 4, "m.append([])\nm.pop()"),
    ),
    *variants(
        "references to shared boxes",
        (RUN, "one list or record at a time", "a = [m[0]]"),
        (RUN, "one list or record at a time", "a = [y]\nb = [a, a]"),
        (RUN, "one list or record at a time", "m[0] = m[1]"),
        (RUN, "held once", "a = [[y]] * 2"),
        (RUN, "held by one record at a time", 'a = {"r": sub}'),
        (RUN, "one list or record at a time", 'state["w"] = m[0]'),
        (RUN, "one list or record at a time", "m.append(m)"),
        (RUN, "one list or record at a time", 'state["w"] = x'),
        (RUN, "keeps its length", "x.append(y)"),
        (RUN, "one list or record at a time", "a = m[:1]"),
        (RUN, "one list or record at a time", "a = m + m"),
    ),
    *variants(
        "which row lies where",
        (COUNTED, 2, "m.append(m.pop(0))"),
        (COUNTED, 2, "m.reverse()"),
        (COUNTED, 2, "a = m.pop()\nm.insert(0, a)"),
        (COUNTED, 2, "a, b = m.pop(), m.pop()\nm.append(a)\nm.append(b)"),
        (COUNTED, 4, "m.append([y])\nm[0] = m.pop()"),
        (COUNTED, 1, "v = m[0][0]"),
        (COUNTED, 2, "for a in m:\n    v = a[0]"),
    ),
    *variants(
        "fields of records",
        (COUNTED, 2, 'sub["t"] += 1'),
        (COUNTED, 3, 'a = {"u": y, "v": n, "z": 0.0}'),
        (COUNTED, 4, 'state["sub"] = {"v": [y], "t": 4}'),
        (COUNTED, 1, 'v = sub["t"]'),
        (RUN, "no such field", 'v = sub["other"]'),
        (RUN, "TypeError", 'sub["v"] = {"a": 1.0}["a"] > 0.0'),
    ),
    *variants(
        "hyperparameters",
        (POLICY, "assigning to hp", 'hp["lr"] = y'),
        (POLICY, "hp here is not allowed", "a = hp"),
        (POLICY, "this argument for 'hp'", 'a = predict(state, x, {"lr": y})'),
        (POLICY, "hp here is not allowed", 'state["b"] = hp'),
        (POLICY, "a hyperparameter's key", "v = hp[n]"),
        (POLICY, "hp here is not allowed", "a, b = hp"),
    ),
    *variants(
        "containers made in C",
        (POLICY, "assigning to a starred", "a, *b = w"),
        (POLICY, "a starred expression", "a = [*w]"),
        (POLICY, "as this loop target", "for a, *b in m:\n    pass"),
        (POLICY, "rng.sample is not allowed", "pass", "", "a = rng.sample(range(9), 3)"),
        (POLICY, "rng.choices is not allowed", "pass", "", "a = rng.choices([1.0, 2.0], k=9)"),
        (POLICY, "calling tuple", "a = tuple(w)"),
        (POLICY, "calling map", "a = list(map(abs, w))"),
        (POLICY, "calling bytearray", "a = bytearray(9)"),
        (COUNTED, 13, "a = list(w)"),
        (COUNTED, 13, "a = sorted(w)"),
        (COUNTED, 7, "a = w[:3]"),
        (COUNTED, 13, "a = w * 1"),
        (COUNTED, 13, "a = w + []"),
        (COUNTED, 9, "a = [y] * 8"),
        (COUNTED, 3, "a, b = m[0]"),
        (COUNTED, 13, "a = w.copy()"),
    ),
    *variants(
        "readers in C",
        (COUNTED, 7, "v = sum(w)"),
        (COUNTED, 7, "v = sum(w, 0.0)"),
        (COUNTED, 7, "v = max(w)"),
        (COUNTED, 7, "v = min(w, default=0.0)"),
        (COUNTED, 1, "v = any(w)"),
        (COUNTED, 7, "v = all(w)"),
        (COUNTED, 7, "v = w.count(y)"),
        (COUNTED, 1, "v = w.index(0.5)"),
        (COUNTED, 7, "v = 9.0 in w"),
        (COUNTED, 12, "v = sum(a * b for a, b in zip(w, x))"),
        (COUNTED, 14, "v = w == x[::1]"),
        (COUNTED, 12, "w[:] = x[:]"),
        (POLICY, "math.fsum is not allowed", "v = math.fsum(w)"),
        (POLICY, "math.dist is not allowed", "v = math.dist(w, x)"),
        (POLICY, "math.prod is not allowed", "v = math.prod(w)"),
        (POLICY, "math.hypot with 3", "v = math.hypot(1.0, 2.0, 3.0)"),
    ),
    *variants(
        "names of a function",
        (POLICY, "registers are not memory", "\n".join(f"r{i} = w[{i % 6}]" for i in range(32))),
        (POLICY, "registers are not memory", ", ".join(f"r{i}" for i in range(40)) + " = w"),
        (POLICY, "registers are not memory", "for " + ", ".join(f"r{i}" for i in range(40)) + " in m:\n    pass"),
        (POLICY, "registers are not memory", "a = f(" + ", ".join("y" for _ in range(40)) + ")",
         "def f(" + ", ".join(f"r{i}" for i in range(40)) + "):\n    return r0\n"),
    ),
    *variants(
        "values that wait",
        (POLICY, "values wait here", ", ".join(f"w[{i % 6}]" for i in range(40)) + " = "
         + ", ".join(f"x[{i % 6}]" for i in range(40))),
        (POLICY, "values wait here", "a = max(" + ", ".join(f"w[{i % 6}]" for i in range(40)) + ")"),
        (POLICY, "values wait here", "a = " + "(".join(f"w[{i % 6}] + " for i in range(34)) + "y" + ")" * 33),
        (POLICY, "values wait here", "a = [" + ", ".join(f"w[{i % 6}]" for i in range(40)) + "] * n"),
        (POLICY, "values wait here", "a = {" + ", ".join(f'"f{i}": w[{i % 6}]' for i in range(40)) + "}"),
    ),
    *variants(
        "numbers that loops keep",
        (POLICY, "values wait here", "a = sum(1 for a, n in zip(range(n, big), range(2))"
         + " for a, n in zip(range(a * a + n, big), range(2 - 2 * n))" * 40 + ")"),
        (POLICY, "values wait here", "a = [1 for a in range(n, big)" + " for a in range(a * a, big)" * 40 + "]"),
        (POLICY, "values wait here", "".join(f"{'    ' * d}for n in range(n, big, n * n):\n" for d in range(12))
         + f"{'    ' * 12}n += 1"),
        (POLICY, "values of at most 128", "a = f0(y)", "".join(
            f"def f{d}(v):\n" + "".join(f"{'    ' * k}for v in range(v, v + 2):\n" for k in range(1, 14))
            + f"{'    ' * 14}v = {f'f{d + 1}(v)' if d < 5 else 'v'}\n    return v\n\n\n" for d in range(6))),
    ),
)
