"""Repeating a recorded run: its proposals, in order, as they were recorded.

Promises: model, prompt hash and cost are the recorded ones, so that the repeated ledger can be compared with
the first; the cost was paid then, not now. Which row comes next follows from the ledger, so a killed replay
goes on where it was.
Does not cover: drawing the same instances; that follows from the run's secret.
"""

from dataclasses import dataclass

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.scripted import count_proposals
from harness.records import Briefing, Experiment, Proposal, Reply


@dataclass(frozen=True, slots=True)
class ReplayProposer:
    """Answers with the proposals of `rows`, the ledger of a recorded run, oldest first."""

    rows: tuple[Experiment, ...]
    name: str = "replay"

    def __post_init__(self) -> None:
        if not count_proposals(self.rows):
            raise BadInputError("--replay: the recorded run holds no proposal; name another run")

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """The next recorded reply. Raises ProposerPausedError when the recorded run has ended."""
        del judge_proposal  # what was recorded is final
        recorded = [row for row in self.rows if row.kind == "proposal"]
        index = count_proposals(briefing.experiments)
        if index >= len(recorded):
            raise ProposerPausedError(
                f"--replay: run {recorded[0].run} has ended after {len(recorded)} proposals"
            )
        return _reply_of(recorded[index])


def _reply_of(row: Experiment) -> Reply:
    """A row that ended at `propose` recorded an unusable reply, and its reason is the error."""
    proposal = None
    if row.prediction is not None and row.verdict.stage != "propose":
        proposal = Proposal(row.title, row.hypothesis, row.why, row.prediction, row.edits)
    error = "" if proposal else row.verdict.reason or "the recorded reply held no proposal"
    return Reply(proposal, row.proposer, row.model, row.prompt_sha256, row.cost, error)
