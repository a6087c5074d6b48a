"""Findings: what a kept experiment showed, rendered from its evidence; and the check that no digit changed.

Promises: `render` and `bullet` are pure functions of the experiment's row (and the diff), so `check`
renders again and names every line that differs. A person may fill in REVIEW_FIELDS and write a last
section REVIEW_HEADING.
Does not cover: whether the evidence is true (`python -m harness verify` derives it again); what a review
says.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from harness.errors import BadInputError
from harness.finding.prose import edit_literals, render_line, render_quote, show_code
from harness.finding.references import HEADLINE, Facts, claimed_text, floor_decimal, gather_facts
from harness.finding.sections import (
    code_span,
    fence,
    instances,
    open_questions,
    prediction_lines,
    short_label,
    story,
    surprises,
)
from harness.records import METRICS, Experiment, Win

BULLETS_HEADING = "## Findings of the loop"
REVIEW_HEADING = "## Review"
REVIEW_FIELDS = ("status", "reviewed_by", "reviewed_at", "note")
SLUG_LIMIT = 40

CLAIMS: Mapping[Win, str] = {
    "ard": "at least {} lower average reuse distance (ARD)",
    "movement": "at least {} less data movement (DMD)",
    "accuracy": "at least {} more test accuracy",
}
QUESTIONS: Mapping[Win, str] = {
    "ard": "Does it lower average reuse distance, DMD and reuse, and leave traffic and accuracy no worse?",
    "movement": "Does it move less data (DMD, reuse and traffic), and leave accuracy no worse?",
    "accuracy": "Does it answer more test samples right, and move no more data if the target is met already?",
}
WHY_NOTE = (
    "Written before the evaluation. Its numbers are rendered from the evidence or stand in the edits; "
    "the reasoning is the proposer's and was not checked."
)


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


def headline(experiment: Experiment) -> str:
    """The title as rendered, for whatever else names a kept experiment: a commit's subject claims nothing unproven."""
    return _title(experiment, gather_facts(experiment))


def _title(experiment: Experiment, facts: Facts) -> str:
    return render_line(experiment.title, facts, edit_literals(experiment.edits))


def _slug(title: str) -> str:
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", re.sub(r"&[a-z]+;", " ", ascii_title)))
    if len(slug) > SLUG_LIMIT:
        slug = slug[: SLUG_LIMIT + 1].rpartition("-")[0] or slug[:SLUG_LIMIT]
    return slug or "untitled"


# --- the finding --------------------------------------------------------------------------------


