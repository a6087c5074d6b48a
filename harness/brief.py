"""What a run tells its proposer: the facts of a briefing, gathered from the ledger and the branch.

Promises: the same ledger and branch give the same facts; nothing is written. Does not cover: the wording (`briefing`).
"""

from pathlib import Path
from typing import Any

from harness import briefing, experiment
from harness.gate import MODEL, Incumbent
from harness.records import Briefing
from harness.run import Run, proposals


def brief(run: Run, incumbent: Incumbent, prompts: Path, token_budget: int = briefing.TOKEN_BUDGET) -> Briefing:
    """What the proposer of the next experiment is told; the templates are in `prompts`."""
    known = {"incumbent": incumbent.screen, "discoveries": experiment.discoveries(run, incumbent)}
    measured = {"sources": incumbent.sources, "profile": run.profile(incumbent)}
    return briefing.assemble(**gather(run, prompts, token_budget), **known, **measured)


def gather(run: Run, prompts: Path, token_budget: int) -> dict[str, Any]:
    """The facts that do not depend on the incumbent, by the names that `briefing.lay_out` has for them."""
    rows = run.ledger.rows
    return {
        "prompts": prompts,
        "baseline": rows[0].evidence.screen[0].candidate if rows else None,
        "experiments": rows,
        "number": max(len(rows), 1),
        "remaining": run.settings.budget - len(proposals(rows)),
        "task": run.bench.task,
        "read_only": {MODEL: run.bench.trusted[MODEL]},
        "token_budget": token_budget,
    }
