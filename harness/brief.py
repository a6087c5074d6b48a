"""What a run tells its proposer: the facts of a briefing, gathered from the ledger and the branch.

Promises: the same ledger and branch give the same facts; nothing is written. Does not cover: the wording (`briefing`).
"""

from dataclasses import replace
from pathlib import Path

from harness import briefing
from harness.briefing import Facts
from harness.gate import MODEL, Incumbent
from harness.records import Briefing
from harness.run import Run, proposals_done
from harness.run.publishing import discoveries


def brief(run: Run, incumbent: Incumbent, prompts: Path, token_budget: int = briefing.TOKEN_BUDGET) -> Briefing:
    """What the proposer of the next experiment is told; the templates are in `prompts`."""
    return briefing.assemble(gather(run, incumbent, prompts, token_budget))


def gather(run: Run, incumbent: Incumbent, prompts: Path, token_budget: int) -> Facts:
    """The facts for the next experiment."""
    return replace(
        gather_unmeasured(run, incumbent.commit, prompts, token_budget),
        sources=incumbent.sources,
        incumbent=incumbent.screen,
        profile=run.profile(incumbent),
    )


def gather_unmeasured(run: Run, commit: str, prompts: Path, token_budget: int) -> Facts:
    """The facts of a run whose incumbent, at `commit`, has not been measured yet."""
    rows = run.ledger.rows
    return Facts(
        prompts=prompts,
        sources=run.code(commit),
        incumbent=None,
        baseline=rows[0].evidence.screen[0].candidate if rows else None,
        experiments=rows,
        number=max(len(rows), 1),
        remaining=run.settings.budget - proposals_done(rows),
        task=run.bench.task,
        discoveries=discoveries(run, commit),
        token_budget=token_budget,
        read_only={MODEL: run.bench.trusted[MODEL]},
    )
