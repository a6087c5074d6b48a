"""A full disk loses nothing. Every write of a run: `python tests/harness/full_disk.py`, and with --inodes."""

import os

import pytest

from tests.harness import full_disk
from tests.harness.scripts import KEPT, POLICY
from tests.harness.sittings import Scripted

HOW = Scripted([KEPT, POLICY])
SLOW = [pytest.param(unit, room, marks=pytest.mark.slow) for unit in ("pages", "inodes") for room in (0, 1, 3, 12)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize(("unit", "room"), [("pages", 7), *SLOW])
def test_a_full_disk_is_one_line_and_the_same_end_with_space(begun_project, recorded_project, tmp_path, unit, room):
    expected = HOW.state(recorded_project)
    trial = full_disk.try_room(begun_project, tmp_path / "disk", HOW, room, expected, unit, elsewhere=True)
    assert trial is not None, "there was room enough"
    assert trial.wrong == (), trial
