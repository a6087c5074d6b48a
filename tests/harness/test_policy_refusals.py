"""Every construct inside a function that hides a value is refused, at its line, by name."""

import pytest

from harness.policy import check, check_module
from harness.policy.words import ACTIONS, ANSWERS
from tests.harness.policy_frame import CHAMPION, FIRST, HEAD, MODEL, PROBE, assert_refused, refusals_of


def in_step(body):
    return HEAD + "".join(f"    {line}\n" for line in body.split("\n"))


def test_the_frame_of_these_cases_is_accepted():
    assert refusals_of(HEAD) == ()


# Statements and expressions inside a function: source, line within it, fragment of the message.
INSIDE = [
    ("f = lambda a: a", 1, "a lambda is not allowed"),
    ("xs.append(\n    (lambda: 1)())", 2, "calling a lambda"),
    ("def inner():\n    return 1", 1, "a nested def"),
    ("class Cell:\n    pass", 1, "a class is not allowed"),
    ("global SCALE", 1, "global is not allowed"),
    ("nonlocal xs", 1, "nonlocal is not allowed"),
    ("try:\n    a = 1\nexcept ValueError:\n    a = 2", 1, "try is not allowed"),
    ("try:\n    a = 1\nexcept* ValueError:\n    a = 2", 1, "try is not allowed"),
    ("raise ValueError", 1, "raise is not allowed"),
    ("assert xs, y", 1, "this message is not allowed"),
    ("assert (xs, y)", 1, "a tuple here"),
    ('assert xs, f"{y}"', 1, "this message is not allowed"),
    ("with xs:\n    pass", 1, "with is not allowed"),
    ("del xs[0]", 1, "del is not allowed"),
    ("match y:\n    case 1:\n        pass", 1, "match is not allowed"),
    ("import math", 1, "an import inside a function"),
    ("from math import sqrt", 1, "an import inside a function"),
    ("a: float", 1, "this annotated assignment"),
    ("xs[0]: float = 1.0", 1, "this annotated assignment"),
    ("a: dot(xs, x) = 1.0", 1, "this annotation"),
    ("a: tuple = (1, 2)", 1, "a tuple here"),
    ("yield 1", 1, "yield is not allowed"),
    ("yield from xs", 1, "yield is not allowed"),
    ("a = yield", 1, "yield is not allowed"),
    ("async for a in xs:\n    pass", 1, "AsyncFor is not allowed"),
    ("async with xs:\n    pass", 1, "AsyncWith is not allowed"),
    ("a = [b async for b in xs]", 1, "async is not allowed"),
    ("a = await xs", 1, "Await is not allowed"),
    ("a = xs[0] = 1", 1, "this chained assignment"),
    ("a = b, c = pair(1, 2)", 1, "this chained assignment"),
    ("a = b = (1, 2)", 1, "a tuple here"),
    ("a = b = zip(xs, x)", 1, "iterators are not values"),
    ("if (a := 1) > 0:\n    pass", 1, "the walrus"),
    ("a = [*xs]", 1, "a starred expression"),
    ("a, *b = xs", 1, "a starred"),
    ("a = max(*xs)", 1, "a starred expression"),
    ("a = dot(*xs)", 1, "does not fit dot"),
    ("a = dot(**hp)", 1, "does not fit dot"),
    ('a = f"{y}"', 1, "an f-string"),
    ('a = b"bytes"', 1, "the literal bytes"),
    ("a = 2j", 1, "the literal complex"),
    ("a = ...", 1, "the literal ellipsis"),
    ("a = None", 1, "the literal NoneType"),
    ("a = 9223372036854775808", 1, "beyond 64 bits"),
    ("a = 0x" + "f" * 400, 1, "beyond 64 bits"),
    ('a = "text"', 1, "text is no value"),
    ('if y == "text":\n    pass', 1, "text is no value"),
    ('a = "x".join(xs)', 1, ".join is not allowed"),
    ('a = "%d" % y', 1, "text is no value"),
    ("a = {1, 2}", 1, "a set is not allowed"),
    ("a = {b for b in xs}", 1, "a set comprehension"),
    ("a = {b: 1 for b in xs}", 1, "a dict comprehension"),
    ("a = {1: 2}", 1, "a record's key must be a plain literal name"),
    ("a = {y: 2}", 1, "a record's key must be a plain literal name"),
    ('a = {"__class__": 2}', 1, "a record's key must be a plain literal name"),
    ('a = {"k": 2, "k": 3}', 1, "a key twice"),
    ("a = {**state}", 1, "** in a record"),
    ("a = (1, 2)", 1, "a tuple here"),
    ("a = ()", 1, "a tuple here"),
    ("a = [(1, 2)]", 1, "a tuple here"),
    ("a = xs[0, 1]", 1, "a tuple here"),
    ("a = dot((1, 2), xs)", 1, "a tuple here"),
    ("xs[0] = 1, 2", 1, "a tuple here"),
    ("a, b = 1, (2, 3)", 1, "a tuple here"),
    ("a = pair(1, pair(2, 3))", 1, "this call returns a tuple"),
    ("a = pair(1, 2)", 1, "this call returns a tuple"),
    ("xs[0] = pair(1, 2)", 1, "this call returns a tuple"),
    ("a = forward(state, x)", 1, "this call returns a tuple"),
    ("a, b = forward(state, x)", 1, "this call returns 3 values and 2 names take them"),
    ("a, b = note(state)", 1, "this call returns no values"),
    ("a, b = 1, 2, 3", 1, "unpacking this into 2"),
    ("a, b = zip(xs, x)", 1, "iterators are not values"),
    ("a, b = (c for c in xs)", 1, "a generator here"),
    ("a, b = hp", 1, "hp here is not allowed"),
    ("(a,) = (1,)", 1, "unpacking this into 1"),
    ("[a, b] = pair(1, 2)", 1, "assigning to a list"),
    ("(a, b), c = pair(1, 2)", 1, "assigning to a tuple"),
    ("a = note(state)", 1, "this call returns nothing"),
    ("a = xs.append(1)", 1, ".append is not allowed"),
    ("a = (b for b in xs)", 1, "a generator here"),
    ("a = dot((b for b in xs), x)", 1, "a generator here"),
    ("a = max((b for b in xs), 1)", 1, "a generator here"),
    ("for a in (b for b in xs):\n    pass", 1, "a generator here"),
    ("xs.extend(b for b in x)", 1, "a generator here"),
    ("a = range(3)", 1, "iterators are not values"),
    ("a = [range(3)]", 1, "iterators are not values"),
    ("a = dot(zip(xs, x), x)", 1, "iterators are not values"),
    ("a = len(range(3))", 1, "iterators are not values"),
    ("a = enumerate(xs)", 1, "iterators are not values"),
    ("xs.extend(reversed(x))", 1, "iterators are not values"),
    ("a = list(zip(xs, x))", 1, "a tuple is never held"),
    ("a = max(enumerate(xs))", 1, "a tuple is never held"),
    ("for a in zip(xs, x):\n    pass", 1, "a tuple is never held"),
    ("a = [p for p in enumerate(xs)]", 1, "a tuple is never held"),
    ("for i, p in enumerate(zip(xs, x)):\n    pass", 1, "a tuple is never held"),
    ("for a in zip(xs):\n    pass", 1, "zip with 1 arguments"),
    ("for a, b in range(3):\n    pass", 1, "as this loop target"),
    ("for a, (b, c) in xs:\n    pass", 1, "as this loop target"),
    ("for a, *b in xs:\n    pass", 1, "as this loop target"),
    ("for a, xs[0] in xs:\n    pass", 1, "as this loop target"),
    ("for [a, b] in xs:\n    pass", 1, "as this loop target"),
    ("for () in xs:\n    pass", 1, "as this loop target"),
    ("for xs[0] in x:\n    pass", 1, "as this loop target"),
    ("for a, *b in zip(xs, x):\n    pass", 1, "as this loop target"),
    ("for a in reversed(zip(xs, x)):\n    pass", 1, "reversed of an iterator"),
    ("for a, b in zip(xs, x, strict=y):\n    pass", 1, "zip(strict=...)"),
    ("a = iter(xs)", 1, "calling iter"),
    ("a = next(xs)", 1, "calling next"),
    ("a = dot", 1, "dot without a call"),
    ("a = [pair, dot]", 1, "functions are not values"),
    ("a = dot(dot, xs)", 1, "functions are not values"),
    ("a = sum", 1, "sum without a call"),
    ("a = [math.sqrt]", 1, "math.sqrt without a call"),
    ("a = xs.pop", 1, ".pop is not allowed"),
    ("a = sorted(xs, key=abs)", 1, "sorted(key=...)"),
    ("a = sorted(xs, reverse=y)", 1, "sorted(reverse=...)"),
    ("xs.sort(key=abs)", 1, "sort(key=...)"),
    ("a = max(xs, default=(1, 2))", 1, "a tuple here"),
    ("a = max(xs, default=dot)", 1, "functions are not values"),
    ("a = max(xs, x, default=0)", 1, "max(default=...)"),
    ("a = max(xs, key=abs)", 1, "max(key=...)"),
    ("a = sum(xs, [])", 1, "sum with this start"),
    ("a = sum(xs, y)", 1, "sum with this start"),
    ("a = sum(zip(xs, x), 0.0)", 1, "a tuple is never held"),
    ("for i, v in enumerate(xs, start=(1, 2)):\n    pass", 1, "a tuple here"),
    ("for i, v in enumerate(xs, 1, start=1):\n    pass", 1, "enumerate(start=...)"),
    ("a = max()", 1, "max with 0 arguments"),
    ('a = __import__("os")', 1, "calling __import__"),
    ('a = getattr(xs, "pop")', 1, "calling getattr"),
    ('eval("1")', 1, "calling eval"),
    ('exec("1")', 1, "calling exec"),
    ('a = open("f")', 1, "calling open"),
    ("a = type(xs)", 1, "calling type"),
    ("a = id(xs)", 1, "calling id"),
    ("a = hash(y)", 1, "calling hash"),
    ("a = vars()", 1, "calling vars"),
    ("a = globals()", 1, "calling globals"),
    ("print(y)", 1, "calling print"),
    ("a = pow(y, 2)", 1, "write a ** b"),
    ("a, b = divmod(y, 2)", 1, "write a // b and a % b"),
    ("a = dict(k=1)", 1, 'write a record {"name": value}'),
    ("a = tuple(xs)", 1, "calling tuple"),
    ("a = str(y)", 1, "calling str"),
    ("a = map(abs, xs)", 1, "a list comprehension"),
    ("a = bytearray(8)", 1, "calling bytearray"),
    ("a = xs.__class__", 1, ".__class__ is not allowed"),
    ("a = x.real", 1, ".real is not allowed"),
    ("xs.total = 1", 1, "assigning to an attribute"),
    ('a = state.get("w")', 1, ".get is not allowed"),
    ("for k in state.keys():\n    pass", 1, ".keys is not allowed"),
    ("state.update(xs)", 1, ".update is not allowed"),
    ("a = xs[0:2].copy().pop()", 1, ".pop on a call"),
    ("a = pair(1, 2)[0]", 1, "this call returns a tuple"),
    ("a = xs[0](1)", 1, "calling a subscript"),
    ("a = math.fsum(xs)", 1, "write sum(...)"),
    ("a = math.dist(xs, x)", 1, "math.dist is not allowed"),
    ("a = math.prod(xs)", 1, "math.prod is not allowed"),
    ("a = math.gcd(1, 2)", 1, "math.gcd is not allowed"),
    ("a = math.frexp(y)", 1, "math.frexp is not allowed"),
    ("a = math.hypot(1, 2, 3)", 1, "math.hypot with 3 arguments"),
    ("a = math", 1, "the name 'math' is not known here"),
    ("a = x is xs", 1, "identity can carry numbers"),
    ("a = x is not xs", 1, "identity can carry numbers"),
    ("a = xs @ x", 1, "the operator @"),
    ("xs @= x", 1, "the operator @"),
    ('hp["lr"] = 1', 1, "assigning to hp is not allowed"),
    ('hp["lr"] += 1', 1, "assigning to hp is not allowed"),
    ("hp = state", 1, "assigning to 'hp'"),
    ("a = hp", 1, "hp here is not allowed"),
    ("a = hp[y]", 1, "a hyperparameter's key"),
    ("for k in hp:\n    pass", 1, "hp here is not allowed"),
    ("a = dot(hp, x)", 1, "hp here is not allowed"),
    ('hp.pop("lr")', 1, "hp here is not allowed"),
    ("a = draw(xs)", 1, "this argument for 'rng'"),
    ("a = draw(rng)", 1, "this argument for 'rng'"),
    ("a = rng.random()", 1, "rng.random is not allowed"),
    ("t = tracker", 1, "tracker here is not allowed"),
    ("a = [tracker]", 1, "tracker here is not allowed"),
    ('a = tracker.read("w", 1)', 1, "tracker.read is not allowed"),
    ("tracker.read(y, 1)", 1, "a buffer's name must be"),
    ('tracker.read("w", xs, 1)', 1, "with 3 arguments"),
    ("tracker.summary()", 1, "tracker.summary is not allowed"),
    ("sum = 1", 1, "hides a builtin"),
    ("input = 1", 1, "hides a builtin"),
    ("for max in xs:\n    pass", 1, "hides a builtin"),
    ("a = [len for len in xs]", 1, "hides a builtin"),
    ("dot = 1", 1, "hides a name of the module"),
    ("SCALE = 1", 1, "hides a name of the module"),
    ("SCALE += 1", 1, "hides a name of the module"),
    ("math = 1", 1, "assigning to 'math'"),
    ("_put = 1", 1, "'_put' is not allowed"),
    ("__a = 1", 1, "'__a' is not allowed"),
    ("for _ in x:\n    a = _", 2, "reading _"),
    ("a = unknown", 1, "the name 'unknown' is not known here"),
    ("a = [b for b in xs]\na = b", 2, "the name 'b' is not known here"),
    ("a = dot(xs)", 1, "without stars; write dot(u, v)"),
    ("a = dot(xs, w=x)", 1, "does not fit dot"),
    ("a = dot(xs, u=x)", 1, "does not fit dot"),
    ("y + 1", 1, "a statement without effect"),
    ("len(xs)", 1, "a statement without effect"),
    ('"text"', 1, "text between statements"),
    ("xs[0:1] += x", 1, "assigning to a slice here"),
    ("break", 1, "'break' outside loop"),
]


