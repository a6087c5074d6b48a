"""The rewriter: the same values as in CPython, every number within 64 bits, and no tracker call left."""

import ast
import math
import random

import pytest

from harness import memory_trace, rewrite
from harness.memory_trace import walk


def traced(source, meter=None):
    """The namespace of a rewritten module, over a meter of its own."""
    return rewrite.load({"sparse_parity.methods.m": source}, meter or memory_trace.Meter(4))["sparse_parity.methods.m"]


def plain(source):
    namespace = {}
    exec(source, namespace)  # noqa: S102 - the tests' own source
    return namespace


def flat(value):
    """Numbers, lengths and field names of a value, traced or not."""
    if isinstance(value, dict):
        return [part for name, field in value.items() for part in (name, *flat(field))]
    if isinstance(value, list):
        return [("list", len(value)), *(part for item in value for part in flat(item))]
    if isinstance(value, tuple):
        return [part for item in value for part in flat(item)]
    parts = (part for part in walk(value) if type(part) in (tuple, str, float, int, bool))
    return [part if not isinstance(part, float) else part.hex() for part in parts]


def of(body, head=""):
    """A module with one function f() of that body."""
    return head + "import math\n\ndef f():\n" + "".join(f"    {line}\n" for line in body.split("\n"))


# -- the same values ---

VALUES = {
    "arithmetic": "return 7 // 2 + 7 % 3 - 2 ** 5 / 3 + -4 // 3 + (6 & 3 | 8 ^ 1) + (1 << 10) + (-9 >> 1)",
    "floats": "x = 0.1\nfor _ in range(50):\n    x = x * 1.7 - 0.3\n    x -= 0.01\nreturn x",
    "negative zero": "return [-0.0, 0.0 * -1.0, abs(-0.0), round(-0.4)]",
    "comparisons": "return [1 < 2 < 3, 1 == 1.0, not 3, 2 in [1, 2], 3 not in [1, 2]]",
    "boolean operators": "return [0 or 5, 3 and 4, 0.0 and 1, not [], 1 if 2 > 3 else 4]",
    "comprehension": "return [a * b for a in range(4) if a % 2 for b in range(3)]",
    "nested comprehension": "return [[i * j for j in range(3)] for i in range(4)]",
    "list of lists": "rows = [[0.0] * 3 for _ in range(2)]\nrows[1][2] = 5.0\nreturn rows",
    "repeat from either side": "return [1, 2] * 2 + 2 * [3] + [0] * 0 + [0] * -1",
    "display of expressions": "a = [3, 1, 2]\nreturn [a[0] + 1, [a[1]][0], len(a)]",
    "zip and enumerate": "return [a + b * i for i, (a, b) in enumerate(zip([1, 2, 3], [4, 5]))]",
    "enumerate from": "return [i * v for i, v in enumerate([5, 6], 10)]",
    "reversed": "return [v for v in reversed([1, 2, 3])] + [i for i in reversed(range(3))]",
    "builtins": (
        "a = [3, -1, 2]\nreturn [sum(a), min(a), max(a), any(a), all(a), len(a), abs(-2), bool(a), float(3), int(-2.7)]"
    ),
    "round": "return [round(2.5), round(3.5), round(2.675, 2), round(7, -1), round(-0.5)]",
    "sorted": "return sorted([3, 1, 2]) + sorted([2, 3, 1], reverse=True) + sorted(v * v % 5 for v in range(5))",
    "list methods": (
        "a = [3, 1]\na.append(4)\na.extend([1, 5])\na.insert(1, 9)\nb = a.pop()\na.sort()\na.reverse()\nc = a.copy()\n"
        "a.clear()\nreturn b, c.index(9), c.count(1), c, a"
    ),
    "slices": "a = list(range(10))\na[2:4] = [7, 8]\nreturn [a[1:4], a[::-2], a[-3:], a[9:2]]",
    "augmented list": "a = [1]\na += [2, 3]\nreturn a + a[:1]",
    "augmented element": "a = [1, 2]\na[0] += 5\na[-1] **= 3\na[1] //= 3\nreturn a",
    "records": 'r = {"a": 1, "b": [1, 2], "c": {"d": 2.5}}\nr["a"] += 1\nr["b"][0] = 9\nr["c"]["d"] = 3.5\nreturn r',
    "unpacking": "a, b = 1, 2\na, b = b, a\nxs = [5, 6]\nc, xs[0] = 7, 8\nreturn [a, b, c, xs[0]]",
    "generator": "return sum(v * v for v in range(5)), max(v % 3 for v in range(5)), list(v for v in range(2))",
    "early any": "return [any(v > 2 for v in range(100)), all(v < 2 for v in range(100))]",
    "while and else": "i = 0\nwhile i < 5:\n    i += 1\n    if i == 3:\n        break\nelse:\n    i = 99\nreturn i",
    "for and else": "s = 0\nfor i in [2]:\n    if i == 2:\n        continue\n    s += i\nelse:\n    s = 9\nreturn s",
    "math": (
        "return [math.sqrt(2.0), math.exp(1.0), math.tanh(0.3), math.floor(-1.5), math.ceil(1.2), math.trunc(-1.7)]"
    ),
    "power": "return [2 ** 62, 2.0 ** 0.5, (-2) ** 3, 2 ** -1, 0 ** 0, 1 ** 10 ** 6, (-1) ** 101]",
    "large": "return [9223372036854775807, -(2 ** 62) * 2, (2 ** 31) * (2 ** 31)]",
    "whole lists compared": "return [[1, 2] == [1, 2], [1] != [1, 2], [] == [], [[1]] == [[1]]]",
    "empty": "return [], [[]], 0",
}


