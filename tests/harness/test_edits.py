"""Edits apply exactly once or not at all; equal meaning, equal hash."""

import ast
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.edits import CHAMPION, EditError, apply, edits_hash, is_editable, normal_hash
from harness.records import Edit

METHOD = "sparse_parity/methods/standard.py"
OTHER = "sparse_parity/methods/fused.py"
TEXT = '''"""A method."""
import math
from sparse_parity.model import forward
from sparse_parity.methods.fused import half

RATE = 0.5


def step(state: dict, x, y, hp, tracker=None):
    """Learn."""
    total = 0.0  # a comment
    for i in range(len(x)):
        total += x[i] * state["w"][i]
    parts = [half(v, scale=y) for v in x]
    return math.exp(total) + sum(parts) * RATE
'''
SOURCES = {
    CHAMPION: 'METHOD = "standard"\nHYPERPARAMETERS = {"lr": 0.1}\n',
    METHOD: TEXT,
    OTHER: "def half(v, scale):\n    return v / scale\n",
}


@pytest.mark.parametrize("path", [CHAMPION, METHOD, "sparse_parity/methods/a1_b.py"])
def test_the_champion_and_method_files_may_be_edited(path):
    assert is_editable(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "loop.py", "harness/judge.py", "sparse_parity/model.py", "sparse_parity/methods/__init__.py",
        "sparse_parity/methods/../champion.py", "/sparse_parity/champion.py", "./sparse_parity/champion.py",
        "sparse_parity\\champion.py", "sparse_parity/methods/Fused.py", "sparse_parity/methods/fusée.py",
        "sparse_parity/methods/a/b.py", "sparse_parity/methods/.py", "sparse_parity/methods/1a.py",
        "sparse_parity/champion.py\n", "sparse_parity/champion.py\0",
        "sparse_parity/methods/a.pyc", "Sparse_parity/champion.py",
        "sparse_parity/methods/ⅰ.py", "sparse_parity//champion.py", "sparse_parity/methods/_x.py",
    ],
)  # fmt: skip
def test_nothing_else_may_be_edited(path):
    assert not is_editable(path)
    with pytest.raises(EditError, match="may be edited"):
        apply(SOURCES, [Edit("create", path, text="x")])


def refused(*edits: Edit) -> str:
    before = dict(SOURCES)
    with pytest.raises(EditError) as caught:
        apply(SOURCES, edits)
    assert before == SOURCES
    return str(caught.value)


def test_edits_of_one_file_apply_in_order_and_the_input_stays():
    before = dict(SOURCES)
    new = apply(
        SOURCES,
        [
            Edit("replace", METHOD, "RATE = 0.5", "RATE = 0.25"),
            Edit("replace", METHOD, "= 0.25", "= 0.125"),
            Edit("create", "sparse_parity/methods/new.py", text="a\n"),
            Edit("delete", OTHER),
        ],
    )
    assert new == {
        CHAMPION: SOURCES[CHAMPION],
        METHOD: TEXT.replace("0.5", "0.125"),
        "sparse_parity/methods/new.py": "a\n",
    }
    assert before == SOURCES


def test_one_bad_edit_among_good_ones_applies_none():
    assert refused(
        Edit("replace", METHOD, "RATE = 0.5", "RATE = 1.0"), Edit("replace", METHOD, "RATE = 0.5", "")
    ).startswith("edit 2 (replace")


def test_a_search_that_fails_is_shown_the_nearest_lines_with_their_numbers():
    text = refused(
        Edit("replace", METHOD, "    for i in range(len(xs)):\n        total += xs[i] * state[i]\n", "pass")
    )
    assert "`search` does not occur in the file" in text
    assert "   12 |     for i in range(len(x)):\n   13 |         total += x[i] * state" in text
    assert "white space only" not in text


def test_a_search_that_differs_in_white_space_is_told_so():
    assert "differ from it in white space only" in refused(
        Edit("replace", METHOD, 'for i in range(len(x)):\n  total += x[i] * state["w"][i]', "")
    )


def test_a_search_that_occurs_several_times_is_told_where():
    text = refused(Edit("replace", METHOD, "total", "t"))
    assert "`search` occurs 3 times, at lines 11, 13, 15" in text
    assert "add lines around it" in text