@pytest.mark.parametrize(("body", "line", "fragment"), INSIDE, ids=[case[0][:40] for case in INSIDE])
def test_refuses_inside_a_function(body, line, fragment):
    assert_refused(in_step(body), FIRST - 1 + line, fragment)


# What one writes out of habit, and the advice that can be acted on at once.
ADVICE = [
    ("a = None", "a number such as -1 or math.inf"),
    ('a = float("inf")', "the number, or math.inf"),
    ('a = hp.get("m", 0.9)', 'hp["name"]'),
    ('a = state.get("t", 0)', "all fields are there from init on"),
    ('a = "t" in state', "all fields in init"),
    ("for k, v in state.items():\n    pass", "each field by its name"),
    ("a = max(range(3), key=lambda j: xs[j])", "xs.index(max(xs)) for the place"),
    ("a = sorted(xs, key=abs)", "sorted(xs) of the keys"),
    ("xs.remove(1.0)", "xs.pop(xs.index(v))"),
    ("a = zip(*xs)", "columns are [row[j] for row in rows]"),
    ("a = xs[:, 0]", "[row[j] for row in rows] for a column"),
    ("a = np.zeros(3)", "lists, loops and math"),
    ("a = random.random()", "rng, which init receives"),
    ("a = rng.random()", "what init drew, or a generator of your own in the state"),
    ("a = xs.append(1.0)", "it on a line of its own"),
    ("a = range(3)", "list(range(n)), or it in the for itself"),
    ("a = pair(1, 2)", "a, b = f(...) first"),
    ("a = math.factorial(5)", "math.erf and their like"),
    ("a = forward(state)", "write forward(state, x)"),
    ("raise ValueError", "an early return, or assert"),
    ("import numpy", "it at the top of the file"),
]