@pytest.mark.parametrize("body", VALUES.values(), ids=VALUES.keys())
def test_rewritten_code_gives_the_values_of_cpython(body):
    expected = plain(of(body))["f"]()
    assert flat(traced(of(body))["f"]()) == flat(expected)


ERRORS = {
    "ZeroDivisionError": "return 1 // 0",
    "IndexError": "return [1, 2][5]",
    "KeyError": 'return {"a": 1}["b"]',
    "ValueError": "return [1, 2].index(3)",
    "TypeError": "return [1] + 1",
    "UnboundLocalError": "if 0:\n    a = 1\nreturn a",
}


@pytest.mark.parametrize(("error", "body"), ERRORS.items())
def test_errors_are_those_of_cpython(error, body):
    for namespace in (plain(of(body)), traced(of(body))):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is asserted below
            namespace["f"]()
        assert type(caught.value).__name__ == error


def test_random_numbers_are_drawn_in_the_order_of_the_source():
    source = (
        "def f(rng):\n    return [[rng.gauss(0.0, 1.0) for _ in range(3)], [rng.random(), rng.uniform(1.0, 2.0)]]\n"
    )
    assert flat(traced(source)["f"](random.Random(5))) == flat(plain(source)["f"](random.Random(5)))


def test_modules_import_from_each_other_in_any_order():
    modules = {
        "sparse_parity.methods.a": "from sparse_parity.methods.b import g\n"
        "from sparse_parity.tracker import NO_TRACKER\n"
        "def f(tracker=NO_TRACKER):\n    return g(2) + RATE\nRATE = 3\n",
        "sparse_parity.methods.b": '"""Doc."""\nimport math\ndef g(v):\n    return v * 10 + math.floor(0.5)\n',
        "sparse_parity.tracker": "NO_TRACKER = 0\n",
    }
    assert rewrite.load(modules, memory_trace.Meter(4))["sparse_parity.methods.a"]["f"]() == 23


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("from sparse_parity.methods.gone import f\n", "no such module"),
        ("from sparse_parity.methods.b import gone\n", "cannot import name 'gone'"),
        ("from sparse_parity.methods.c import f\n", "form a cycle"),
        ("from os import system\n", "no such module"),
    ],
)
def test_import_that_leads_nowhere_is_told(text, error):
    modules = {
        "sparse_parity.methods.a": text,
        "sparse_parity.methods.b": "X = 1\n",
        "sparse_parity.methods.c": "from sparse_parity.methods.a import f\n",
    }
    with pytest.raises(ImportError, match=error):
        rewrite.load(modules, memory_trace.Meter(4))


