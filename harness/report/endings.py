"""What was tried and died: every proposal that was not kept, grouped by the stage that ended it and by the reason.

Promises: every proposal that was not kept is in exactly one group. Does not cover: null rows, which are no proposals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from harness.briefing.ledger import gist
from harness.records import Experiment, Outcome, Stage

STAGES: tuple[Stage, ...] = get_args(Stage)

MEANINGS = {
    "invalid": "never measured: no evidence either way",
    "discarded": "measured, and not better: evidence against the hypothesis",
    "inconclusive": "inside the noise",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Proposals that ended alike, in the order in which they were tried."""

    stage: Stage
    outcome: Outcome
    reason: str
    rows: tuple[Experiment, ...]


def endings(rows: Sequence[Experiment]) -> tuple[Group, ...]:
    """The groups, by stage in the gate's order, the largest first."""
    found: dict[tuple[Stage, Outcome, str], list[Experiment]] = {}
    for row in rows:
        if row.kind == "proposal" and row.verdict.outcome != "kept":
            verdict = row.verdict
            found.setdefault((verdict.stage, verdict.outcome, gist(verdict.reason)), []).append(row)
    groups = [Group(*key, tuple(members)) for key, members in found.items()]
    return tuple(sorted(groups, key=lambda group: (STAGES.index(group.stage), -len(group.rows), group.reason)))
