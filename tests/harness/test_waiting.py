"""A wait before a model is asked again is told before it begins."""

import pytest

from harness.errors import ProposerPausedError
from harness.proposers.connection import TransientError, retry
from harness.proposers.options import ProposerOptions
from harness.proposers.secret import Access


def told_waits(*troubles, attempts=8):
    """What was told of waits while these troubles came, one after another; then the answer."""
    told, coming = [], iter(troubles)
    options = ProposerOptions(attempts=attempts, wait_cap_s=0.01, on_wait=told.append)

    def ask():
        trouble = next(coming, None)
        if trouble:
            raise TransientError(trouble, 30.0)
        return "an answer"

    try:
        retry(ask, options, Access("http://127.0.0.1:1", "a-secret-key"))
    except ProposerPausedError:
        told.append("paused")
    return told


def test_each_wait_says_how_long_before_which_try_and_why():
    first, second = told_waits("HTTP 529: over\nloaded", "a cut")
    assert (first.seconds, first.attempt, first.attempts, first.reason) == (0.01, 2, 8, "HTTP 529: over loaded")
    assert (second.attempt, second.reason) == (3, "a cut")


@pytest.mark.parametrize(("attempts", "waits"), [(1, 0), (3, 2)])
def test_there_is_no_wait_after_the_last_try(attempts, waits):
    *told, last = told_waits(*["a cut"] * 9, attempts=attempts)
    assert len(told) == waits
    assert last == "paused"


def test_a_key_in_the_trouble_is_not_told():
    (wait,) = told_waits("refused a-secret-key")
    assert "a-secret-key" not in wait.reason
