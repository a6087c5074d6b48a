"""What a kept experiment may be called: its paths, its title, and the result that the title states.

Promises: nothing here claims more than the verdict's gain, the smallest of those that had to be shown, rounded down.
Does not cover: the proposer's words in a title (`prose` marks what the evidence does not hold).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import BadInputError
from harness.finding.prose import edit_literals, render_line
from harness.finding.references import Facts, claimed_text, gather_facts, least_text
from harness.records import Experiment, Win

SLUG_LIMIT = 40

CLAIMS: Mapping[Win, str] = {
    "ard": "ARD, DMD and reuse at least {} lower",
    "movement": "DMD, reuse and traffic at least {} lower",
    "accuracy": "test accuracy at least {} higher",
}


@dataclass(frozen=True, slots=True)
class FindingPaths:
    """Where evidence and finding of an experiment lie, relative to the repository, with forward slashes."""

    evidence: str
    finding: str


def paths(experiment: Experiment) -> FindingPaths:
    """The two paths. The slug comes from the title as rendered: a file name claims nothing unproven either.

    Raises:
        BadInputError: the run's name could leave its directory.
    """
    run, number = experiment.run, f"{experiment.number:04d}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", run) or experiment.number < 0:
        raise BadInputError(
            f"run {run[:64]!r}: run: not a name for files; use letters, digits, '.', '_' and '-'"
        )
    return FindingPaths(f"results/{run}/{number}.json", f"findings/{run}-{number}-{_slug(headline(experiment))}.md")


def finding_id(experiment: Experiment) -> str:
    """What a person calls the finding: run and number."""
    return f"{experiment.run}-{experiment.number:04d}"


def position(experiment: Experiment, published: Sequence[int]) -> str:
    """Which experiment it is, and which of its run's findings; `published`: the experiments that have one, in order."""
    number = experiment.number
    at = f" (finding {published.index(number) + 1} of {len(published)})" if number in published else ""
    return f"experiment {number}{at}"


def headline(experiment: Experiment) -> str:
    """What was changed, in the proposer's words as rendered: a commit's subject claims nothing unproven."""
    return render_line(experiment.title, gather_facts(experiment), edit_literals(experiment.edits))


def kept_win(experiment: Experiment) -> Win:
    """Which win it is.

    Raises:
        BadInputError: the experiment was not kept, and so has no finding.
    """
    verdict = experiment.verdict
    if verdict.outcome != "kept" or verdict.win is None or verdict.gain is None:
        name = f"experiment {experiment.number} of run {experiment.run[:64]!r}"
        raise BadInputError(
            f"{name}: verdict: {verdict.outcome}, or without a gain; only kept experiments have a finding"
        )
    return verdict.win


def claim(experiment: Experiment, facts: Facts) -> str:
    """The result in a few words with its number and its interval's worst end; and ARD where it rose all the same."""
    win, verdict = kept_win(experiment), experiment.verdict
    said = f"{CLAIMS[win].format(claimed_text(verdict))} on average (interval: at least {least_text(verdict)})"
    risen = facts.figures["ard.change"].text.removeprefix("+") if facts.changes.get("ard", 0) > 0 else ""
    return f"{said}, ARD {risen} higher" if risen and win != "ard" else said


def title(experiment: Experiment, facts: Facts) -> str:
    """The title of a finding: the result first, then what was changed."""
    return f"{claim(experiment, facts)}: {headline(experiment)}"


def _slug(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", re.sub(r"&[a-z]+;", " ", ascii_text)))
    if len(slug) > SLUG_LIMIT:
        slug = slug[: SLUG_LIMIT + 1].rpartition("-")[0] or slug[:SLUG_LIMIT]
    return slug or "untitled"