def render(experiment: Experiment, diff: str) -> str:
    """The markdown finding of a kept experiment. `diff` is parent to candidate, as git prints it.

    Raises:
        BadInputError: the experiment was not kept, or its run has no name for files.
    """
    win, facts, literals = _kept_win(experiment), gather_facts(experiment), edit_literals(experiment.edits)
    sections = (
        _front_matter(experiment, win),
        [f"# {_title(experiment, facts)}: {_claim(experiment, win)}"],
        ["## Question", "", QUESTIONS[win]],
        ["## Hypothesis", "", *render_quote(experiment.hypothesis, facts, literals)],
        ["## What changed", "", *fence(show_code(diff), "diff")],
        ["## Result", "", *story(experiment, facts), "", *instances(experiment)],
        ["## Why, in the proposer's words", "", WHY_NOTE, "", *render_quote(experiment.why, facts, literals)],
        ["## Prediction", "", *prediction_lines(experiment, facts)],
        ["## What surprised", "", *_as_list(surprises(experiment, facts))],
        ["## Open questions", "", *_as_list(open_questions(experiment, facts))],
        ["## Reproduce and review", "", *fence("\n".join(_commands(experiment)), "sh")],
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _kept_win(experiment: Experiment) -> Win:
    verdict = experiment.verdict
    if verdict.outcome != "kept" or verdict.win is None or verdict.gain is None:
        name = f"experiment {experiment.number} of run {experiment.run[:64]!r}"
        raise BadInputError(
            f"{name}: verdict: {verdict.outcome}, or without a gain; only kept experiments have a finding"
        )
    return verdict.win


def _claim(experiment: Experiment, win: Win) -> str:
    return CLAIMS[win].format(claimed_text(experiment.verdict))


def _front_matter(experiment: Experiment, win: Win) -> list[str]:
    texts = {
        "id": f"{experiment.run}-{experiment.number:04d}",
        "run": experiment.run,
        "date": experiment.started[:10],
        "task": experiment.task,
        "parent": experiment.parent,
        "proposer": experiment.proposer,
        "model": experiment.model,
        "evidence": paths(experiment).evidence,
    }
    gain = floor_decimal(experiment.verdict.gain or 0.0, "0.0001")
    plain = [f"experiment: {experiment.number}", f"win: {win}", f"gain: {gain}", "status: unreviewed"]
    return ["---", *(f"{key}: {_yaml(text)}" for key, text in texts.items()), *plain, "---"]


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar on one line."""
    return json.dumps(show_code(" ".join(text.split())), ensure_ascii=False)


def _as_list(sentences: list[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _commands(experiment: Experiment) -> tuple[str, ...]:
    return (
        f"python -m harness verify --run {experiment.run} --rerun {experiment.number}  # measure it again",
        "python -m harness check  # is every number here rendered from the evidence?",
        f"git log -1 -p -- {paths(experiment).finding}  # code, evidence and finding: one commit",
    )


# --- discoveries --------------------------------------------------------------------------------


def bullet(experiment: Experiment) -> str:
    """One line for DISCOVERIES.md: one fact with its numbers, one source.

    Raises:
        BadInputError: as `render`.
    """
    win, facts, source = _kept_win(experiment), gather_facts(experiment), paths(experiment).finding
    figures, headline = facts.figures, HEADLINE[win]
    before, after = figures[f"{headline}.before"].text, figures[f"{headline}.after"].text
    numbers = [f"{short_label(headline)} {before} to {after}"]
    others = [metric for metric in METRICS if metric != headline and metric in facts.changes]
    numbers += [f"{short_label(metric)} {figures[f'{metric}.change'].text}" for metric in others]
    over = f"{figures['instances'].text} instances of {code_span(experiment.task)}"
    fact = f"{_title(experiment, facts)}: {_claim(experiment, win)}; {', '.join(numbers)}; {over}"
    return f"- {fact}. [{PurePosixPath(source).name}]({source})"


def add_bullet(discoveries: str, bullet: str) -> str:
    """DISCOVERIES.md with the bullet at the end of the loop's section, made if missing. Twice is once."""
    lines = discoveries.split("\n")
    section = _section(lines)
    if section is None:
        body = discoveries.rstrip("\n")
        return f"{body}\n\n{BULLETS_HEADING}\n\n{bullet}\n".lstrip("\n")
    if bullet in (lines[at].rstrip() for at in section):
        return discoveries
    filled = [at for at in section if lines[at].strip()]
    place = filled[-1] + 1 if filled else section.start
    added = [bullet] if filled else ["", bullet]
    return "\n".join([*lines[:place], *added, *lines[place:]]).rstrip("\n") + "\n"


def _section(lines: list[str]) -> range | None:
    """Indices of the lines below the loop's heading, up to the next heading of its level or above."""
    start = next((at + 1 for at, line in enumerate(lines) if line.rstrip() == BULLETS_HEADING), None)
    if start is None:
        return None
    end = next((at for at in range(start, len(lines)) if re.match(r"##? ", lines[at])), len(lines))
    return range(start, end)


def check_discoveries(discoveries: str, findings: Mapping[str, Experiment]) -> tuple[str, ...]:
    """Problems of the loop's section. `findings`: file name or path of each finding, to its evidence."""
    lines = discoveries.split("\n")
    rendered = {PurePosixPath(name).name: bullet(experiment) for name, experiment in findings.items()}
    problems, seen = [], set()
    for at in _section(lines) or ():
        line = lines[at].rstrip()
        source = re.search(r"\]\(findings/([^()\s]+)\)$", line)
        if line in seen:
            problems.append(f"{at + 1}: the same bullet twice")
        elif source is None and line:
            problems.append(f"{at + 1}: no bullet of the loop with its source at the end: {_excerpt(line)}")
        elif source is not None and source[1] not in rendered:
            problems.append(f"{at + 1}: there is no finding {_excerpt(source[1])}")
        elif source is not None and line != rendered[source[1]]:
            right = _excerpt(rendered[source[1]])
            problems.append(f"{at + 1}: not rendered from the evidence; it says {right}")
        seen.update({line} - {""})
    return tuple(problems)


# --- the check ----------------------------------------------------------------------------------


def check(finding: str, evidence: Experiment, diff: str) -> tuple[str, ...]:
    """Problems, each `<line>: <what>`; none when all is rendered from evidence or a reviewer's to write."""
    lines = list(enumerate(finding.split("\n"), start=1))
    # The last such heading, so that whatever stands before it must be rendered.
    end = max((at for at, line in lines if line == REVIEW_HEADING), default=len(lines) + 1)
    due = enumerate(render(evidence, diff).split("\n"), start=1)
    differences = _differences(_own_lines(lines[: end - 1]), _own_lines(list(due)))
    problems = [f"{at}: {what}" for at, what in differences]
    stray = [at for at, line in lines[end:] if re.match(r"##? ", line)]
    problems += [f"{at}: nothing may follow the section {REVIEW_HEADING!r}" for at in stray]
    return tuple(problems)


_Lines = list[tuple[int, str]]


def _own_lines(lines: _Lines) -> _Lines:
    """Numbered lines without the reviewer's fields in the front matter, and without blank ones at the end."""
    close = next((at for at, line in lines[1:] if line == "---"), 0)
    fields = re.compile(rf"(?:{'|'.join(REVIEW_FIELDS)}):(?: |$)")
    own = [(at, line) for at, line in lines if not (at < close and fields.match(line))]
    while own and not own[-1][1]:
        own.pop()
    return own


def _differences(found: _Lines, due: _Lines) -> Iterator[tuple[int, str]]:
    matcher = SequenceMatcher(None, [line for _, line in found], [line for _, line in due])
    for _, low, high, due_low, due_high in (op for op in matcher.get_opcodes() if op[0] != "equal"):
        shared = min(high - low, due_high - due_low)
        for (at, line), (_, right) in zip(found[low:high], due[due_low:due_high], strict=False):
            yield at, f"not rendered from the evidence: {_excerpt(line)}; it says {_excerpt(right)}"
        for at, line in found[low + shared : high]:
            yield at, f"not rendered from the evidence: {_excerpt(line)}"
        place = found[high][0] if high < len(found) else (found[-1][0] + 1 if found else 1)
        for _, right in due[due_low + shared : due_high]:
            yield place, f"missing here: {_excerpt(right)}"


def _excerpt(line: str) -> str:
    """Hostile text on one line; repr spells out what cannot be seen."""
    return repr(line if len(line) <= 160 else line[:160] + "…")
