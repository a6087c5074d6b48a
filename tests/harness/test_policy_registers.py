"""Values that have no cell: names, what waits in an expression, tuples on their way. Each is bounded by the source."""

import pytest

from harness import rewrite
from harness.policy import check_module
from harness.policy.spelling import TRACED

PATH = "sparse_parity/methods/probe.py"


def refusals_of(source):
    return [str(refusal) for refusal in check_module(PATH, source)]


def parts(count, form="w[{i}]"):
    return ", ".join(form.format(i=i) for i in range(count))


def nested(count):
    return "(".join(f"w[{i}] + " for i in range(count)) + "w[0]" + ")" * (count - 1)


# How a function with three names (w, v, n) keeps `count` values waiting at once.
WAITING = {
    "a wide swap": lambda count: f"    {parts(count)} = {parts(count, 'w[{i}] * 2.0')}\n    return v + n\n",
    "a wide swap with a shift": lambda count: (
        f"    {parts(count + 1)} = {parts(count, 'w[{i}] * 2.0')}, v\n    return v + n\n"
    ),
    "arguments": lambda count: f"    n = max({parts(count + 1)})\n    return v\n",
    "nested sums": lambda count: f"    n = {nested(count)}\n    return v\n",
    "a display that is repeated": lambda count: f"    v = [{parts(count)}] * n\n    return v\n",
    "a record": lambda count: "    v = {" + parts(count, '"f{i}": w[{i}]') + "}\n    return n\n",
    "calls in a generator": lambda count: f"    return n + sum(max({parts(count - 3)}) for u in w)\n",
    "an element that is added to": lambda count: f"    w[n] += max({parts(count - 1)})\n    return v\n",
    "named arguments": lambda count: (
        "    return give(" + parts(16, "a{i}=w[{i}]") + ", " + f"b=[max({parts(count - 16)})])\n\n\n"
        f"def give({parts(16, 'a{i}')}, b):\n    return b[0]\n"
    ),
    "loops in loops": lambda count: (
        "".join(f"{'    ' * d}for v in range(v, v + n):\n" for d in range(1, 14))
        + f"{'    ' * 14}v = max({parts(count - 26)})\n    return n\n"
    ),
    "ranges side by side": lambda count: (
        f"    for v, v, v, v in zip({', '.join(['range(v, n, v)'] * 4)}):\n"
        f"        n = max({parts(count - 13)})\n    return v\n"
    ),
    "where counts begin": lambda count: (
        "".join(f"{'    ' * d}for v, n in enumerate(w, v):\n" for d in range(1, 13))
        + f"{'    ' * 13}v = max({parts(count - 24)})\n    return n\n"
    ),
    "loops of one generator": lambda count: (
        f"    return v + n + sum(1 {'for w in range(w, n) ' * ((count - 3) // 2)})\n"
    ),
    "results on their way": lambda count: (
        f"    return v + n + sum(max(min(max({parts(count - 9)}) for u in w) for u in w) for u in w)\n"
    ),
    "a comparison": lambda count: f"    return n * v if {parts(count + 1).replace(', ', ' < ')} else 0.0\n",
}


@pytest.mark.parametrize("name", WAITING)
def test_values_that_wait_count_as_registers(name):
    head = "def f(w, v, n):\n"
    assert refusals_of(head + WAITING[name](28)) == []
    (found,) = refusals_of(head + WAITING[name](31))
    assert "registers are not memory" in found
    assert " names, of at most 32 together" in found


def test_a_tuple_that_is_returned_counts_where_it_is_made_and_where_it_is_taken_apart():
    def program(count):
        return (
            f"def give(w):\n    return {parts(count, 'w[{i}] * 2.0')}\n\n\n"
            f"def take(w):\n    {parts(count)} = give(w)\n    return w[0]\n"
        )

    assert refusals_of(program(31)) == []
    assert [text.split(": ")[0] for text in refusals_of(program(40))] == [f"{PATH}:2", f"{PATH}:6"]


def test_a_list_display_is_written_element_by_element_and_may_be_long():
    source = f"def f(w):\n    return [{parts(150, 'w[{i}] * 2.0')}]\n"
    assert refusals_of(source) == []


def test_a_chain_of_calls_cannot_hold_values_that_wait():
    """Without names too: each function keeps 30 values waiting while the next one runs."""
    functions = [f"def f0(w):\n    return {nested(30)}\n"]
    functions += [f"def f{d}(w):\n    return max({parts(30)}, f{d - 1}(w))\n" for d in range(1, 6)]
    (found,) = refusals_of("\n\n".join(functions))
    assert "hold 155 values of at most 128 at once" in found


@pytest.mark.parametrize(
    "source",
    [
        "def f(w):\n    {name} = w[0]\n    return {name}\n",
        "def {name}(w):\n    return w[0]\n",
        "def f({name}):\n    return 1.0\n",
        "{name} = 1.0\n",
        'def f(w):\n    return w["{name}"]\n',
        'def f(w):\n    return {{"{name}": 1.0}}\n',
        'def f(w, hp):\n    return hp["{name}"]\n',
        'def f(w, tracker):\n    tracker.read("{name}", 1)\n',
    ],
)
def test_names_and_labels_of_40_letters_pass_and_longer_ones_are_refused(source):
    """An error message repeats them: longer ones would carry text out."""
    assert refusals_of(source.format(name="a" * 40)) == []
    (found, *_) = refusals_of(source.format(name="a" * 41))
    assert "a" * 41 not in found
    assert "40 letters" in found


def test_no_name_of_the_rewriter_can_be_given_by_a_candidate():
    namespace = rewrite.load({"m": ""}, type("Silent", (), {"__getattr__": lambda *_: None})())["m"]
    taken = {name for name in namespace if name.startswith("_") and not name.startswith("__")}
    assert taken == TRACED


@pytest.mark.parametrize("name", sorted(TRACED))
@pytest.mark.parametrize("source", ["def {}(w):\n    return 1\n", "{} = 1\n", "def f({}):\n    return 1\n",
                                    "def f(w):\n    {} = 1\n    return w\n"])  # fmt: skip
def test_names_of_the_rewriter_are_refused(name, source):
    assert "the harness keeps such names" in refusals_of(source.format(name))[0]
