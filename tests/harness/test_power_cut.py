"""A power cut loses nothing that was said to be durable: `python tests/harness/power_cut.py`, as root.

What is fast to see, the order of syncs and names, is in test_git_left.py.
"""

import os

import pytest

from tests.harness.power_cut import SIZES, outcomes


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount an image")
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_a_power_cut_loses_nothing_that_was_said_to_be_durable(tmp_path, kind):
    tried = list(outcomes(tmp_path, kind, 9))
    assert len(tried) >= 6
    assert not any(outcome.differs for outcome in tried), tried
