"""The fault table of docs/model.md: what the loop does for every way in which asking a model can fail."""

import json
import re
import signal
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import ProposerPausedError
from tests.harness.briefings import accept, make_briefing, make_proposal
from tests.harness.claudes import ask, lost, open_claude, pause
from tests.harness.messages_server import HTML, Scripted, call, failure, message, serve, text

DOCS = Path(__file__).resolve().parents[2] / "docs" / "model.md"
GOOD = message([call()])
LIMITED, LATER = {"Retry-After": "0.05"}, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}
# name -> (answer of the server, whether it may have been billed)
PASSING = {
    "429, Retry-After short": (failure(429, "rate_limit_error", LIMITED), False),
    "429, Retry-After 86,400": (failure(429, "rate_limit_error", {"Retry-After": "86400"}), False),
    "429, Retry-After garbage": (failure(429, "rate_limit_error", {"Retry-After": "soon"}), False),
    "429, Retry-After nan": (failure(429, "rate_limit_error", {"Retry-After": "nan"}), False),
    "429, Retry-After a date": (failure(429, "rate_limit_error", LATER), False),
    "529": (failure(529, "overloaded_error"), False),
    "500": (failure(500), False),
    "502 with HTML": (Scripted("<html>Bad gateway</html>", 502, HTML), False),
    "503": (failure(503), False),
    "504": (failure(504), True),
    "408": (failure(408), False),
    "409": (failure(409), False),
    "reset": (Scripted("", fault="reset"), True),
    "half body": (Scripted(GOOD.body, fault="cut"), True),
    "slow": (Scripted("", fault="silent"), True),
    "drip": (Scripted(GOOD.body, fault="drip"), True),
    "200 with HTML": (Scripted("<html>Sign in</html>", 200, HTML), False),
    "200, other JSON": (Scripted('{"status": "ok"}'), False),
    "200, a list": (Scripted("[]"), False),
    "200, message of nulls": (Scripted('{"type": "message", "content": null}'), False),
    "200, half JSON": (Scripted(GOOD.body[:99]), True),
    "200, empty": (Scripted(""), True),
}


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_may_pass_is_tried_again(tmp_path, name):
    trouble, is_lost = PASSING[name]
    timeout = {"timeout_s": 0.3} if name in {"slow", "drip"} else {}
    reply, requests = ask(tmp_path, trouble, GOOD, **timeout)
    assert reply.proposal == make_proposal()
    assert len(requests) == 2
    assert reply.cost.calls == 1
    assert reply.cost.lost_calls == is_lost
    assert bool(reply.cost.lost_dollars) == is_lost
    assert lost(tmp_path) == is_lost


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_does_not_pass_pauses_the_run(tmp_path, name):
    trouble, is_lost = PASSING[name]
    timeout = {"timeout_s": 0.2} if name in {"slow", "drip"} else {}
    told, requests = pause(tmp_path, trouble, trouble, GOOD, attempts=2, **timeout)
    assert len(requests) == 2
    assert re.match(r"claude: http://127\.0\.0\.1:\d+ failed 2 times, last: .+; the same command resumes", told)
    assert lost(tmp_path) == 2 * is_lost


