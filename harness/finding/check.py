"""A finding compared with what its evidence renders to, line by line.

Promises: every line that differs is named; only the reviewer's fields and last section are a person's to write.
Does not cover: what a review says, and whether the evidence is true (`python -m harness verify`).
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from harness.finding.review import REVIEW_FIELDS, REVIEW_HEADING, review_problems, review_start

_Lines = list[tuple[int, str]]


def compare(finding: str, rendered: str) -> tuple[str, ...]:
    """Problems, each `<line>: <what>`; none when all is rendered from evidence or a reviewer's to write."""
    lines = list(enumerate(finding.split("\n"), start=1))
    end = review_start(finding)
    due = enumerate(rendered.split("\n"), start=1)
    differences = _differences(_own_lines(lines[: end - 1]), _own_lines(list(due)))
    problems = [f"{at}: {what}" for at, what in differences]
    problems += [f"{at}: {what}" for at, what in review_problems(finding)]
    stray = [at for at, line in lines[end:] if re.match(r"##? ", line)]
    problems += [f"{at}: nothing may follow the section {REVIEW_HEADING!r}" for at in stray]
    return tuple(problems)


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
            yield at, f"not rendered from the evidence: {excerpt(line)}; it says {excerpt(right)}"
        for at, line in found[low + shared : high]:
            yield at, f"not rendered from the evidence: {excerpt(line)}"
        place = found[high][0] if high < len(found) else (found[-1][0] + 1 if found else 1)
        for _, right in due[due_low + shared : due_high]:
            yield place, f"missing here: {excerpt(right)}"


def excerpt(line: str) -> str:
    """Hostile text on one line; repr spells out what cannot be seen."""
    return repr(line if len(line) <= 160 else line[:160] + "…")