@pytest.mark.parametrize(("body", "advice"), ADVICE, ids=[case[0][:40] for case in ADVICE])
def test_a_habit_gets_advice_that_can_be_acted_on(body, advice):
    assert any(advice in str(refusal) for refusal in refusals_of(in_step(body))), refusals_of(in_step(body))


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("from math import sqrt", "import math, then math.sqrt(...)"),
        ("import numpy as np", "lists, loops and math"),
        ("import itertools", "nested loops over range"),
        ("from typing import List", "the builtin types"),
        ("from __future__ import annotations", "the file without this line"),
        ("import random", "rng, which init receives"),
        ("THIRD = 1 / 3", "the number itself (0.5, not 1 / 2)"),
        ("class Net:\n    pass", 'functions over a record {"name": value}'),
        ("SCALE += 1.0", "NAME = <number>, once"),
        ("try:\n    import math\nfinally:\n    pass", "the imports plainly, and no handler"),
        ("for i in range(3):\n    pass", "write it inside a function"),
    ],
)
def test_a_habit_at_the_top_gets_advice_that_can_be_acted_on(line, advice):
    assert any(advice in str(refusal) for refusal in refusals_of(f"{HEAD}{line}\n"))


@pytest.mark.parametrize(("name", "arity"), [*ACTIONS.items(), *ANSWERS.items()])
def test_a_method_of_a_list_takes_what_it_can_take(name, arity):
    """What is one too many would fail where it is measured, after minutes."""
    call = "{}xs.{}({})".format("" if name in ACTIONS else "a = ", name, "{}")
    for count in range(arity[1] + 2):
        found = refusals_of(in_step(call.format(", ".join(["1"] * count)) + "\n"))
        assert (not found) == (arity[0] <= count <= arity[1]), (count, found)


def test_a_comment_below_the_second_line_declares_no_coding():
    assert refusals_of("# one\n# two\n# coding: the labels are -1 and 1\n" + HEAD) == ()
    assert_refused("# one\n# coding: utf-7\n" + HEAD, 2, "a coding comment")


def test_a_module_is_checked_alone_with_its_own_path():
    found = check_module("sparse_parity/model.py", "def f(a):\n    return eval(a)\n", known_modules={})
    assert [str(refusal)[:27] for refusal in found] == ["sparse_parity/model.py:2: c"]


def test_refusals_are_sorted_by_path_and_line():
    other = "sparse_parity/methods/a.py"
    sources = {PROBE: in_step("a = {1}\nb = None\n"), other: "import os\n", "setup.py": ""}
    found = check({**sources, "sparse_parity/champion.py": CHAMPION}, model=MODEL)
    assert list(found) == sorted(found)
    assert {refusal.path for refusal in found} == set(sources)