@pytest.mark.parametrize(
    "name", ["open", "exec", "eval", "__import__", "getattr", "print", "type", "map", "tuple", "dict"]
)
def test_builtins_that_are_not_listed_are_not_there(name):
    with pytest.raises(NameError, match=name):
        traced(of(f"return {name}"))["f"]()


# -- lines and tracker calls ---


def test_errors_name_the_line_of_the_author():
    source = '"""Doc."""\n\n\ndef f(xs):\n    """Doc."""\n    ys = [\n        1,\n        2,\n    ]\n'
    source += "    return ys[\n        9\n    ]\n"
    with pytest.raises(IndexError) as caught:
        traced(source)["f"](1)
    theirs = [entry for entry in caught.traceback if str(entry.path).endswith("sparse_parity.methods.m.py")]
    assert [entry.lineno + 1 for entry in theirs] == [10]


def test_every_node_keeps_a_line_of_its_source():
    for path in ("standard", "fused", "perlayer"):
        text = (rewrite.__file__.rsplit("/", 2)[0]) + f"/sparse_parity/methods/{path}.py"
        with open(text, encoding="utf-8") as file:  # noqa: PTH123 - a path in a string
            tree = rewrite.rewritten(ast.parse(file.read()))
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]
        assert min(lines) >= 1
        assert len(set(lines)) > 10


TRACKED = """
def f(xs, tracker):
    tracker.read("xs", len(xs) + xs[0])
    for x in xs:
        tracker.write("x", 1)
    if xs[0] > 0.0:
        tracker.read("x", xs[1])
    else:
        tracker.write("y", undefined)
    while False:
        tracker.read("x", 1 // 0)
    return 1


def g():
    return f([1.0, 2.0], 0)
"""


def test_tracker_calls_and_their_arguments_are_not_evaluated():
    meter = memory_trace.Meter(4)
    namespace = traced(TRACKED, meter)
    before = meter.counters()
    assert namespace["g"]() == 1
    spent = {name: meter.counters()[name] - before[name] for name in ("reads", "writes")}
    assert spent == {"reads": 4, "writes": 3}  # xs is made (3), iterated (3) and looked at once; len() is never asked
    untracked = "\n".join(
        line if "tracker." not in line else line.split("tracker")[0] + "pass" for line in TRACKED.split("\n")
    )
    other = memory_trace.Meter(4)
    traced(untracked, other)["g"]()
    assert other.counters() == meter.counters()


# -- registers ---

