"""A model as a proposer, over the Messages API.

Promises: every reply is on disk before it is parsed and is charged before its content is judged; with a
ceiling, no call is made whose worst case would pass it; a killed run reuses the replies that it has paid for;
the key is in no file and no message. An answer that stays unusable after the repair turns is a Reply with an
error; trouble on the way pauses the run.
Does not cover: streaming, batches, and servers that do not speak the Messages API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic

from harness import crash_points
from harness.errors import ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.answer import prompt_sha256
from harness.proposers.bill import Bill, open_bill, sum_dollars
from harness.proposers.connection import TransientError, count_input, open_client, retry, send
from harness.proposers.message import Answer, Message, continue_conversation, is_cut_off, read_answer, read_message
from harness.proposers.options import ProposerOptions
from harness.proposers.request import build_request, encodable, join, open_conversation
from harness.proposers.secret import Access, read_access
from harness.proposers.transcripts import Attempt, Transcripts, name_exchange
from harness.records import Briefing, Experiment, Proposal, Reply

MAX_REPAIR_CHARS = 8_000


@dataclass(frozen=True, slots=True)
class ClaudeProposer:
    """Asks a model, with bounded repair turns."""

    options: ProposerOptions
    access: Access
    bill: Bill
    name: str = "claude"

    @classmethod
    def open(
        cls, prices: Path, options: ProposerOptions, experiments: Sequence[Experiment] = ()
    ) -> "ClaudeProposer":
        """Check the key, the address, the flags, the price list, and what the run's rows cost so far.

        Raises BadInputError.
        """
        access = read_access(options.environ)
        bill = open_bill(prices, options, Transcripts(options.transcripts, access))
        if options.max_usd is not None:
            sum_dollars(experiments)
        return cls(options, access, bill)

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """Ask, and let the model mend what the judge refuses. Raises ProposerPausedError, BadInputError."""
        messages, repairs = open_conversation(briefing), list[str]()
        with open_client(self.access) as client:
            while True:
                request = build_request(briefing.system, messages, self.options)
                message = self._exchange(client, briefing, len(repairs), request)
                answer = self._judge(message, judge_proposal)
                may_repair = answer.can_repair and len(repairs) < self.options.repair_turns
                if not answer.error or not may_repair:
                    return self._reply(briefing, message.model, answer, repairs)
                repairs.append(answer.error)
                messages = join(messages, continue_conversation(message, answer.error))

    def _judge(self, message: Message, judge_proposal: JudgeProposal) -> Answer:
        """The answer in a message, with the judge's objection if there is one."""
        answer = read_answer(message, self.options.max_tokens)
        error = judge_proposal(answer.proposal) if answer.proposal else answer.error
        safe = self.access.redact(encodable(error))[:MAX_REPAIR_CHARS]
        return Answer(answer.proposal, safe, answer.can_repair)

    def _exchange(
        self, client: anthropic.Anthropic, briefing: Briefing, turn: int, request: dict[str, Any]
    ) -> Message:
        """The reply to `request`: the recorded one when there is one, else asked for, within the ceiling."""
        stem = name_exchange(briefing.number, turn, request)
        recorded = self._read(self.bill.transcripts.find_reply(stem) or "")
        if recorded:
            return recorded
        self.bill.transcripts.write_request(stem, request)

        def ask() -> Message:
            count = lambda: count_input(client, request, self.options.timeout_s)  # noqa: E731
            worst = self.bill.approve(request, briefing.number, briefing.experiments, count)
            attempt = self.bill.transcripts.begin_attempt(stem, worst, self.bill.price)
            crash_points.reach("sending")
            body = self._send(client, request, attempt)
            crash_points.reach("reply-received")
            message = self._read(self.bill.transcripts.write_reply(attempt, body))
            if message is None:
                raise self._foreign(body, attempt)
            return message

        return retry(ask, self.options, self.access)

    def _send(self, client: anthropic.Anthropic, request: dict[str, Any], attempt: Attempt) -> str:
        """The raw body; an attempt that cannot have been billed is forgotten."""
        try:
            return send(client, request, self.access, self.options.timeout_s)
        except TransientError as error:
            if not error.is_lost:
                self.bill.transcripts.drop_attempt(attempt)
            raise
        except ProposerPausedError:
            self.bill.transcripts.drop_attempt(attempt)
            raise

    def _foreign(self, body: str, attempt: Attempt) -> TransientError:
        """A body that is no reply. Half a document may be a paid reply that was cut; another page is none."""
        cut = is_cut_off(body)
        if not cut:
            self.bill.transcripts.drop_attempt(attempt)
        what = "half a reply" if cut else "something that is no Messages API reply"
        return TransientError(f"the server answered with {what}", is_lost=cut)

    def _read(self, body: str) -> Message | None:
        return read_message(body, self.options.cache_ttl)

    def _reply(self, briefing: Briefing, model: str, answer: Answer, repairs: list[str]) -> Reply:
        return Reply(
            proposal=_usable(answer),
            proposer=self.name,
            model=model or self.options.model,
            prompt_sha256=prompt_sha256(briefing),
            cost=self.bill.charge(briefing.number),
            error=answer.error,
            repairs=tuple(repairs),
        )


def _usable(answer: Answer) -> Proposal | None:
    return None if answer.error else answer.proposal
