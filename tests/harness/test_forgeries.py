"""Each forgery of `forgeries.py` is found and named by row and field, and what only measuring finds is found by that.

The whole table takes a minute: it is the slow test, and the program. Here stand those that test_verify_command has not.
"""

import pytest

from tests.harness.audited import copy_of
from tests.harness.forgeries import FORGERIES, look

# One of each kind that no other test forges.
QUICK = (
    "a value edited, chain not rebuilt",
    "a prediction written after the fact",
    "the second opinion left out",
    "a refusal turned into failing tests",
    "a win of code that the policy refuses",
    "the branch rebased",
    "a merged ledger rewritten",
    "made-up numbers, all published anew",
    "a made-up second opinion",
)


def test_there_are_more_than_thirty_and_each_has_a_name_of_its_own():
    names = [forgery.name for forgery in FORGERIES]
    assert len(set(names)) == len(names) > 30
    assert set(QUICK) <= set(names)


@pytest.mark.parametrize("forgery", [f for f in FORGERIES if f.name in QUICK], ids=lambda f: f.name)
def test_a_forgery_is_named(audited_project, tmp_path, forgery):
    found = look(copy_of(audited_project, tmp_path), forgery)
    assert all(one.is_named for one in found), found


@pytest.mark.slow
@pytest.mark.parametrize("forgery", [f for f in FORGERIES if f.name not in QUICK], ids=lambda f: f.name)
def test_every_other_forgery_is_named(audited_project, tmp_path, forgery):
    found = look(copy_of(audited_project, tmp_path), forgery)
    assert all(one.is_named for one in found), found
