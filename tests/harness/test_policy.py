"""The policy over whole candidates: files, text, size, imports between methods, the champion."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.policy import check, check_module

CHAMPION = "sparse_parity/champion.py"
METHODS = "sparse_parity/methods/"
MODEL = "def dot(u, v):\n    return u[0] * v[0]\n"
CHOICE = 'METHOD = "probe"\nHYPERPARAMETERS = {"lr": 0.1}\n'
PROTOCOL = """from sparse_parity.tracker import NO_TRACKER
def init(n_bits, k_sparse, hp, rng):
    return {"w": [rng.random() for _ in range(n_bits)]}
def predict(state, x, hp):
    return state["w"][0] * x[0]
def step(state, x, y, hp, tracker=NO_TRACKER):
    state["w"][0] += hp["lr"] * y * x[0]
"""
REPOSITORY = Path(__file__).parents[2]


def refusals_of(champion=CHOICE, **methods):
    sources = {f"{METHODS}{name}.py": text for name, text in ({"probe": PROTOCOL} | methods).items()}
    return [str(refusal) for refusal in check({CHAMPION: champion, **sources}, model=MODEL)]


def assert_first(found, start, fragment):
    assert found
    assert found[0].startswith(start), found
    assert fragment in found[0], found


# -- the package's own files ---


def test_the_methods_of_this_repository_are_accepted():
    paths = [REPOSITORY / CHAMPION, *(REPOSITORY / METHODS).glob("*.py")]
    sources = {path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    assert check(sources) == ()


def test_the_trusted_model_keeps_the_policy_itself():
    path = "sparse_parity/model.py"
    assert check_module(path, (REPOSITORY / path).read_text(encoding="utf-8"), known_modules={}) == ()


def test_a_minimal_candidate_is_accepted():
    assert refusals_of(__init__='"""The methods."""\n') == []


NOT_EDITABLE = ["setup.py", "sparse_parity/model.py", *(f"{METHODS}{name}" for name in
                ("a/b.py", "A.py", "../x.py", "__main__.py", "a.py\n", "a.pyc"))]  # fmt: skip


@pytest.mark.parametrize("path", NOT_EDITABLE)
def test_a_file_that_is_not_editable_is_refused(path):
    found = check({CHAMPION: CHOICE, f"{METHODS}probe.py": PROTOCOL, path: ""}, model=MODEL)
    assert ["this file is not editable" in str(refusal) for refusal in found] == [True]
    assert str(found[0]).isprintable()


def test_the_package_file_may_only_hold_its_docstring():
    assert_first(
        refusals_of(__init__="import math\n"), f"{METHODS}__init__.py:1: ", "Import at the top level"
    )


# -- text ---


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    [
        ("x = 1\0", 1, "U+0000"),
        ("\ufeffx = 1\n", 1, "U+FEFF"),
        ("\tx = 1\n", 1, "U+0009"),
        ("x = 1\r\n", 1, "U+000D"),
        ("\n# \u202e reversed\n", 2, "U+202E"),
        ('"""a\u200bb"""\n', 1, "U+200B"),
        ("# \u2028import os\n", 1, "U+2028"),
        ("# \x0c\n", 1, "U+000C"),
        ("# \ud800\n", 1, "U+D800"),
        ("# -*- coding: utf-7 -*-\n", 1, "a coding comment"),
        ('"""Text."""\n# vim: set fileencoding=latin-1 :\n', 2, "a coding comment"),
        ("X = 1\n\u0445 = 2\n", 2, "beyond ASCII"),
        ("def f(a):\n    return \uff45val(a)\n", 2, "beyond ASCII"),
        ("def f(:\n    pass\n", 1, "this is not Python"),
        ("def f(a):\nreturn a\n", 2, "this is not Python"),
        ("X = " + "9" * 6000, 1, "this is not Python"),
        ("print 'x'\n", 1, "this is not Python"),
        ("X = 1\n" * 201, 201, "above 200 lines"),
        ("# " + "x" * 20_000, 1, "above 20000 bytes"),
        ("# " + "\u00e9" * 10_000, 1, "above 20000 bytes"),
    ],
)
def test_text_that_is_not_what_it_looks_like_is_refused(text, line, fragment):
    assert_first(refusals_of(other=text), f"{METHODS}other.py:{line}: ", fragment)


def test_accents_are_welcome_in_comments_and_docstrings():
    assert refusals_of(other='"""Na\u00efve \u2013 \u03a3."""\n# d\u00e9j\u00e0 vu\nX = 1  # \u03b1\n') == []


HOSTILE = [
    "-" * 19_000 + "1", "not " * 4_900 + "a", "a" + ".a" * 9_000, "a" + "()" * 9_000, "a" + "[0]" * 6_000,
    "a" + "+a" * 9_000, "a" + "**a" * 6_000, "1 if 1 else " * 1_500 + "1", "(" * 9_000 + ")" * 9_000,
    "[" * 90 + "]" * 90, "lambda:" * 2_700 + "1", "-" * 45 + "a", "a" + "+a" * 45,
]  # fmt: skip


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:12])
def test_hostile_depth_is_one_refusal_and_no_crash(expression):
    found = refusals_of(other=f"def f(a):\n    return {expression}\n")
    assert len(found) == 1
    assert "not allowed" in found[0] or "not Python" in found[0]


def test_hostile_depth_of_statements_is_refused():
    text = "def f(a):\n    if a:\n        pass\n" + "    elif a:\n        pass\n" * 60
    assert_first(refusals_of(other=text), f"{METHODS}other.py:", "nested deeper than 40")


def test_what_only_the_compiler_sees_is_refused():
    text = "def f(a):\n    if a:\n        continue\n"
    assert_first(refusals_of(other=text), f"{METHODS}other.py:3: ", "not properly in loop")


# -- several files ---

CALLS_PING = "from sparse_parity.methods.ping import ping\ndef pong(a):\n    return ping(a)\n"
CALLS_PONG = "from sparse_parity.methods.pong import pong\ndef ping(a):\n\n    return pong(a)\n"


def test_recursion_through_two_modules_is_named():
    found = refusals_of(ping=CALLS_PONG, pong=CALLS_PING)
    circle = [text for text in found if "recursion" in text]
    assert_first(circle, f"{METHODS}ping.py:4: ", "ping.ping -> pong.pong -> ping.ping")
    assert any("form a circle" in text for text in found)


def test_recursion_through_three_functions_and_an_import_chain_is_named():
    found = refusals_of(
        a="from sparse_parity.methods.b import g\ndef f(x):\n    return g(x)\n",
        b="from sparse_parity.methods.c import g\n",
        c="from sparse_parity.methods.a import f\ndef g(x):\n    return f(x)\n",
    )
    assert any("a.f -> c.g -> a.f" in text for text in found)


def test_modules_that_import_each_other_are_refused_without_any_call():
    found = refusals_of(
        a="from sparse_parity.methods.b import Y\nX = 1\n", b="from sparse_parity.methods.a import X\nY = 2\n"
    )
    assert_first(found, f"{METHODS}a.py:1: ", "form a circle")


def test_imports_that_only_name_each_other_lead_nowhere():
    found = refusals_of(
        a="from sparse_parity.methods.b import f\n", b="from sparse_parity.methods.a import f\n"
    )
    assert sum("has no function or constant 'f'" in text for text in found) == 2


def test_a_function_is_known_through_a_chain_of_imports():
    pair = "def pair(a):\n    return a, a\n"
    again = "from sparse_parity.methods.one import pair\n"
    use = "from sparse_parity.methods.two import pair\ndef f(a):\n    b, c = pair(a)\n    return b + c\n"
    assert refusals_of(one=pair, two=again, three=use) == []
    held = use.replace("b, c = pair(a)", "b = c = 1\n    b = pair(a)")
    assert any("returns a tuple" in text for text in refusals_of(one=pair, two=again, three=held))


def test_a_broken_file_is_told_alone():
    use = "from sparse_parity.methods.broken import f\ndef g(a):\n    return f(a)\n"
    found = refusals_of(broken="def f(:\n", user=use)
    assert len(found) == 1
    assert_first(found, f"{METHODS}broken.py:1: ", "not Python")


def many_locals(name, count, call):
    body = "".join(f"    {name}{i} = {i}\n" for i in range(count - 1))
    return f"def {name}(a):\n{body}    return {call}\n"


def test_thirty_two_local_names_pass_and_thirty_three_do_not():
    assert refusals_of(other=many_locals("f", 32, "a")) == []
    found = refusals_of(other=many_locals("f", 33, "a"))
    assert_first(found, f"{METHODS}other.py:1: ", "f has 33 local names of at most 32")


def test_a_nested_comprehension_adds_its_names():
    deep = "[[[b + a for b in c] for c in d] for d in [[[a]]]]"
    assert refusals_of(other=many_locals("f", 26, deep)) == []  # and its three loops keep their places
    assert_first(refusals_of(other=many_locals("f", 30, deep)), f"{METHODS}other.py:1: ", "33 local names")


def test_a_chain_of_calls_cannot_hold_a_layer_in_registers():
    chain = ["h(a)", "i(a)", "j(a)", "k(a)", "a"]
    four = {name: many_locals(name, 32, call) for name, call in zip("hijk", [*chain[1:4], "a"], strict=True)}
    text = "".join(four[name] for name in "kjih")
    assert refusals_of(other=text) == []
    found = refusals_of(other=f"{text}def g(a):\n    return h(a)\n")
    assert_first(found, f"{METHODS}other.py:133: ", "g and what it calls hold 129 values of at most 128")


# -- any text ---


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(), st.text())
def test_check_never_raises_on_arbitrary_text(champion, method):
    assert check({CHAMPION: champion, f"{METHODS}probe.py": method, method: champion}, model=MODEL)


TOKENS = (
    PROTOCOL.replace("(", " ( ").replace(":", " : ").split(" ") + list("()[]{}:,=*\n") + ["lambda", "yield"]
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_check_never_raises_on_shuffled_words(words):
    check({CHAMPION: CHOICE, f"{METHODS}probe.py": " ".join(words)}, model=MODEL)