# Each would hold more than 64 bits in a local variable, a parameter or a returned value.
GROWING = {
    "product in a loop": "v = 3\nfor _ in range(9):\n    v = v * v\nreturn 0",
    "augmented product": "v = 3\nfor _ in range(9):\n    v *= v\nreturn 0",
    "sum in a loop": "v = 1\nfor _ in range(99):\n    v = v + v\nreturn 0",
    "augmented sum": "v = 1\nfor _ in range(99):\n    v += v\nreturn 0",
    "difference": "v = 1\nfor _ in range(99):\n    v = v - -v\nreturn 0",
    "power": "v = 3 ** 64\nreturn 0",
    "power of a power": "v = (2 ** 60) ** 60\nreturn 0",
    "large power before it is computed": "v = 7 ** (10 ** 9)\nreturn 0",
    "augmented power": "v = 10\nv **= 30\nreturn 0",
    "shift": "v = 1 << 63\nreturn 0",
    "shift before it is computed": "v = 1 << (10 ** 12)\nreturn 0",
    "augmented shift": "v = 1\nv <<= 64\nreturn 0",
    "shift in a loop": "v = 1\nfor _ in range(9):\n    v = v << 20\nreturn 0",
    "int of a float": "v = int(1e300)\nreturn 0",
    "round of a float": "v = round(1e300)\nreturn 0",
    "floor of a float": "v = math.floor(1e300)\nreturn 0",
    "ceil of a float": "v = math.ceil(-1e300)\nreturn 0",
    "trunc of a float": "v = math.trunc(1e300)\nreturn 0",
    "sum of a list": "v = sum([2 ** 62, 2 ** 62])\nreturn 0",
    "sum of a generator": "v = sum(2 ** 62 for _ in range(9))\nreturn 0",
    "sum of products": "v = sum(2 ** 62 * i for i in range(9))\nreturn 0",
    "floor division hides a product": "v = (2 ** 62 * 2 ** 62) // 1\nreturn 0",
    "floor division in a loop": "v = 3\nfor _ in range(9):\n    v = (v * v) // 1\nreturn 0",
    "remainder hides a product": "v = (2 ** 62 * 2 ** 62) % (2 ** 62 * 2 ** 62 + 1)\nreturn 0",
    "or hides a product": "v = (2 ** 62 * 2 ** 62) | 1\nreturn 0",
    "and hides a product": "v = (2 ** 62 * 2 ** 62) & -1\nreturn 0",
    "xor hides a product": "v = 1 ^ (2 ** 62 * 2 ** 62)\nreturn 0",
    "right shift hides a product": "v = (2 ** 62 * 2 ** 62) >> 1\nreturn 0",
    "conditional hides a product": "v = 2 ** 62 * 4 if 1 else 0\nreturn 0",
    "conditional inside an operation": "v = (2 ** 62 * 4 if 1 else 0) // 1\nreturn 0",
    "sign hides a product": "v = -(2 ** 62 * 4)\nreturn 0",
    "inversion hides a product": "v = ~(2 ** 62 * 4)\nreturn 0",
    "or-operator hides a product": "v = 0 or 2 ** 62 * 4\nreturn 0",
    "abs hides a product": "v = abs(2 ** 62 * -4)\nreturn 0",
    "max hides a product": "v = max(2 ** 62 * 4, 1)\nreturn 0",
    "unpacked": "v, w = 1, 2 ** 62 * 4\nreturn 0",
    "unpacked in a loop": "v, w = 3, 3\nfor _ in range(9):\n    v, w = w * w, v * v\nreturn 0",
    "argument": "v = hold(2 ** 62 * 4)\nreturn 0",
    "keyword argument": "v = hold(v=2 ** 62 * 4)\nreturn 0",
    "conditional argument": "v = hold(2 ** 62 * 4 if 1 else 0)\nreturn 0",
    "negated argument": "v = hold(-(2 ** 62 * 4))\nreturn 0",
    "argument of a sum": "v = hold(sum([2 ** 62, 2 ** 62]))\nreturn 0",
    "returned": "v = square(2 ** 62)\nreturn 0",
    "returned in a pair": "v, _ = squares(2 ** 62)\nreturn 0",
    "returned in a pair in a loop": "v = 3\nfor _ in range(9):\n    v, _ = squares(v)\nreturn 0",
    "range from": "for v in range(2 ** 62 * 4, 2 ** 62 * 4 + 1):\n    return 0\nreturn 0",
    "enumerate from": "for v, _ in enumerate([1], 2 ** 62 * 4):\n    return 0\nreturn 0",
    "element": "v = [2 ** 62 * 4]\nreturn 0",
    "comprehension": "v = [2 ** 62 * i for i in range(9)]\nreturn 0",
    "element assigned": "v = [1]\nv[0] = 2 ** 62 * 4\nreturn 0",
    "element augmented": "v = [2 ** 62]\nv[0] *= 4\nreturn 0",
    "appended": "v = [1]\nv.append(2 ** 62 * 4)\nreturn 0",
    "field": 'v = {"a": 2 ** 62 * 4}\nreturn 0',
    "field augmented": 'v = {"a": 2 ** 62}\nv["a"] *= 4\nreturn 0',
    "sorted": "v = sorted(2 ** 62 * i for i in range(3))\nreturn 0",
    "negation and or, in a loop": (
        "v = 2 ** 62 - 1 + 2 ** 62\nfor _ in range(9):\n    w = v\n    v = -(~v)\n    v = v | w\nreturn 0"
    ),
    "negated smallest": "v = -(2 ** 62) * 2\nv = -v\nreturn 0",
    "floor division of the smallest": "v = -(2 ** 62) * 2\nw = -1\nv = v // w\nreturn 0",
    "counting beyond": "for v, _ in enumerate([1], 2 ** 62 * 2 - 1 + 2 ** 62):\n    return 0\nreturn 0",
    "counting from the largest": "w = 2 ** 62 - 1 + 2 ** 62\nfor v, _ in enumerate([1, 2], w):\n    w = v\nreturn 0",
    "bool times large": "v = True * 2 ** 62 * 4\nreturn 0",
}
CALLED = (
    "def hold(v):\n    return v == 0\n\ndef square(v):\n    return v * v\n\ndef squares(v):\n    return v * v, 0\n\n"
)


