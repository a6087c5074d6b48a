"""A kill at a named point loses nothing. All passages of a longer run: `python tests/harness/crash_matrix.py`."""

import re

import pytest

from tests.harness.crash_matrix import HARNESS, points_in_source, try_passage, uninterrupted
from tests.harness.scripts import KEPT, POLICY

ENTRIES = [KEPT, POLICY]
# Where a row and the branch can come apart. Each is killed when the kept experiment passes it.
DELICATE = ["row-written", "row-durable", "commit-made", "ref-moved"]


@pytest.fixture(scope="module")
def whole(begun_project, tmp_path_factory):
    """What the run leaves behind when nobody kills it, and the points that it passes."""
    return uninterrupted(begun_project, tmp_path_factory.mktemp("whole"), ENTRIES)


@pytest.mark.parametrize("point", DELICATE)
def test_a_kill_at_a_point_leaves_the_run_as_if_nobody_had_killed_it(begun_project, tmp_path, whole, point):
    expected, passed = whole
    last = passed.index("publishing") + 3 if point in {"commit-made", "ref-moved"} else len(passed)
    number = max(i for i, name in enumerate(passed[:last], 1) if name == point)
    assert try_passage(begun_project, tmp_path, ENTRIES, number, expected).differs == ()


def test_a_kill_while_recovering_from_a_kill_loses_nothing_either(begun_project, tmp_path, whole):
    expected, passed = whole
    assert try_passage(begun_project, tmp_path, ENTRIES, passed.index("row-durable") + 1, expected, (2,)).differs == ()


def test_the_run_passes_every_point_that_the_source_names(whole):
    assert points_in_source(HARNESS) == {re.sub("^stage-.*", "stage-", name) for name in whole[1]}
