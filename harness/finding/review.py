"""A person's review in a finding: four fields of its front matter, and a last section with every decision.

Promises: pure functions of texts; what a review writes leaves everything else of the finding as it was. Does not cover:
who may review, and where it is committed (`commands.reviewed`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from harness.finding.prose import show_code

Status = Literal["unreviewed", "approved", "rejected"]

STATUSES: tuple[Status, ...] = get_args(Status)
REVIEW_HEADING = "## Review"
REVIEW_FIELDS = ("status", "reviewed_by", "reviewed_at", "note")


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer decided. `by` is `Name <address>`, `at` is UTC in ISO 8601; both are empty while unreviewed."""

    status: Status = "unreviewed"
    by: str = ""
    at: str = ""
    note: str = ""


def read_review(finding: str) -> Review:
    """The review that a finding holds. What cannot be read counts as unreviewed: nothing is approved by mistake."""
    if any(review_problems(finding)):
        return Review()
    said = {name: one_line(_scalar(value)) for _, name, value in _fields(finding)}  # a person's file can hold anything
    status = next(one for one in STATUSES if one == said.get("status", "unreviewed"))
    return Review(status, said.get("reviewed_by", ""), said.get("reviewed_at", ""), said.get("note", ""))


def review_problems(finding: str) -> Iterator[tuple[int, str]]:
    """Line and what is wrong with the reviewer's fields."""
    seen = set()
    for at, name, value in _fields(finding):
        if name in seen:
            yield at, f"{name} stands twice in the front matter"
        elif name == "status" and _scalar(value) not in STATUSES:
            yield at, f"status: {value[:40]!r} is none of {', '.join(STATUSES)}"
        seen.add(name)


def review_start(finding: str) -> int:
    """Number of the line with the review's heading, one past the end if there is none.

    The last such heading, so that whatever stands before it must be rendered.
    """
    lines = finding.split("\n")
    return max((at for at, line in enumerate(lines, start=1) if line == REVIEW_HEADING), default=len(lines) + 1)


def keep_review(rendered: str, old: str) -> str:
    """The finding as rendered today, with the review that the old text holds."""
    fields = [f"{name}: {value}".rstrip() for _, name, value in _fields(old)]
    section = old.split("\n")[review_start(old) - 1 :]
    head = _with_fields(rendered, fields or ["status: unreviewed"])
    return head.rstrip("\n") + "\n" + ("\n" + "\n".join(section).strip("\n") + "\n" if section else "")


def write_review(finding: str, review: Review, entry: str) -> str:
    """The finding with that review in its front matter, and one more line (see `entry`) in its last section."""
    values = {"reviewed_by": review.by, "reviewed_at": review.at, "note": review.note}
    fields = [f"status: {review.status}", *(f"{name}: {_quoted(text)}" for name, text in values.items() if text)]
    has_section = review_start(finding) <= len(finding.split("\n"))
    between = "\n" if has_section else f"\n\n{REVIEW_HEADING}\n\n"
    return _with_fields(finding, fields).rstrip("\n") + between + f"{entry}\n"


def entry(by: str, at: str, what: str, note: str) -> str:
    """A line of the last section: who did what (`approved`, `rejected`, `noted`), when, and why."""
    return f"- {one_line(at)}, {one_line(by)}: {what}" + (f": {one_line(note)}" if note.strip() else "")


def _fields(finding: str) -> Iterator[tuple[int, str, str]]:
    """Line number, name and value of each of the reviewer's fields in the front matter."""
    lines = finding.split("\n")
    if lines[0] != "---":
        return
    for at, line in enumerate(lines[1:], start=2):
        if line == "---":
            return
        name, colon, value = line.partition(":")
        if colon and name in REVIEW_FIELDS and value[:1] in ("", " "):
            yield at, name, value.strip()


def _with_fields(finding: str, fields: list[str]) -> str:
    """The finding with exactly these lines as the reviewer's fields, before the front matter's end."""
    lines = finding.split("\n")
    own = {at - 1 for at, _, _ in _fields(finding)}
    end = lines.index("---", 1)
    head = [line for at, line in enumerate(lines[:end]) if at not in own]
    return "\n".join([*head, *fields, *lines[end:]])


def _scalar(value: str) -> str:
    """A YAML scalar as this module writes it, or a plain one."""
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value


def _quoted(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)


def one_line(text: str) -> str:
    """A person's words on one line, what cannot be seen spelt out."""
    return show_code(" ".join(text.split()))
