"""A model as a proposer, over the Messages API.

Promises: every reply is on disk before it is parsed and is charged before its content is judged; with a
ceiling, no call is made whose worst case would pass it; a killed run reuses the replies that it has paid for;
the key is in no file and no message. An answer that stays unusable after the repair turns is a Reply with an
error; trouble on the way pauses the run.
Does not cover: streaming, batches, and servers that do not speak the Messages API.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import anthropic

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.answer import SCHEMA, TOOL_NAME, prompt_sha256
from harness.proposers.connection import RESUME, TransientError, open_client, retry, send
from harness.proposers.message import Block, Message, continue_conversation, read_answer, read_message
from harness.proposers.options import ProposerOptions
from harness.proposers.prices import Price, find_price, read_prices
from harness.proposers.secret import Access, read_access
from harness.proposers.transcripts import Transcripts, name_exchange
from harness.records import Briefing, Cost, Experiment, Proposal, Reply

MAX_REPAIR_CHARS = 8_000
TOOL_DESCRIPTION = (
    "Propose one experiment: a hypothesis, the effect that you predict, and the edits that make it. "
    "Call it exactly once."
)


@dataclass(frozen=True, slots=True)
class ClaudeProposer:
    """Asks a model, with bounded repair turns."""

    options: ProposerOptions
    access: Access
    price: Price | None
    name: str = "claude"

    @classmethod
    def open(cls, prices: Path, options: ProposerOptions) -> "ClaudeProposer":
        """Check the key, the address, the flags and the price list. Raises BadInputError."""
        access = read_access(options.environ)
        price = find_price(read_prices(prices), options.model)
        _check_ceiling_flag(options, price, prices)
        return cls(options, access, price)

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """Ask, and let the model mend what the judge refuses. Raises ProposerPausedError, BadInputError."""
        messages: list[Block] = [
            {"role": "user", "content": [{"type": "text", "text": _encodable(briefing.prompt)}]}
        ]
        model, error = self.options.model, ""
        with open_client(self.access) as client:
            for turn in range(self.options.repair_turns + 1):
                request = self._build_request(briefing.system, messages)
                message = self._exchange(client, briefing, turn, request)
                model = message.model or model
                answer = read_answer(message, self.options.max_tokens)
                error = judge_proposal(answer.proposal) if answer.proposal else answer.error
                if answer.proposal and not error:
                    return self._reply(briefing, model, answer.proposal, "")
                if not answer.can_repair:
                    break
                error = _encodable(error)[:MAX_REPAIR_CHARS]
                messages = _join(messages, continue_conversation(message, error))
        return self._reply(briefing, model, None, error)

    def _build_request(self, system: str, messages: list[Block]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.options.model,
            "max_tokens": self.options.max_tokens,
            "system": [
                {
                    "type": "text",
                    "text": _encodable(system),
                    "cache_control": {"type": "ephemeral", "ttl": self.options.cache_ttl},
                }
            ],
            "tools": [
                {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "strict": True, "input_schema": SCHEMA}
            ],
            # A forced tool is answered with 400 by models that always think.
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "messages": messages,
        }
        if self.options.effort:
            request["output_config"] = {"effort": self.options.effort}
        return request

    def _exchange(
        self, client: anthropic.Anthropic, briefing: Briefing, turn: int, request: dict[str, Any]
    ) -> Message:
        """The reply to `request`: the recorded one when there is one, else asked for, within the ceiling."""
        transcripts = self._transcripts()
        stem = name_exchange(briefing.number, turn, request)
        recorded = read_message(transcripts.find_reply(stem) or "", self.options.cache_ttl)
        if recorded:
            return recorded
        self._check_ceiling(briefing, request)
        transcripts.write_request(stem, request)

        def ask() -> Message:
            body = send(client, request, self.access, self.options.timeout_s)
            message = read_message(transcripts.write_reply(stem, body), self.options.cache_ttl)
            if message is None:
                raise TransientError("the server answered with something that is no Messages API reply")
            return message

        return retry(ask, self.options, self.access)

    def _check_ceiling(self, briefing: Briefing, request: Mapping[str, object]) -> None:
        ceiling = self.options.max_usd
        if ceiling is None or self.price is None:
            return
        now = self._charge(briefing.number).dollars
        if now is None:
            raise ProposerPausedError(
                f"--max-usd: the server does not say what it used; drop the flag, then {RESUME}"
            )
        spent = _sum_dollars(briefing.experiments) + now
        worst = self._worst(request)
        if spent + worst > ceiling:
            raise ProposerPausedError(
                f"--max-usd: ${spent:.4f} is spent and the next call may cost ${worst:.4f}, "
                f"past the ceiling of ${ceiling:.2f}; raise it, then {RESUME}"
            )

    def _worst(self, request: Mapping[str, object]) -> float:
        size = len(json.dumps(dict(request), ensure_ascii=False).encode())
        return self.price.worst(size, self.options.max_tokens) if self.price else 0.0

    def _charge(self, number: int) -> Cost:
        """What all recorded replies of an experiment cost, those included whose request was abandoned by a
        kill.
        """
        bodies = self._transcripts().replies_of(number)
        messages = [message for body in bodies if (message := read_message(body, self.options.cache_ttl))]
        usages = [message.usage for message in messages if message.usage]
        unknown = self.price is None or len(usages) < len(messages)
        dollars = None if self.price is None or unknown else sum(map(self.price.dollars, usages))
        return Cost(
            calls=len(messages),
            input_tokens=sum(usage.prompt for usage in usages),
            output_tokens=sum(usage.output for usage in usages),
            dollars=dollars,
        )

    def _reply(self, briefing: Briefing, model: str, proposal: Proposal | None, error: str) -> Reply:
        cost = self._charge(briefing.number)
        return Reply(proposal, self.name, model, prompt_sha256(briefing), cost, self.access.redact(error))

    def _transcripts(self) -> Transcripts:
        return Transcripts(self.options.transcripts, self.access)


def _check_ceiling_flag(options: ProposerOptions, price: Price | None, prices: Path) -> None:
    ceiling = options.max_usd
    if ceiling is None:
        return
    if not isfinite(ceiling) or ceiling <= 0:
        raise BadInputError(f"--max-usd: {ceiling} is not an amount above 0; write dollars, such as 5")
    if price is None:
        raise BadInputError(
            f"--max-usd: the price of {options.model!r} is unknown; add it to {prices}, or drop the flag"
        )


def _sum_dollars(experiments: tuple[Experiment, ...]) -> float:
    total = 0.0
    for row in experiments:
        if row.cost.dollars is None:
            raise BadInputError(
                f"--max-usd: the cost of experiment {row.number} is unknown; drop the flag to go on"
            )
        total += row.cost.dollars
    return total


def _join(messages: list[Block], more: list[Block]) -> list[Block]:
    """Append turns, merging two of the user in a row: not every server takes them."""
    last, first = messages[-1], more[0]
    if last["role"] != first["role"]:
        return [*messages, *more]
    contents = (last["content"], first["content"])
    merged = [block for content in contents if isinstance(content, list) for block in content]
    return [*messages[:-1], {"role": last["role"], "content": merged}, *more[1:]]


def _encodable(text: str) -> str:
    """A lone surrogate cannot be sent; it can stand in a file name or in a candidate's output."""
    return text.encode("utf-8", "replace").decode()
