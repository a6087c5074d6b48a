"""Stops at random moments lose nothing. A hundred of them and more: `python tests/harness/random_kills.py`."""

import random
from itertools import islice

import pytest

from tests.harness.random_kills import HOW_OFTEN, stopped_run
from tests.harness.run_state import differences
from tests.harness.scripts import KEPT, POLICY
from tests.harness.sittings import Scripted

HOW = Scripted([KEPT, POLICY])


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_a_run_that_is_stopped_at_random_moments_comes_to_the_same_end(begun, recorded_project, seed):
    stops = list(islice(stopped_run(begun, HOW.entries, random.Random(seed), 1.5, 1), 3))
    assert [stop.wrong for stop in stops] == [""] * len(stops), (seed, stops)
    last = HOW.sit(begun)
    assert (last.done.returncode, last.done.stderr) == (0, ""), (seed, stops)
    assert differences(HOW.state(recorded_project), HOW.state(begun)) == (), (seed, stops)


def test_every_way_to_stop_is_tried():
    assert {"kill all", "kill the loop", "SIGTERM", "SIGINT", "SIGINT twice"} <= set(HOW_OFTEN)
