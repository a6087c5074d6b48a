"""Proposers: what answers a briefing with a proposal.

Promises: `build` imports the heavy packages (optuna, anthropic) only for the proposer that needs them, and
every proposer derives where it stands from the briefing alone, so that a killed run goes on where it was.
Does not cover: whether a proposal is any good. That is the gate's business.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.errors import BadInputError
from harness.proposers.options import DEFAULT_MODEL, ProposerOptions
from harness.records import Briefing, Experiment, Proposal, Reply
from harness.settings import Task

__all__ = ["DEFAULT_MODEL", "NAMES", "JudgeProposal", "Proposer", "ProposerOptions", "build", "choose"]

NAMES = ("auto", "search", "scripted", "claude", "replay")

JudgeProposal = Callable[[Proposal], str]
"""Returns an empty text when the edits apply and pass the policy, else the exact error, for a repair turn."""


class Proposer(Protocol):
    """Anything that answers a briefing.

    `propose` raises ProposerPausedError when it cannot go on now, and BadInputError on input that the user
    can mend. An answer that is unusable is a Reply without a proposal, never an exception.
    """

    @property
    def name(self) -> str:
        """The name that the ledger records."""
        ...

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """Answer `briefing`."""
        ...


def choose(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The proposer that `name` stands for in this environment, and one line for the user.

    `auto` is `claude` when ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL is set, else `search`.
    """
    _check_name(name)
    if name != "auto":
        return name, f"proposer: {name}"
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        if environ.get(variable, "").strip():
            return "claude", f"proposer: claude ({variable} is set)"
    return "search", (
        "proposer: search (Optuna over prompts/search_space.yaml); for Claude set ANTHROPIC_API_KEY, "
        "or ANTHROPIC_BASE_URL for a local server"
    )


def build(
    name: str,
    *,
    root: Path,
    task: Task,
    seed: int,
    options: ProposerOptions,
    experiments: Sequence[Experiment] = (),
) -> Proposer:
    """The proposer called `name`, checked as far as can be done before the first experiment.

    `root` holds `prompts/`; `experiments` are the rows of the run so far. Raises BadInputError.
    """
    resolved, _ = choose(name, options.environ)
    if resolved == "search":
        from harness.proposers.search import SearchProposer  # noqa: PLC0415 - optuna only when used

        return SearchProposer.open(root / "prompts" / "search_space.yaml", task=task, seed=seed)
    if resolved == "scripted":
        from harness.proposers.scripted import ScriptedProposer  # noqa: PLC0415

        return ScriptedProposer.open(options.script)
    if resolved == "replay":
        from harness.proposers.replay import ReplayProposer  # noqa: PLC0415

        return ReplayProposer(options.replay, options.replayed_transcripts)
    from harness.proposers.claude import ClaudeProposer  # noqa: PLC0415 - anthropic only when used

    return ClaudeProposer.open(root / "prompts" / "prices.yaml", options, experiments)


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise BadInputError(f"--proposer: unknown name {name!r}; use one of {', '.join(NAMES)}")