def test_overlapping_occurrences_are_ambiguous():
    sources = {CHAMPION: "aaa"}
    with pytest.raises(EditError, match="occurs 2 times"):
        apply(sources, [Edit("replace", CHAMPION, "aa", "b")])


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([], "no edits"),
        (
            [Edit("create", f"sparse_parity/methods/m{i}.py", text="x") for i in range(21)],
            "21 edits are more than 20",
        ),
        ([Edit("create", "sparse_parity/methods/m.py", text="ü" * 32_001)], "64002 bytes"),
        ([Edit("replace", METHOD, "", "x")], "`search` is empty"),
        ([Edit("create", METHOD, text="x")], "the file exists"),
        ([Edit("create", "sparse_parity/methods/m.py", "x", "x")], "create takes no `search`"),
        ([Edit("delete", "sparse_parity/methods/m.py")], f"no such file; the files are {CHAMPION}, {OTHER}"),
        ([Edit("replace", "sparse_parity/methods/m.py", "a", "b")], "no such file"),
        ([Edit("delete", CHAMPION)], "the champion cannot be deleted"),
        ([Edit("delete", OTHER), Edit("replace", OTHER, "half", "h")], "edit 2"),
        ([Edit("replace", METHOD, "RATE", "R\0")], "NUL"),
        ([Edit("replace", METHOD, "RATE = 0.5", "RATE\r\n")], "carriage return"),
        ([Edit("create", "sparse_parity/methods/m.py", text="\ud800")], "surrogate"),
        ([Edit("replace", METHOD, "RATE = 0.5", "RATE = 0.5")], "the edits change nothing"),
        ([Edit("delete", OTHER), Edit("create", OTHER, text=SOURCES[OTHER])], "the edits change nothing"),
    ],
)
def test_what_cannot_apply_is_refused_with_the_reason(edits, words):
    assert words in refused(*edits)


def test_the_nearest_lines_are_found_quickly_in_large_texts():
    lines = [f"value_{i} = state[{i}] * {i * i}  # some words that repeat in every line" for i in range(3000)]
    start = time.process_time()  # a processor's: minutes if each line were compared with each
    with pytest.raises(EditError, match=r" 1501 \| value_1500 = "):
        apply(
            {CHAMPION: "\n".join(lines)},
            [Edit("replace", CHAMPION, "\n".join(lines[1500:1600]).replace("words", "wrods"))],
        )
    assert time.process_time() - start < 10


@given(
    st.text(alphabet="ab\n", max_size=30),
    st.text(alphabet="ab\n", min_size=1, max_size=4),
    st.text(alphabet="ab\n", max_size=4),
)
def test_a_replacement_happens_at_the_only_place_or_not_at_all(text, search, new):
    places = [i for i in range(len(text)) if text.startswith(search, i)]
    edit = Edit("replace", CHAMPION, search, new)
    if len(places) == 1 and search != new:
        assert apply({CHAMPION: text}, [edit]) == {
            CHAMPION: text[: places[0]] + new + text[places[0] + len(search) :]
        }
    else:
        with pytest.raises(EditError):
            apply({CHAMPION: text}, [edit])


def test_the_hash_of_edits_sees_every_field_and_the_order():
    edits = [
        Edit("replace", METHOD, "a", "b"),
        Edit("replace", METHOD, "b", "a"),
        Edit("create", METHOD, "a", "b"),
        Edit("replace", OTHER, "a", "b"),
    ]
    assert len({edits_hash([edit]) for edit in edits} | {edits_hash(edits), edits_hash(edits[::-1])}) == 6
    assert edits_hash(edits) == edits_hash(tuple(edits))


def same(old: str, new: str, sources=SOURCES) -> bool:
    changed = {path: text.replace(old, new) if path != CHAMPION else text for path, text in sources.items()}
    assert changed != dict(sources)
    for text in changed.values():
        ast.parse(text)
    return normal_hash(changed) == normal_hash(sources)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", "  # another"),
        ('    """Learn."""\n', ""),
        ('"""A method."""', '"""Words."""'),
        ("state: dict, x", "state: list[float], x: float"),
        ("total = 0.0", "total: float = 0.00"),
        ("RATE = 0.5", "\n\nRATE = (5e-1)"),
        ("total", "accumulated"),
        ("for v in x", "for element in x"),
        ("state", "net"),
        ("    parts", "    pass\n    parts"),
        ("\n", "\r\n"),
    ],
)
def test_what_cannot_change_a_number_does_not_change_the_hash(old, new):
    sources = (
        {**SOURCES, METHOD: TEXT.replace("half(v,", "half(element,")}
        if new.endswith("element in x")
        else SOURCES
    )
    if sources is not SOURCES:
        assert normal_hash({**sources, METHOD: sources[METHOD].replace(old, new)}) == normal_hash(SOURCES)
    else:
        assert same(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RATE = 0.5", "RATE = 0.50001"),
        ("0.0", "0"),
        ("total += x[i]", "total -= x[i]"),
        ("x[i] *", "y[i] *"),
        ("v / scale", "scale / v"),
        ("v, scale", "scale, v"),
        ("scale=y", "v=y"),
        ("half", "third"),
        ("total", "RATE"),
        ("tracker=None", "tracker=0"),
        ("tracker", "recorder"),
        ('"w"', '"u"'),
        ("exp", "log"),
    ],
)
def test_what_can_change_a_number_changes_the_hash(old, new):
    assert not same(old, new)


