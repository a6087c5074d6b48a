"""docs/language.md is true: its examples pass or are refused as it says, its table names tests that are there."""

import ast
import re
from pathlib import Path

import pytest

from harness.policy import check_module
from harness.policy.words import ACTIONS, ANSWERS, BUILTINS, MATH, MATH_CONSTANTS, MAX_CHAIN, MAX_REGISTERS, RNG
from tests.attacks.hidden_variants import VARIANTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/language.md").read_text("utf-8")
KNOWN = {"sparse_parity/model.py": (ROOT / "sparse_parity/model.py").read_text("utf-8")}
FRAME = """import math


def f(w, x, rows, n, y, hp):
    {line}
"""


def refusals_of(source):
    return [str(refusal) for refusal in check_module("sparse_parity/methods/page.py", source, known_modules=KNOWN)]


def rows_after(heading):
    """The cells of the table under a heading, without its head."""
    lines = [line for line in PAGE.split(f"## {heading}\n")[1].split("\n## ")[0].split("\n") if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


INSTEAD = rows_after("What to write instead")
HIDING = rows_after("Where a number might hide")


def test_the_examples_of_the_page_are_one_module_that_passes():
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 4
    assert refusals_of("\n".join(examples)) == []


@pytest.mark.parametrize("row", INSTEAD, ids=lambda row: row[0])
def test_what_the_page_refuses_is_refused_and_what_it_gives_instead_passes(row):
    bad, good = (cell.strip("`") for cell in row)
    assert refusals_of(FRAME.format(line=bad)) != []
    assert refusals_of(FRAME.format(line=good)) == []


def test_the_page_lists_every_word_that_may_be_called():
    written = set(re.findall(r"\w+", PAGE))
    words = {*BUILTINS, *ACTIONS, *ANSWERS, *MATH, *MATH_CONSTANTS, *RNG}
    assert words <= written, words - written
    assert f"at most {MAX_REGISTERS} together, and at most {MAX_CHAIN} along" in PAGE


def test_every_place_in_the_table_is_tried_and_ends_as_it_says():
    ends = {place: sorted(ends.split(", ")) for place, ends, *_ in HIDING}
    tried = {place: sorted({v.fate for v in VARIANTS if v.place == place}) for place in {v.place for v in VARIANTS}}
    assert ends == tried


def test_every_row_of_the_table_names_a_test_that_exists():
    tests = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    for place, _, _, also in HIDING:
        named = re.findall(r"`(test_\w+)`", also)
        assert named, place
        assert set(named) <= tests, (place, set(named) - tests)
