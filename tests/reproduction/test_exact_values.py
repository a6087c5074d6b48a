"""Every number that the original public code printed, found again in the committed table, to the digits that are fixed.

`original_values.json` holds, by claim, what running the original code gave (`match`: how that compares with the
documents). `results/reproduction.json` is what `python -m sparse_parity reproduce` measured here.
"""

import json
import math
from pathlib import Path

import pytest

from sparse_parity.reproduction.claim import SAME_DIGITS
from sparse_parity.reproduction.registry import CLAIMS

HERE = Path(__file__).resolve().parent
ORIGINAL = json.loads((HERE / "original_values.json").read_text(encoding="utf-8"))
TABLE = {
    row["claim"]: row
    for row in json.loads((HERE.parents[1] / "results/reproduction.json").read_text(encoding="utf-8"))["rows"]
}
AGREES = ("exact", "number", "ok", "share")
EXACT = [name for name, original in ORIGINAL.items() if original["match"].startswith(AGREES)]
MEASURED = [name for name in ORIGINAL if TABLE[name]["verdict"] != "not run"]
BY_EYE = {"S1-1s", "C-wall", "RUNTIME"}  # seconds of a machine
WORDS = {"ENERGY", "ARD-def", "C-ident", "LG-LR", "R20-54", "STEPS"}  # the original gives no number to compare with


def same(ours, number):
    """As it stands, or a fraction that ours gives in per cent."""
    return any(math.isclose(ours, value, rel_tol=SAME_DIGITS) for value in (number, 100.0 * number))


def rounds_to(ours, digits):
    decimals = len(digits.partition(".")[2])
    return f"{ours:.{decimals}f}" == digits


@pytest.mark.parametrize("name", MEASURED)
def test_original_number_is_in_the_committed_table_to_its_digits(name):
    ours = TABLE[name]["values"]
    missing = [number for number in ORIGINAL[name]["numbers"] if not any(same(value, number) for value in ours)]
    missing += [digits for digits in ORIGINAL[name].get("rounded", []) if not any(rounds_to(v, digits) for v in ours)]
    assert missing == [], f"{name}: ours is {ours}"


def test_all_exact_claims_have_numbers_and_agree():
    assert len(EXACT) > 40
    for name in EXACT:
        assert ORIGINAL[name]["numbers"] or ORIGINAL[name].get("rounded"), name
        agrees = {"reproduced", "artefact", "wrong"} | ({"within noise"} if name == "SIGN-seeds" else set())  # SGD's do
        assert TABLE[name]["verdict"] in agrees, name
    assert set(ORIGINAL) == set(MEASURED)


def test_every_claim_of_the_documents_is_compared_or_says_why_not():
    without = {name for name, original in ORIGINAL.items() if not (original["numbers"] or original.get("rounded"))}
    assert without == BY_EYE | WORDS
    assert set(ORIGINAL) - {claim.id for claim in CLAIMS} == set()
    published = {claim.id for claim in CLAIMS if claim.source != "ours" and claim.published != "qualitative"}
    assert published <= set(ORIGINAL)


def test_a_wrong_digit_is_missed():
    assert not same(10639.620365013412 * (1 + 1e-11), 10639.620365013412)
    assert not rounds_to(8503.75, "8503.7")


SHOWN = {  # what must be shown by running both sides: the claim, and what its values must be
    "the per-layer list is the fused list without its own buffers": ("R3-list", lambda v: v == [42, 14, 28, 1, 1]),
    "the three variants end with bit-identical weights": ("C-ident", lambda v: v == [1]),
    "25 times compares a full step with a forward-only one": (
        "E-25x", lambda v: [round(x, 1) for x in v[:4]] == [25.3, 27.1, 10.6, 15.4] and v[4:6] == [9, 24]),
    "failing on 20 bits is a time-out": ("E-ff20", lambda v: v[1] == 0.585 and v[3] > 0.7),
    "2,000 samples solve 20 bits in one epoch": ("E-fails", lambda v: v[0] == 1.0),
    "16 % is a mean over reads": ("S1-16pct", lambda v: [round(x, 2) for x in v[:2]] == [15.87, 3.96]),
    "the 54 % needs both changes": ("LG-LR", lambda v: max(v[:2]) < 0.65 and v[2] > 0.9),
    "ARD by last write rises as the net learns": ("WHOLE", lambda v: sorted(v[:6]) == v[:6] and v[5] > 6 * v[0]),
}  # fmt: skip


@pytest.mark.parametrize("point", SHOWN)
def test_committed_table_shows(point):
    claim, holds = SHOWN[point]
    assert holds(TABLE[claim]["values"])