def hash_of(body: str, extra: str = "") -> str:
    return normal_hash(
        {CHAMPION: 'METHOD = "m"\n', "sparse_parity/methods/m.py": f"{extra}\ndef f(a, b):\n    {body}\n"}
    )


@pytest.mark.parametrize("name", ["import", "conftest", "test_x", "a" * 41])
def test_method_files_have_names_that_can_be_imported_stored_and_are_no_tests(name):
    assert not is_editable(f"sparse_parity/methods/{name}.py")


def test_names_that_a_comprehension_hides_are_not_confused_with_globals():
    assert hash_of("return [t for t in a], sum(b)") != hash_of("return [t for t in a], max(b)")
    assert hash_of("return [sum for sum in a], sum(b)") != hash_of("return [max for max in a], max(b)")
    assert hash_of("return [g for g in a], g(b)", "def g(x): return x") != hash_of(
        "return [h for h in a], h(b)", "def h(x): return x"
    )
    assert hash_of("return [t for t in a]") == hash_of("return [u for u in a]")


def test_swapping_two_locals_everywhere_is_the_same_and_in_one_place_is_not():
    assert hash_of("c = a; d = b; return c - d") == hash_of("d = a; c = b; return d - c")
    assert hash_of("c = a; d = b; return c - d") != hash_of("c = a; d = b; return d - c")
    assert hash_of("c = a; return c") != hash_of("c = a; return a")


def test_functions_that_see_names_from_inside_keep_them():
    assert hash_of("c = a; return locals()") != hash_of("d = a; return locals()")
    assert hash_of("c = a; return lambda: c") != hash_of("d = a; return lambda: d")
    assert hash_of("global c; c = a") != hash_of("global d; d = a")


def test_only_files_that_the_champion_reaches_count_in_any_order():
    unused = {**SOURCES, "sparse_parity/methods/unused.py": "def f():\n    return 1\n"}
    assert normal_hash(unused) == normal_hash(SOURCES)
    assert normal_hash(dict(reversed(unused.items()))) == normal_hash(SOURCES)
    assert normal_hash({**SOURCES, OTHER: "def half(v, scale):\n    return 0\n"}) != normal_hash(SOURCES)
    assert normal_hash({**unused, CHAMPION: SOURCES[CHAMPION].replace("standard", "unused")}) != normal_hash(
        unused
    )


@pytest.mark.parametrize(
    "line",
    [
        "from sparse_parity.methods import fused",
        "from . import fused",
        "from .fused import half",
        "from ..methods.fused import half",
        "import sparse_parity.methods.fused",
    ],
)
def test_every_way_to_import_a_method_reaches_it(line):
    sources = {**SOURCES, METHOD: f"{line}\n"}
    assert normal_hash({**sources, OTHER: "x = 1\n"}) != normal_hash(sources)


@pytest.mark.parametrize(
    "text",
    [
        "def f(:\n",
        "x = '\\0'\0",
        "(" * 5000,
        "x = " + "1+" * 60_000 + "1",
        "x = 0x" + "f" * 5000,
        "x = '\\d'",
    ],
)
def test_what_does_not_parse_counts_as_text(text):
    sources = {**SOURCES, METHOD: text}
    assert normal_hash(sources) == normal_hash(dict(sources))
    assert normal_hash(sources) != normal_hash({**sources, METHOD: text + " "}) or text.endswith("'")
    assert normal_hash(sources) != normal_hash(SOURCES)


def test_a_champion_that_cannot_be_read_makes_every_file_count():
    for champion in ("METHOD = (", "METHOD = 'nowhere'\n", ""):
        sources = {**SOURCES, CHAMPION: champion}
        assert normal_hash(sources) != normal_hash({**sources, OTHER: ""})
