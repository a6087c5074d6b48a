"""Repeating a recorded run: its proposals, in order, as they were recorded.

Promises: model, prompt hash and cost are the recorded ones, so that the repeated ledger can be compared with
the first; the cost was paid then, not now. Where the recorded replies of a model are still there, the proposal is read
from them, and must be the row's. Which row comes next follows from the ledger, so a killed replay goes on where it was.
Does not cover: drawing the same instances; that follows from the run's secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import ArdentError, BadInputError, ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.message import read_answer, read_message
from harness.proposers.scripted import count_proposals
from harness.proposers.secret import NO_ACCESS
from harness.proposers.transcripts import Transcripts
from harness.records import Briefing, Experiment, Proposal, Reply
from harness.sandbox import printable
from harness.totals import Tally, total


@dataclass(frozen=True, slots=True)
class ReplayProposer:
    """Answers with the proposals of `rows`, the ledger of a recorded run, oldest first.

    `transcripts` are that run's; None where they are not in this repository.
    """

    rows: Sequence[Experiment]
    transcripts: Path | None = None
    name: str = "replay"

    def __post_init__(self) -> None:
        if not count_proposals(self.rows):
            raise BadInputError("--replay: the recorded run holds no proposal; name another run")

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """The next recorded reply. Raises ProposerPausedError when the recorded run has ended."""
        del judge_proposal  # what was recorded is final
        tally, index = total(self.rows, Tally), count_proposals(briefing.experiments)
        if index >= tally.proposals:
            raise ProposerPausedError(
                f"--replay: run {self.rows[0].run} has ended after {tally.proposals} proposals"
            )
        row = self.rows[tally.position(index)]
        reply = _reply_of(row)
        if self.transcripts is None or not self.transcripts.exists() or reply.proposal is None:
            return reply
        return replace(reply, proposal=_read_again(self.transcripts, row, reply.proposal))


def is_proposal_of(row: Experiment, proposal: Proposal) -> bool:
    """Whether the row was made of that proposal. A row holds its title as it can be printed."""
    words = (printable(proposal.title), proposal.hypothesis, proposal.why)
    return words == (row.title, row.hypothesis, row.why) and (proposal.prediction, proposal.edits) == (
        row.prediction,
        row.edits,
    )


def _read_again(folder: Path, row: Experiment, expected: Proposal) -> Proposal:
    """The proposal in the recorded replies of an experiment that is the row's; the row's own where there are none."""
    messages = [read_message(reply.body, "5m") for reply in Transcripts(folder, NO_ACCESS).replies_of(row.number)]
    proposals = [answer.proposal for message in messages if message and (answer := read_answer(message, 0)).proposal]
    if not proposals:
        return expected
    for proposal in proposals:
        if proposal and is_proposal_of(row, proposal):
            return proposal
    raise ArdentError(
        f"--replay: experiment {row.number}: no recorded reply in {folder} holds the proposal of its row; "
        "run python -m harness verify, or remove the replies to replay the ledger alone"
    )


def _reply_of(row: Experiment) -> Reply:
    """A row that ended at `propose` recorded an unusable reply, and its reason is the error."""
    proposal = None
    if row.prediction is not None and row.verdict.stage != "propose":
        proposal = Proposal(row.title, row.hypothesis, row.why, row.prediction, row.edits)
    error = "" if proposal else row.verdict.reason or "the recorded reply held no proposal"
    return Reply(proposal, row.proposer, row.model, row.prompt_sha256, row.cost, error, row.repairs)