@pytest.mark.parametrize("body", GROWING.values(), ids=GROWING.keys())
def test_number_beyond_64_bits_is_refused_where_it_is_made(body):
    with pytest.raises(OverflowError, match="at most 64 bits"):
        traced(of(body, CALLED))["f"]()


@pytest.mark.parametrize("body", ["return (-8.0) ** 0.5", "v = -8\nv **= 0.5\nreturn v", "return (-1) ** 0.5 * 2.0"])
def test_complex_number_is_refused_for_it_is_two(body):
    with pytest.raises(ValueError, match="no real number"):
        traced(of(body))["f"]()


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0, 2**62])
def test_numbers_of_exactly_64_bits_pass(value):
    body = f"v = {value} + 0\nv *= 1\nw, v = v + 0, v * 1\nreturn [hold(v), v, square(1) * w, [v + 0][0]]"
    assert flat(traced(of(body, CALLED))["f"]()) == flat([value == 0, value, value, value])


def test_hash_by_products_and_remainders_passes_where_each_product_fits():
    body = "v = 1\nfor i in range(1000):\n    v = (v * 1103515245 + 12345) % 2147483648\nreturn v"
    assert traced(of(body))["f"]() == plain(of(body))["f"]()


def test_floats_are_never_checked_away():
    body = "v = 1e300\nfor _ in range(3):\n    v = v * 1e300\nreturn [v, v - v != v - v]"
    assert flat(traced(of(body))["f"]()) == flat([math.inf, True])


def test_integer_that_becomes_a_name_of_floats_is_still_checked():
    """Checks are left out where a name can only hold floats; with one other binding it is no such name."""
    bodies = [
        "v = 1.0\nv = 3\nfor _ in range(9):\n    v = v * v\nreturn 0",
        "v = 1.0\nfor v in range(3, 4):\n    for _ in range(9):\n        v = v * v\nreturn 0",
        "v = 1.0\nv, w = 3, 1.0\nfor _ in range(9):\n    v = v * v\nreturn 0",
        "v = 1.0\nw = 1.0\nv = w if w < 0.0 else 3\nfor _ in range(9):\n    v = v * v\nreturn 0",
        "v = 1.0\nv //= 1\nv = 7 // 1\nfor _ in range(9):\n    v = v * v\nreturn 0",
        "v = 1.0\nw = [v for v in range(5)]\nv = 9 % 8 + 2\nfor _ in range(9):\n    v *= v\nreturn 0",
    ]
    for body in bodies:
        with pytest.raises(OverflowError):
            traced(of(body))["f"]()


def test_gotcha_one_expression_may_need_more_bits_on_its_way():
    """At most 64 bits for each number in its text, and what `sum` carries: it holds nothing for later."""
    assert traced(of("return (2 ** 62 * 2 ** 62) % 1000003"))["f"]() == (2**124) % 1000003


def test_gotcha_what_a_generator_yields_may_be_wider_until_its_reader_is_done():
    """`sum`, `min` and `max` keep one such number while they run; what they give is checked before it is kept."""
    assert traced(of("return max(v * 2 ** 62 for v in range(9)) >> 62"))["f"]() == 8
    assert traced(of("return sum(2 ** 62 for _ in range(9)) % 1000003"))["f"]() == 9 * 2**62 % 1000003
    with pytest.raises(OverflowError):
        traced(of("v = max(v * 2 ** 62 for v in range(9))\nreturn v >> 62"))["f"]()
