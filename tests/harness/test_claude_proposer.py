"""The model as a proposer, against a real local server that speaks the Messages API, well and badly."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace

import pytest
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from harness.errors import ArdentError, BadInputError, ProposerPausedError
from harness.proposers import DEFAULT_MODEL
from harness.proposers.prices import Price, Usage, find_price, read_prices, simple_price
from harness.proposers.replay import ReplayProposer
from harness.proposers.secret import Access, read_access
from harness.records import Cost
from tests.harness.briefings import accept, make_briefing, make_proposal, make_row
from tests.harness.claudes import ROOT, ask, lost, open_claude, pause, written
from tests.harness.messages_server import DOLLARS, KEY, Scripted, call, counted, failure, message, serve

PRICES = ROOT / "prompts" / "prices.yaml"


# -- answers ---


def test_tool_call_becomes_the_proposal_and_is_charged(tmp_path):
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    reply, requests = ask(tmp_path, message([thinking, {"type": "text", "text": "Here."}, call()]))
    assert reply.proposal == make_proposal()
    assert (reply.proposer, reply.model, reply.error) == ("claude", "model-x", "")
    assert reply.cost == Cost(calls=1, input_tokens=1000, output_tokens=500, dollars=pytest.approx(DOLLARS))
    path, headers, body = requests[0]
    assert path == "/v1/messages"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body["model"] == DEFAULT_MODEL
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert [tool["strict"] for tool in body["tools"]] == [True]
    assert body["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
    assert body["max_tokens"] >= 16_000
    assert not body.get("stream")
    assert not {"temperature", "top_p", "top_k"} & set(body)


def whole(value):
    """A validated value with its lazy lists read to the end."""
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    return value if isinstance(value, str) or not isinstance(value, Iterable) else [whole(inner) for inner in value]


@pytest.mark.parametrize(
    "changes", [{}, {"effort": "max", "cache_ttl": "1h"}, {"force_tool": True, "max_usd": 0.0004}], ids=str
)
def test_requests_are_what_the_sdk_has_types_for(tmp_path, changes):
    """A field that the SDK does not know is dropped by its type, so that the two would differ."""
    with serve(message([call(make_proposal(title="first"))]), message([call()]), count=counted(9)) as server:
        proposer = open_claude(tmp_path, server.address, price=(0.01, 0.01), **changes)
        proposer.propose(make_briefing(), lambda proposal: "mend it" if proposal.title == "first" else "")
        bodies = [(path, body) for path, _, body in server.requests]
    assert len([path for path, _ in bodies if path == "/v1/messages"]) == 2
    assert any("count_tokens" in path for path, _ in bodies) == ("max_usd" in changes)
    for path, body in bodies:
        kind = MessageCreateParamsNonStreaming if path == "/v1/messages" else MessageCountTokensParams
        assert whole(TypeAdapter(kind).validate_python(body)) == body


def test_effort_is_sent_only_when_it_is_asked_for(tmp_path):
    _, first = ask(tmp_path / "a", message([call()]))
    _, second = ask(tmp_path / "b", message([call()]), effort="high")
    assert "output_config" not in first[0][2]
    assert second[0][2]["output_config"] == {"effort": "high"}


def test_json_in_text_is_read_when_no_tool_is_called(tmp_path):
    text = f"I propose:\n```json\n{json.dumps(asdict(make_proposal()), indent=1)}\n```"
    reply, requests = ask(tmp_path, message([{"type": "text", "text": text}], "end_turn"))
    assert reply.proposal == make_proposal()
    assert len(requests) == 1


def test_tool_input_sent_as_text_is_read(tmp_path):
    block = {**call(), "input": json.dumps(asdict(make_proposal()))}
    assert ask(tmp_path, message([block]))[0].proposal == make_proposal()


def test_edit_that_does_not_match_is_mended_in_the_same_conversation(tmp_path):
    wrong, right = make_proposal(title="wrong"), make_proposal(title="right")
    told = "edit 1: `search` does not occur in the file"
    reply, requests = ask(
        tmp_path,
        message([call(wrong)]),
        message([call(right)]),
        judge=lambda proposal: told if proposal.title == "wrong" else "",
    )
    assert reply.proposal == right
    assert reply.cost.calls == 2
    assert reply.cost.dollars == pytest.approx(2 * DOLLARS)
    conversation = requests[1][2]["messages"]
    assert [turn["role"] for turn in conversation] == ["user", "assistant", "user"]
    assert conversation[1]["content"] == [call(wrong)]
    (result,) = conversation[2]["content"]
    assert (result["type"], result["tool_use_id"], result["is_error"]) == ("tool_result", "t1", True)
    assert told in result["content"]
    assert requests[1][2]["system"] == requests[0][2]["system"]


def test_repair_turns_are_bounded_and_the_last_error_is_kept(tmp_path):
    replies = [message([call()]) for _ in range(9)]
    reply, requests = ask(tmp_path, *replies, judge=lambda _: "refused by policy", repair_turns=2)
    assert (reply.proposal, reply.error) == (None, "refused by policy")
    assert len(requests) == reply.cost.calls == 3


def test_field_that_is_wrong_is_named_to_the_model(tmp_path):
    bad = call()
    bad["input"] = {**bad["input"], "prediction": {"metric": "speed", "direction": "lower", "size": None}}
    reply, requests = ask(tmp_path, message([bad]), message([call()]))
    assert reply.proposal == make_proposal()
    assert "prediction: metric must be one of ard" in json.dumps(requests[1][2]["messages"][-1])


def test_answer_without_tool_or_json_gets_a_text_repair(tmp_path):
    reply, requests = ask(tmp_path, message([{"type": "text", "text": "Hm."}], "end_turn"), message([call()]))
    assert reply.proposal == make_proposal()
    assert requests[1][2]["messages"][-1]["content"][0]["type"] == "text"


def test_two_tool_calls_are_answered_both_and_one_is_asked_for(tmp_path):
    reply, requests = ask(tmp_path, message([call(), call(block_id="t2")]), message([call()]))
    assert reply.proposal == make_proposal()
    results = requests[1][2]["messages"][-1]["content"]
    assert [result["tool_use_id"] for result in results] == ["t1", "t2"]
    assert "2 tool calls in one answer" in results[0]["content"]


def test_tool_of_another_name_is_not_a_proposal(tmp_path):
    reply, _ = ask(tmp_path, message([call(name="bash")]), repair_turns=0)
    assert reply.proposal is None
    assert "call `propose`" in reply.error


def test_empty_content_is_repaired_without_an_empty_turn(tmp_path):
    reply, requests = ask(tmp_path, message([], "end_turn"), message([call()]))
    assert reply.proposal == make_proposal()
    assert [turn["role"] for turn in requests[1][2]["messages"]] == ["user"]


# -- stop reasons ---


def test_truncated_tool_input_is_never_applied_and_not_echoed(tmp_path):
    judged = []
    reply, requests = ask(
        tmp_path,
        message([call(make_proposal(title="cut"))], "max_tokens"),
        message([call(make_proposal(title="whole"))]),
        judge=lambda proposal: judged.append(proposal.title) or "",
    )
    assert reply.proposal.title == "whole"
    assert judged == ["whole"]
    assert "cut off at 32000 tokens" in json.dumps(requests[1][2]["messages"])
    assert "tool_use" not in json.dumps(requests[1][2]["messages"])
    assert reply.cost.calls == 2


def test_refusal_is_told_at_once_and_charged(tmp_path):
    details = {"type": "refusal", "category": "frontier_llm", "explanation": "no\nthanks"}
    reply, requests = ask(tmp_path, message([], "refusal", stop_details=details))
    assert reply.proposal is None
    assert reply.error == "the model refused to answer (frontier_llm: no thanks)"
    assert len(requests) == 1
    assert reply.cost.dollars == pytest.approx(DOLLARS)


def test_full_context_window_ends_the_turn(tmp_path):
    reply, requests = ask(tmp_path, message([call()], "model_context_window_exceeded"))
    assert reply.proposal is None
    assert "context window" in reply.error
    assert len(requests) == 1


@pytest.mark.parametrize("stop", ["pause_turn", "surprise\x1b[0m", None, 3])
def test_unknown_stop_reason_is_never_applied(tmp_path, stop):
    reply, requests = ask(tmp_path, message([call()], stop), message([call()], stop), repair_turns=1)
    assert reply.proposal is None
    assert "the answer stopped early" in reply.error
    assert "\x1b" not in reply.error
    assert len(requests) == 2


# -- paid replies ---


def test_recorded_reply_is_used_again_and_charged_once(tmp_path):
    with serve(message([call()])) as server:
        first = open_claude(tmp_path, server.address).propose(make_briefing(), accept)
        again = open_claude(tmp_path, server.address).propose(make_briefing(), accept)
        assert len(server.requests) == 1
    assert again == first
    assert again.cost.calls == 1


def test_killed_repair_goes_on_where_it_was(tmp_path):
    class Killed(BaseException):
        """As ^C or a kill in the middle of a conversation."""

    def kill(proposal):
        raise Killed(proposal.title)

    def judge(proposal):
        return "mend it" if proposal.title == "first" else ""

    first, second = make_proposal(title="first"), make_proposal(title="second")
    with serve(message([call(first)]), message([call(second)])) as server:
        with pytest.raises(Killed):
            open_claude(tmp_path, server.address).propose(make_briefing(), kill)
        reply = open_claude(tmp_path, server.address).propose(make_briefing(), judge)
        assert len(server.requests) == 2
    assert reply.proposal == second
    assert reply.cost.dollars == pytest.approx(2 * DOLLARS)


def test_another_request_is_asked_anew_and_the_abandoned_reply_stays_charged(tmp_path):
    with serve(message([call()]), message([call()])) as server:
        proposer = open_claude(tmp_path, server.address)
        proposer.propose(make_briefing(), accept)
        reply = proposer.propose(make_briefing(prompt="Propose something else."), accept)
        assert len(server.requests) == 2
    assert reply.cost.calls == 2


def test_reply_is_on_disk_before_it_is_read(tmp_path):
    seen = []
    body = message([call()])
    ask(tmp_path, body, judge=lambda _: seen.append(written(tmp_path)) or "")
    recorded = [text for name, text in seen[0].items() if name.endswith(".reply.json")]
    assert [json.loads(text)["body"] for text in recorded] == [body.body]
    assert all(re.match(r"0001-0-[0-9a-f]{16}\.(request|sent-1|reply)\.json$", name) for name in seen[0])


def test_spoilt_recording_stops_instead_of_paying_again(tmp_path):
    with serve(message([call()])) as server:
        proposer = open_claude(tmp_path, server.address)
        proposer.propose(make_briefing(), accept)
        (path,) = (tmp_path / "transcripts").glob("*.reply.json")
        path.write_text("{")
        with pytest.raises(ArdentError, match="remove the file to ask again"):
            proposer.propose(make_briefing(), accept)
        assert len(server.requests) == 1


def test_transcripts_that_cannot_be_written_stop_before_the_call(tmp_path):
    (tmp_path / "transcripts").write_text("a file")
    with serve(message([call()])) as server:
        with pytest.raises(ArdentError, match="cannot be written"):
            open_claude(tmp_path, server.address).propose(make_briefing(), accept)
        assert server.requests == []


def replayed(folder, reply):
    """What a replay of the run with this one reply answers."""
    row = make_row(
        1,
        title=reply.proposal.title,
        hypothesis=reply.proposal.hypothesis,
        why=reply.proposal.why,
        prediction=reply.proposal.prediction,
        edits=reply.proposal.edits,
        repairs=reply.repairs,
        cost=reply.cost,
    )
    return ReplayProposer((row,), folder).propose(make_briefing(), accept)


def test_replay_reads_the_recorded_replies_and_gives_the_row_again(tmp_path):
    first, second = make_proposal(title="first"), make_proposal(title="second")
    judge = lambda proposal: "mend it" if proposal.title == "first" else ""  # noqa: E731
    reply, _ = ask(tmp_path, message([call(first)]), message([call(second)]), judge=judge)
    again = replayed(tmp_path / "transcripts", reply)
    assert (again.proposal, again.repairs, again.cost) == (second, ("mend it",), reply.cost)


def test_replay_stops_where_ledger_and_recorded_replies_differ(tmp_path):
    reply, _ = ask(tmp_path, message([call()]))
    other = replace(reply, proposal=make_proposal(title="made up"))
    with pytest.raises(ArdentError, match=r"no recorded reply in .* holds the proposal of its row"):
        replayed(tmp_path / "transcripts", other)
    assert replayed(tmp_path / "nowhere", other).proposal == other.proposal


# -- dollars ---


def test_the_servers_count_is_asked_for_only_where_the_bytes_would_pass_the_ceiling(tmp_path):
    small, large = 0.6600, 0.6900  # 32,000 tokens of output are $0.64; bytes and slack are more than $0.02
    reply, requests = ask(tmp_path / "a", message([call()]), count=counted(100), max_usd=small)
    assert [path for path, _, _ in requests] == ["/v1/messages/count_tokens", "/v1/messages"]
    assert reply.proposal
    _, requests = ask(tmp_path / "b", message([call()]), count=counted(100), max_usd=large)
    assert [path for path, _, _ in requests] == ["/v1/messages"]


@pytest.mark.parametrize("body", ["<html></html>", '{"input_tokens": "many"}', '{"input_tokens": -5}', "{", "[]"])
def test_a_count_that_makes_no_sense_is_not_believed(tmp_path, body):
    _, requests = pause(tmp_path, message([call()]), count=lambda _: Scripted(body), max_usd=0.65)
    assert requests == ["/count_tokens"]


def test_a_price_on_the_command_line_makes_a_ceiling_for_an_unknown_model(tmp_path):
    reply, _ = ask(tmp_path, message([call()]), model="llama", price=(1.0, 2.0), max_usd=1.0)
    assert reply.cost.dollars == pytest.approx((1000 * 1 + 500 * 2) / 1e6)


def test_lost_replies_count_against_the_ceiling_and_survive_a_resume(tmp_path):
    cut = Scripted(message([call()]).body, fault="cut")
    with serve(cut, message([call()])) as server:
        proposer = open_claude(tmp_path, server.address, max_usd=1.0)
        with pytest.raises(ProposerPausedError, match=r"up to .* may have been billed for replies that never arrived"):
            proposer.propose(make_briefing(), accept)
        again = open_claude(tmp_path, server.address, max_usd=1.0)
        with pytest.raises(ProposerPausedError, match="never arrived"):
            again.propose(make_briefing(), accept)
        assert [path for path, _, _ in server.requests].count("/v1/messages") == 1
        reply = open_claude(tmp_path, server.address, max_usd=2.0).propose(make_briefing(), accept)
    assert (reply.cost.calls, reply.cost.lost_calls, lost(tmp_path)) == (1, 1, 1)


def test_lost_replies_of_the_ledger_count_against_the_ceiling(tmp_path):
    rows = (make_row(1, cost=Cost(calls=1, dollars=0.1, lost_calls=1, lost_dollars=0.7)),)
    with serve(message([call()])) as server:
        proposer = open_claude(tmp_path, server.address, max_usd=1.4)
        with pytest.raises(ProposerPausedError, match=r"\$0\.1000 is spent, up to \$0\.7000 more"):
            proposer.propose(make_briefing(rows), accept)


def test_cached_tokens_are_told_apart(tmp_path):
    usage = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 900, "cache_creation": None}
    reply, _ = ask(tmp_path, message([call()], usage=usage))
    assert (reply.cost.input_tokens, reply.cost.cached_tokens) == (1_000, 900)
    assert reply.cost.dollars == pytest.approx((100 * 4 + 900 * 0.2 + 10 * 20) / 1e6)


def test_ceiling_stops_before_a_call_that_could_pass_it(tmp_path):
    told, requests = pause(tmp_path, message([call()]), max_usd=0.5)
    assert requests == ["/count_tokens"]  # which is free
    assert told.startswith("--max-usd: $0.0000 is spent and the next call may cost $0.6")
    (enough,) = map(float, re.findall(r"raise it to --max-usd (0\.\d\d) or more", told))
    assert ask(tmp_path / "raised", message([call()]), max_usd=enough)[0].proposal
    pause(tmp_path / "less", message([call()]), max_usd=enough - 0.01)


def test_ceiling_counts_the_ledger_and_the_replies_of_this_turn(tmp_path):
    rows = (make_row(0, cost=Cost(dollars=1.0)), make_row(1, cost=Cost(dollars=2.0)))
    with serve(message([call()]), message([call()])) as server:
        proposer = open_claude(tmp_path, server.address, max_usd=3.67)
        with pytest.raises(ProposerPausedError, match=r"\$3\.0140 is spent"):
            proposer.propose(make_briefing(rows), lambda _: "mend it")
        assert [path for path, _, _ in server.requests] == ["/v1/messages", "/v1/messages/count_tokens"]


def test_ceiling_needs_a_price_and_a_sensible_amount(tmp_path):
    with pytest.raises(BadInputError, match="--max-usd: the price of 'llama' is unknown"):
        open_claude(tmp_path, "http://127.0.0.1:1", model="llama", max_usd=1.0)
    for amount in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(BadInputError, match="is not an amount above 0"):
            open_claude(tmp_path, "http://127.0.0.1:1", max_usd=amount)


def test_ceiling_over_a_ledger_of_unknown_cost_is_refused(tmp_path):
    rows = (make_row(1, cost=Cost(dollars=None)),)
    with pytest.raises(BadInputError, match="the cost of experiment 1 is unknown"):
        open_claude(tmp_path, "http://127.0.0.1:1", max_usd=5.0).propose(make_briefing(rows), accept)


def test_unknown_model_costs_unknown_never_nothing(tmp_path):
    reply, _ = ask(tmp_path, message([call()]), model="llama")
    assert reply.cost.dollars is None
    assert reply.cost.output_tokens == 500


def test_reply_without_usage_costs_unknown_and_stops_a_ceiling(tmp_path):
    silent = message([call()], usage=None)
    assert ask(tmp_path / "a", silent)[0].cost.dollars is None
    with serve(silent, silent) as server:
        proposer = open_claude(tmp_path / "b", server.address, max_usd=50.0)
        with pytest.raises(ProposerPausedError, match="does not say what it used"):
            proposer.propose(make_briefing(), lambda _: "mend it")
        assert len(server.requests) == 1


def test_prices_follow_the_list():
    prices = read_prices(PRICES)
    price = find_price(prices, "claude-opus-5-5-20261101")
    usage = Usage(
        input=1_000_000, write_5m=1_000_000, write_1h=1_000_000, cache_read=1_000_000, output=1_000_000
    )
    assert price.dollars(usage) == pytest.approx(4 + 5 + 8 + 0.20 + 20)
    assert find_price(prices, "claude-opus-55") is None
    haiku = find_price(prices, "claude-haiku-5-5")
    assert haiku.dollars(Usage(input=100_000)) == pytest.approx(0.01)
    assert haiku.dollars(Usage(input=100_000, cache_read=100_000)) == pytest.approx(5 * 0.011)
    assert price.worst(2_000, 1_000) > 2_000 / 3.5 * 8 / 1e6 + 1_000 * 20 / 1e6
    assert DEFAULT_MODEL in prices


def test_a_model_may_be_free(tmp_path):
    (tmp_path / "prices.yaml").write_text(f"{ONE_PRICE}}}}}".replace(": 1", ": 0"))
    assert read_prices(tmp_path / "prices.yaml")["a"].dollars(Usage(input=5, output=5)) == 0.0


def test_a_long_prompt_costs_its_factor_in_all_its_tokens():
    """From the first token beyond the limit on, cached ones included; what may be spent at most knows it too."""
    price = Price(input=4.0, write_5m=5.0, write_1h=8.0, cache_read=0.2, output=20.0, long_prompt=1_000, long_factor=3)
    assert price.dollars(Usage(input=600, cache_read=400)) == pytest.approx((600 * 4 + 400 * 0.2) / 1e6)
    long = Usage(input=600, write_5m=1, cache_read=400, output=50)
    assert price.dollars(long) == pytest.approx((600 * 4 + 5 + 400 * 0.2 + 50 * 20) / 1e6 * 3)
    for tokens in (0, 10, 500, 5_000, 100_000):
        dearest = max(Usage(input=tokens), Usage(write_1h=tokens), Usage(write_5m=tokens), key=price.dollars)
        assert price.worst(tokens, 70) > price.dollars(replace(dearest, output=70))
    assert replace(price, cache_read=9.0).worst(5_000, 0) > price.worst(5_000, 0)
    assert simple_price(4.0, 20.0) == Price(4.0, 5.0, 8.0, 0.4, 20.0)


ONE_PRICE = "dated: 2026-11-01\nmodels: {a: {input: 1, write_5m: 1, write_1h: 1, cache_read: 1, output: 1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: {}", "must hold `dated` and `models`"),
        ("dated: soon\nmodels: {}", "dated: 'soon' is not a date"),
        ("dated: 2026-11-01\nmodels: 3", "models: must map"),
        ("dated: 2026-11-01\nmodels: {a: {input: 1}}", "models: a: write_5m: must be a number"),
        ("dated: 2026-11-01\nmodels: {a: {inputs: 1}}", "models: a: unknown field 'inputs'"),
        ("dated: 2026-11-01\nmodels: {a: {input: -1}}", "models: a: input: must be a number of at least 0"),
        ("dated: 2026-11-01\nmodels: {a: {input: true}}", "models: a: input: must be a number of at least 0"),
        ("dated: 2026-11-01\nmodels: {a: {input: .inf}}", "models: a: input: must be a number of at least 0"),
        ("dated: 2026-11-01\nmodels: {a: 3}", "models: a: must hold input, write_5m"),
        (f"{ONE_PRICE}, long_prompt: 3}}}}", "models: a: long_prompt: must hold `above` (tokens) and `factor`"),
        (f"{ONE_PRICE}, long_prompt: {{above: 3, factor: x}}}}}}", "a: long_prompt: factor: must be a number"),
    ],
)
def test_malformed_price_list_names_file_and_field(tmp_path, text, told):
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(BadInputError) as caught:
        read_prices(path)
    assert "prices.yaml" in str(caught.value)
    assert told in str(caught.value)


# -- the key ---

TAKING = """
import os, pathlib, subprocess
from harness.proposers.secret import take_environment
taken = take_environment(os.environ)
assert taken == {"ANTHROPIC_API_KEY": "sk-ant-one", "ANTHROPIC_LOG": "debug"}, taken
own = pathlib.Path("/proc/self/environ").read_bytes()
child = subprocess.run(["env"], capture_output=True, check=True).stdout
assert b"ANTHROPIC" not in own + child and b"sk-ant" not in own + child
assert b"KEPT=yes" in own and b"KEPT=yes" in child
os.environ["LATER"] = "x"
assert b"LATER=x" in subprocess.run(["env"], capture_output=True, check=True).stdout
"""


def test_taken_variables_are_gone_from_the_process_its_children_and_proc():
    secrets = {"ANTHROPIC_API_KEY": "sk-ant-one", "ANTHROPIC_LOG": "debug"}
    environment = {"PATH": os.environ["PATH"], "KEPT": "yes", **secrets}
    command = [sys.executable, "-c", TAKING]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr




def test_key_that_a_server_echoes_is_nowhere_on_disk_or_in_the_reply(tmp_path):
    leaky = make_proposal(title="leaks", why=f"the key is {KEY}")
    reply, _ = ask(
        tmp_path,
        failure(500),
        message([{"type": "text", "text": KEY}, call(leaky)]),
        message([call(leaky)]),
        message([call(leaky)]),
        judge=lambda proposal: f"{proposal.why} and sk-ant-other-key",
        key=KEY + "\n",
    )
    files = written(tmp_path)
    assert files
    assert not any("sk-ant-" in text or "TOP_secret" in text for text in files.values())
    assert "sk-ant-" not in repr(reply)
    assert "[redacted]" in reply.error


def test_key_is_in_no_repr(tmp_path):
    proposer = open_claude(tmp_path, "http://127.0.0.1:1")
    assert KEY not in repr(proposer) + str(vars(type(proposer)))


@pytest.mark.parametrize("key", ["sk-ant two", "sk-ant-\x7f", "sk-ant-é", "a\nb", "sk\u200b-ant"])
def test_unprintable_key_is_refused_without_being_shown(key):
    with pytest.raises(BadInputError, match="unprintable character") as caught:
        read_access({"ANTHROPIC_API_KEY": key})
    assert key not in str(caught.value)


def test_local_server_needs_no_key(tmp_path):
    reply, requests = ask(tmp_path, message([call()]), key="")
    assert reply.proposal == make_proposal()
    assert requests[0][1]["Authorization"] == "Bearer none"


def test_short_placeholder_keys_do_not_garble_replies(tmp_path):
    assert ask(tmp_path, message([call()]), key="dmd")[0].proposal == make_proposal()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "ANTHROPIC_API_KEY: is not set"),
        ({"ANTHROPIC_BASE_URL": "localhost:80"}, "is no http or https address"),
        ({"ANTHROPIC_BASE_URL": "ftp://a"}, "is no http or https address"),
        ({"ANTHROPIC_BASE_URL": "http://a:port"}, "is no http or https address"),
        ({"ANTHROPIC_BASE_URL": "http://a b"}, "is no http or https address"),
        ({"ANTHROPIC_BASE_URL": "http://me:hunter2@host"}, "holds a user name, password or query"),
    ],
)
def test_environment_that_cannot_work_is_bad_input(environ, told):
    with pytest.raises(BadInputError) as caught:
        read_access(environ)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_redaction_finds_the_key_as_json_writes_it():
    access = Access("http://a", 'se"cret\\key')
    assert "cret" not in access.redact(json.dumps({"a": 'se"cret\\key'}))
    assert access.redact("plain") == "plain"
