"""One reply of the Messages API, from its raw body.

Promises: blocks are chosen by type, never by position; input that was cut off is never read as a proposal; a
body that is not a reply at all is told apart (None), because it is trouble on the way and not an answer.
Does not cover: the SDK's own parsing, which returns text or a message of Nones for foreign bodies.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.proposers.answer import TOOL_NAME, AnswerError, find_proposal_in_text, read_proposal
from harness.proposers.prices import Usage
from harness.records import Proposal

COMPLETE = ("end_turn", "tool_use", "stop_sequence")

Block = dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """A reply: `usage` is None when the server did not say."""

    model: str
    stop_reason: str
    stop_details: str
    content: tuple[Block, ...]
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message says: a proposal, or why there is none, and whether asking again can help."""

    proposal: Proposal | None
    error: str = ""
    can_repair: bool = True


def read_message(body: str, cache_ttl: Literal["5m", "1h"]) -> Message | None:
    """The message in `body`, or None when it holds something else: a page, half a document, ..."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or raw.get("type") != "message" or not isinstance(raw.get("content"), list):
        return None
    return Message(
        model=_label(raw.get("model")),
        stop_reason=_label(raw.get("stop_reason")),
        stop_details=_details(raw.get("stop_details")),
        content=tuple(block for block in raw["content"] if isinstance(block, dict)),
        usage=_read_usage(raw.get("usage"), cache_ttl),
    )


def is_cut_off(body: str) -> bool:
    """Whether a body that is no message may be the beginning of one: nothing at all, or half a JSON document."""
    start = body.lstrip()
    try:
        json.loads(start)
    except (ValueError, RecursionError):
        return not start or start.startswith("{")
    return False


def read_answer(message: Message, max_tokens: int) -> Answer:
    """The proposal in `message`, judged by its stop reason first."""
    reason = message.stop_reason
    if reason == "max_tokens":
        return Answer(None, f"the answer was cut off at {max_tokens} tokens, nothing was applied; be brief")
    if reason == "refusal":
        return Answer(None, f"the model refused to answer{message.stop_details}", can_repair=False)
    if reason == "model_context_window_exceeded":
        return Answer(None, "the briefing does not fit into the model's context window", can_repair=False)
    if reason not in COMPLETE:
        return Answer(
            None, f"the answer stopped early ({reason or 'no stop reason'}); answer again in one go"
        )
    try:
        return Answer(read_proposal(_find_raw(message)))
    except AnswerError as error:
        return Answer(None, str(error))


def continue_conversation(message: Message, error: str) -> list[Block]:
    """The turns that follow `message` in a repair: the answer itself, then the exact error.

    A message that stopped early is not echoed: half a tool call may not stand in a conversation.
    """
    repair = (
        f"This did not work, and nothing was applied:\n{error}\nMend it and call `{TOOL_NAME}` once more."
    )
    echo = [block for block in message.content if block.get("type") != "text" or block.get("text")]
    if message.stop_reason not in COMPLETE or not echo:
        return [{"role": "user", "content": [{"type": "text", "text": repair}]}]
    results: list[Block] = [
        {"type": "tool_result", "tool_use_id": block.get("id"), "is_error": True, "content": repair}
        for block in echo
        if block.get("type") == "tool_use"
    ]
    reply: list[Block] = results or [{"type": "text", "text": repair}]
    return [{"role": "assistant", "content": echo}, {"role": "user", "content": reply}]


def _find_raw(message: Message) -> object:
    calls = [block for block in message.content if block.get("type") == "tool_use"]
    if len(calls) > 1:
        raise AnswerError(f"{len(calls)} tool calls in one answer; call `{TOOL_NAME}` exactly once")
    if not calls:
        texts = [block.get("text") for block in message.content if block.get("type") == "text"]
        return find_proposal_in_text("\n".join(text for text in texts if isinstance(text, str)))
    if calls[0].get("name") != TOOL_NAME:
        raise AnswerError(f"there is no tool of that name; call `{TOOL_NAME}`")
    value = calls[0].get("input")
    # Some local servers send the arguments as text.
    return find_proposal_in_text(value) if isinstance(value, str) else value


def _label(raw: object) -> str:
    """Short printable text: model names and stop reasons come from outside and go into one-line messages."""
    return "".join(c for c in raw[:100] if c.isprintable()) if isinstance(raw, str) else ""


def _details(raw: object) -> str:
    if not isinstance(raw, dict):
        return ""
    words = [" ".join(str(raw[key]).split())[:300] for key in ("category", "explanation") if raw.get(key)]
    return f" ({': '.join(words)})" if words else ""


def _read_usage(raw: object, cache_ttl: str) -> Usage | None:
    """None unless both counts are there; cached writes without a breakdown have the time to live that was
    asked for.
    """
    if not isinstance(raw, dict) or not {"input_tokens", "output_tokens"} <= set(raw):
        return None
    split = raw.get("cache_creation")
    written = _count(raw, "cache_creation_input_tokens")
    short, long = (0, written) if cache_ttl == "1h" else (written, 0)
    if isinstance(split, dict):
        short, long = _count(split, "ephemeral_5m_input_tokens"), _count(split, "ephemeral_1h_input_tokens")
    read = _count(raw, "cache_read_input_tokens")
    return Usage(_count(raw, "input_tokens"), short, long, read, _count(raw, "output_tokens"))


def _count(raw: Mapping[str, object], field: str) -> int:
    value = raw.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
