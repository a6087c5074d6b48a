"""Findings: what a kept experiment showed, rendered from its evidence; and the check that no digit changed.

Promises: `render` and `bullet` are pure functions of the experiment's row (and the diff), so `check`
renders again and names every line that differs. A person may fill in REVIEW_FIELDS and write a last
section REVIEW_HEADING. Who reads only the title and the table knows what was measured, on how much, and how sure.
Does not cover: whether the evidence is true (`python -m harness verify` derives it again); what a review
says.
"""

import json
import re
from collections.abc import Mapping

from harness.finding.check import compare
from harness.finding.claims import FindingPaths, finding_id, headline, kept_win, paths, position, title
from harness.finding.discoveries import (
    BULLETS_HEADING,
    add_bullet,
    bullet,
    check_discoveries,
    listed_sources,
    without_bullets,
)
from harness.finding.prose import edit_literals, render_quote, show_code
from harness.finding.references import floor_decimal, gather_facts
from harness.finding.review import REVIEW_FIELDS, REVIEW_HEADING, Review, keep_review, read_review, write_review
from harness.finding.sections import fence, instances, open_questions, story, summary, surprises
from harness.records import Experiment, Win

__all__ = [
    "BULLETS_HEADING",
    "REVIEW_FIELDS",
    "REVIEW_HEADING",
    "TEMPLATE",
    "FindingPaths",
    "Review",
    "add_bullet",
    "bullet",
    "check",
    "check_discoveries",
    "finding_id",
    "headline",
    "is_of_other_template",
    "keep_review",
    "listed_sources",
    "paths",
    "position",
    "read_review",
    "render",
    "without_bullets",
    "write_review",
]

TEMPLATE = 2  # 1, which named no number, had the claim behind the change and the table in the middle

QUESTIONS: Mapping[Win, str] = {
    "ard": "Does it lower average reuse distance, DMD and reuse, and leave traffic and accuracy no worse?",
    "movement": "Does it move less data (DMD, reuse and traffic), and leave accuracy no worse?",
    "accuracy": "Does it answer more test samples right, and move no more data if the target is met already?",
}
WHY_NOTE = (
    "Written before the evaluation. Its numbers are rendered from the evidence or stand in the edits; "
    "the reasoning is the proposer's and was not checked."
)


def render(experiment: Experiment, diff: str) -> str:
    """The markdown finding of a kept experiment. `diff` is parent to candidate, as git prints it.

    Raises:
        BadInputError: the experiment was not kept, or its run has no name for files.
    """
    win, facts, literals = kept_win(experiment), gather_facts(experiment), edit_literals(experiment.edits)
    sections = (
        _front_matter(experiment, win),
        [f"# {title(experiment, facts)}"],
        story(experiment, facts),
        summary(experiment, facts),
        ["## Question", "", QUESTIONS[win]],
        ["## Hypothesis", "", *render_quote(experiment.hypothesis, facts, literals)],
        ["## What changed", "", *fence(show_code(diff), "diff")],
        ["## Each instance", "", *instances(experiment)],
        ["## Why, in the proposer's words", "", WHY_NOTE, "", *render_quote(experiment.why, facts, literals)],
        ["## What surprised", "", *_as_list(surprises(experiment, facts))],
        ["## Open questions", "", *_as_list(open_questions(experiment, facts))],
        ["## Reproduce, review, revert", "", *fence("\n".join(_commands(experiment)), "sh")],
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def check(finding: str, evidence: Experiment, diff: str) -> tuple[str, ...]:
    """Problems, each `<line>: <what>`; none when all is rendered from evidence or a reviewer's to write."""
    return compare(finding, render(evidence, diff))


def is_of_other_template(finding: str) -> bool:
    """Whether the finding says of itself that another version of the template rendered it."""
    said = re.search(r"^template: (\d{1,9})$", finding.partition("\n---\n")[0], re.MULTILINE)
    return (int(said[1]) if said else 1) != TEMPLATE


def _front_matter(experiment: Experiment, win: Win) -> list[str]:
    texts = {
        "id": finding_id(experiment),
        "run": experiment.run,
        "date": experiment.started[:10],
        "task": experiment.task,
        "parent": experiment.parent,
        "proposer": experiment.proposer,
        "model": experiment.model,
        "evidence": paths(experiment).evidence,
    }
    gain = floor_decimal(experiment.verdict.gain or 0.0, "0.0001")
    plain = [f"experiment: {experiment.number}", f"win: {win}", f"gain: {gain}", f"template: {TEMPLATE}"]
    return ["---", *(f"{key}: {_yaml(text)}" for key, text in texts.items()), *plain, "status: unreviewed", "---"]


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar on one line."""
    return json.dumps(show_code(" ".join(text.split())), ensure_ascii=False)


def _as_list(sentences: list[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _commands(experiment: Experiment) -> tuple[str, ...]:
    """Measure it again; decide on it; take its code back where it was merged (its evidence came in the same commit)."""
    run, name = experiment.run, finding_id(experiment)
    commit = f"$(git log -1 --format=%H --diff-filter=A -- {paths(experiment).evidence})"
    return (
        f"python -m harness verify --run {run} --rerun {experiment.number}  # measure it again, value by value",
        f"python -m harness review {run} --approve {name}  # or: --reject {name} --note WHY, which also reverts it",
        f"git show {commit} -- sparse_parity | git apply -R  # revert it where it is merged; the record stays",
    )
