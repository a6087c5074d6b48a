"""The model as a proposer against a local server: opening it, asking it, and what it left on disk."""

from pathlib import Path

import pytest

from harness.errors import ProposerPausedError
from harness.proposers import ProposerOptions, build
from tests.harness.briefings import TASK, accept, make_briefing
from tests.harness.messages_server import KEY, serve

ROOT = Path(__file__).resolve().parents[2]


def options_for(tmp_path, address, key=KEY, **changes):
    quick = {"attempts": 3, "wait_cap_s": 0.01, "total_wait_s": 60.0, "timeout_s": 30.0}
    environ = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": key}
    return ProposerOptions(transcripts=tmp_path / "transcripts", environ=environ, **{**quick, **changes})


def open_claude(tmp_path, address, **changes):
    return build("claude", root=ROOT, task=TASK, seed=0, options=options_for(tmp_path, address, **changes))


def ask(tmp_path, *replies, briefing=None, judge=accept, count=None, **changes):
    """The reply of a fresh proposer to one briefing, and the requests that the server saw."""
    with serve(*replies, count=count) as server:
        proposer = open_claude(tmp_path, server.address, **changes)
        reply = proposer.propose(briefing or make_briefing(), judge)
        return reply, server.requests


def pause(tmp_path, *replies, count=None, **changes):
    """The message of a pause, and the paths that were asked before it."""
    with serve(*replies, count=count) as server:
        proposer = open_claude(tmp_path, server.address, **changes)
        with pytest.raises(ProposerPausedError) as caught:
            proposer.propose(make_briefing(), accept)
        assert "\n" not in str(caught.value)
        assert KEY not in str(caught.value)
        return str(caught.value), [path.removeprefix("/v1/messages") for path, _, _ in server.requests]


def written(tmp_path):
    return {path.name: path.read_text() for path in (tmp_path / "transcripts").iterdir()}


def lost(tmp_path, number=1):
    """How many requests of an experiment were sent without a reply, as a fresh process counts them."""
    return open_claude(tmp_path, "http://127.0.0.1:1").bill.charge(number).lost_calls
