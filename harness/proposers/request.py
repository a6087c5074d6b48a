"""What is sent to the Messages API: the request, and the turns that a repair adds to it.

Promises: the same briefing and options give the same bytes, so that a paid reply is found again; the stable part comes
first and ends with the cache's mark; two turns of the user in a row are merged, because not every server takes them.
Does not cover: sending.
"""

from typing import Any

from harness.proposers.answer import SCHEMA, TOOL_NAME
from harness.proposers.message import Block
from harness.proposers.options import ProposerOptions
from harness.records import Briefing

TOOL_DESCRIPTION = (
    "Propose one experiment: a hypothesis, the effect that you predict, and the edits that make it. "
    "Call it exactly once."
)


def open_conversation(briefing: Briefing) -> list[Block]:
    """The first turn: the changing part of the briefing."""
    return [{"role": "user", "content": [{"type": "text", "text": encodable(briefing.prompt)}]}]


def build_request(system: str, messages: list[Block], options: ProposerOptions) -> dict[str, Any]:
    """The parameters of `messages.create`."""
    cache = {"type": "ephemeral", "ttl": options.cache_ttl}
    request: dict[str, Any] = {
        "model": options.model,
        "max_tokens": options.max_tokens,
        "system": [{"type": "text", "text": encodable(system), "cache_control": cache}],
        "tools": [{"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "strict": True, "input_schema": SCHEMA}],
        "tool_choice": _tool_choice(options),
        "messages": messages,
    }
    if options.effort:
        request["output_config"] = {"effort": options.effort}
    return request


def _tool_choice(options: ProposerOptions) -> dict[str, object]:
    """A forced tool is answered with 400 by models that always think, so it is the user's choice."""
    if options.force_tool:
        return {"type": "tool", "name": TOOL_NAME, "disable_parallel_tool_use": True}
    return {"type": "auto", "disable_parallel_tool_use": True}


def join(messages: list[Block], more: list[Block]) -> list[Block]:
    """Append turns, merging two of the user in a row."""
    last, first = messages[-1], more[0]
    if last["role"] != first["role"]:
        return [*messages, *more]
    contents = (last["content"], first["content"])
    merged = [block for content in contents if isinstance(content, list) for block in content]
    return [*messages[:-1], {"role": last["role"], "content": merged}, *more[1:]]


def encodable(text: str) -> str:
    """A lone surrogate cannot be sent; it can stand in a file name or in a candidate's output."""
    return text.encode("utf-8", "replace").decode()
