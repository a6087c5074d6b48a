"""DISCOVERIES.md: short, one source a bullet, and the source exists."""

import re
from pathlib import Path

import pytest

from sparse_parity.reproduction.registry import CLAIMS

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "DISCOVERIES.md").read_text(encoding="utf-8").splitlines()
OPEN = LINES.index("## Open questions")
FACTS = [line for line in LINES[:OPEN] if line.startswith("- ")]
CLAIM_IDS = {claim.id for claim in CLAIMS}


def test_it_is_short_and_ends_with_the_open_questions():
    assert len(LINES) < 150
    assert not [line for line in LINES[OPEN + 1 :] if line.startswith("#")]


@pytest.mark.parametrize("fact", FACTS)
def test_fact_ends_with_one_source_that_exists(fact):
    found = re.search(r" \[([^\[\]]+)\](?:\((findings/[^()]+)\))?$", fact)
    assert found, fact
    name, finding = found.groups()
    page = ROOT / (finding or name)
    assert name in CLAIM_IDS or page.is_file(), fact


@pytest.mark.parametrize("fact", [fact for fact in FACTS if "~~" in fact])
def test_what_is_struck_through_is_followed_by_its_correction(fact):
    struck = re.fullmatch(r"- ~~[^~]+~~ (.+) \[.+?\](?:\(.+\))?", fact)
    assert struck, fact
    assert len(struck[1]) > 10


def test_no_claim_that_is_wrong_or_an_artefact_is_told_as_a_fact():
    told = {re.search(r"\[([^\[\]]+)\](?:\(.+\))?$", fact)[1] for fact in FACTS if "~~" in fact}
    wrong = {claim.id for claim in CLAIMS if claim.verdict == "wrong"}
    unstruck = {re.search(r"\[([^\[\]]+)\](?:\(.+\))?$", fact)[1] for fact in FACTS if "~~" not in fact}
    assert wrong & unstruck == set()
    assert len(told) > 10
