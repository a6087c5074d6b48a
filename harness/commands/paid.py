"""A model's recorded replies, compared with the rows that rest on them: what was proposed, and what it cost.

Promises: only reads; calls, tokens, dollars and lost replies are counted again as the bill counts them. Replies lie in
the run's private folder and are never committed: where there are none, nothing is said. Does not cover: whether a
server billed what it reported.
"""

from collections.abc import Iterator
from pathlib import Path

from harness.proposers.bill import recorded_cost
from harness.proposers.message import read_answer, read_message
from harness.proposers.replay import is_proposal_of
from harness.proposers.secret import NO_ACCESS
from harness.proposers.transcripts import Transcripts
from harness.records import Experiment
from harness.verify import Problem, differences

REPLIES = "the recorded replies"


def check_paid(folder: Path, rows: tuple[Experiment, ...]) -> Iterator[Problem]:
    """Every row whose replies are still here costs what they say, and proposes what one of them says."""
    for row in rows:
        if row.kind != "proposal":
            continue
        replies = Transcripts(folder, NO_ACCESS).replies_of(row.number)
        if not replies:
            continue
        for field, what in differences(row.cost, recorded_cost(folder, row.number), "cost", close=1e-9):
            if not what.endswith(", is None"):  # a price that is not known today is no contradiction
                yield Problem(row.number, field, f"{what} by {REPLIES}")
        messages = [message for reply in replies if (message := read_message(reply.body, "5m"))]
        proposed = [answer.proposal for message in messages if (answer := read_answer(message, 0)).proposal]
        if row.prediction is not None and not any(is_proposal_of(row, each) for each in proposed if each):
            yield Problem(row.number, "prediction", f"the row's words, edits and prediction are in none of {REPLIES}")