STAYING = {
    "401": (failure(401, "authentication_error"), "the key was refused (HTTP 401"),
    "403": (failure(403, "permission_error"), "the key was refused (HTTP 403"),
    "404": (failure(404, "not_found_error"), "check --model and ANTHROPIC_BASE_URL"),
    "413": (failure(413, "request_too_large"), "lower --briefing-tokens or --max-tokens"),
    "400": (failure(400, "invalid_request_error"), "the request was refused (HTTP 400"),
    "400 for forced tools": (
        failure(400, "invalid_request_error", words="tool_choice: type tool is not supported by this model"),
        "drop --force-tool",
    ),
    "400, prompt too long": (
        failure(400, "invalid_request_error", words="prompt is too long: 212,345 tokens > 200,000 maximum"),
        "lower --briefing-tokens",
    ),
    "400, no credit": (
        failure(400, "invalid_request_error", words="Your credit balance is too low"),
        "mend the account's billing",
    ),
    "429, spend limit": (
        failure(429, "rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
        "the account's spend limit is reached",
    ),
}


@pytest.mark.parametrize("name", STAYING)
def test_trouble_that_stays_pauses_at_once_and_costs_nothing(tmp_path, name):
    trouble, words = STAYING[name]
    told, requests = pause(tmp_path, trouble)
    assert len(requests) == 1
    assert words in told
    assert told.endswith("the same command resumes the run")
    assert lost(tmp_path) == 0


def wrong_schema():
    block = call()
    block["input"] = {**block["input"], "prediction": {"metric": "speed", "direction": "lower", "size": None}}
    return message([block])


# name -> (answer, what the model is told to mend)
MENDED = {
    "empty content": (message([], "end_turn"), "no call of the tool"),
    "prose alone": (message([text("Hm.")], "end_turn"), "no call of the tool"),
    "max_tokens in a tool input": (message([call()], "max_tokens"), "cut off at 32000 tokens"),
    "wrong schema": (wrong_schema(), "prediction: metric must be one of ard"),
    "two tool calls": (message([call(), call(block_id="t2")]), "2 tool calls in one answer"),
    "two proposals in prose": (
        message([text('{"edits": []} and {"edits": [1]}')], "end_turn"),
        "2 proposals in one answer",
    ),
    "another tool": (message([call(name="bash")]), "there is no tool of that name"),
    "pause_turn": (message([call()], "pause_turn"), "stopped early (pause_turn)"),
    "unknown stop reason": (message([call()], "surprise\x1b[0m"), "stopped early (surprise[0m)"),
    "no stop reason": (message([call()], None), "stopped early (no stop reason)"),
}


@pytest.mark.parametrize("name", MENDED)
def test_answer_that_is_unusable_is_mended_in_a_repair_turn(tmp_path, name):
    answer, told = MENDED[name]
    reply, requests = ask(tmp_path, answer, GOOD)
    assert reply.proposal == make_proposal()
    assert reply.cost.calls == 2  # both are charged
    (repair,) = reply.repairs
    assert told in repair
    assert json.dumps(repair)[1:-1] in json.dumps(requests[1][2]["messages"][-1])


@pytest.mark.parametrize("name", MENDED)
def test_answer_that_stays_unusable_is_an_invalid_experiment_with_its_last_reason(tmp_path, name):
    answer, told = MENDED[name]
    reply, requests = ask(tmp_path, answer, answer, answer, GOOD)
    assert reply.proposal is None
    assert told in reply.error
    assert len(requests) == reply.cost.calls == 3
    assert len(reply.repairs) == 2


ENDED = {
    "refusal": (
        message([], "refusal", stop_details={"category": "frontier_llm", "explanation": "no\nthanks"}),
        "the model refused to answer (frontier_llm: no thanks)",
    ),
    "context window full": (message([call()], "model_context_window_exceeded"), "context window"),
}


@pytest.mark.parametrize("name", ENDED)
def test_answer_that_asking_again_cannot_mend_ends_the_experiment_and_is_charged(tmp_path, name):
    answer, told = ENDED[name]
    reply, requests = ask(tmp_path, answer, GOOD)
    assert reply.proposal is None
    assert told in reply.error
    assert len(requests) == reply.cost.calls == 1
    assert reply.cost.dollars > 0


def test_json_in_prose_is_taken_without_a_repair(tmp_path):
    words = f"I propose:\n```json\n{json.dumps(call()['input'], indent=1)}\n```\nThat is all."
    reply, requests = ask(tmp_path, message([text(words)], "end_turn"))
    assert reply.proposal == make_proposal()
    assert len(requests) == 1


def test_refused_connection_pauses_the_run_and_nothing_can_have_been_billed(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ProposerPausedError, match="no connection"):
        open_claude(tmp_path, address).propose(make_briefing(), accept)
    assert lost(tmp_path) == 0


@pytest.mark.parametrize(("fault", "words"), [("silent", "no answer within"), ("drip", "no whole answer within")])
def test_a_reply_that_comes_too_slowly_is_given_up_in_time(tmp_path, fault, words):
    told, _ = pause(tmp_path, Scripted(GOOD.body, fault=fault), attempts=1, timeout_s=0.2)
    assert words in told


def test_a_long_retry_after_is_told_when_the_run_pauses(tmp_path):
    told, _ = pause(tmp_path, *[failure(429, "rate_limit_error", {"Retry-After": "86400"})] * 3)
    assert "it asks to wait 86,400 s" in told


def test_deadline_ends_the_retries_before_the_attempts_do(tmp_path):
    _, requests = pause(tmp_path, *[failure(500)] * 9, attempts=9, wait_cap_s=5.0, total_wait_s=0.01)
    assert len(requests) == 1


@contextmanager
def interruptible():
    """SIGINT is a KeyboardInterrupt, also where a script started pytest in its background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_request_whose_process_was_interrupted_counts_as_lost_and_is_asked_again(tmp_path):
    def interrupt(_):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return Scripted("", fault="silent")

    with serve(answer=interrupt) as server:
        with interruptible(), pytest.raises(KeyboardInterrupt):
            open_claude(tmp_path, server.address).propose(make_briefing(), accept)
        server.answer = lambda _: GOOD
        reply = open_claude(tmp_path, server.address).propose(make_briefing(), accept)
    assert (reply.cost.calls, reply.cost.lost_calls) == (1, 1)
    assert reply.cost.lost_dollars > 32_000 * 20 / 1e6


def test_every_fault_has_its_row_in_the_documented_table():
    rows = re.findall(r"^\| ([^|]+?) \|", DOCS.read_text(), flags=re.MULTILINE)
    documented = {name.strip() for row in rows for name in row.split(" / ")}
    assert {*PASSING, *STAYING, *MENDED, *ENDED} <= documented
