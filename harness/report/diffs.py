"""A unified diff as HTML: Python highlighted on both sides, additions and removals told apart by sign and by colour.

Promises: hostile text stays text (Pygments escapes it), and invisible characters are spelt out before. Does not cover:
code that nobody would write: which side of a triple quote is text is told by how docstrings are laid out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.python import PythonLexer
from pygments.styles import get_style_by_name

from harness.finding.prose import show_code

LIGHT, DARK = "xcode", "github-dark"
_KINDS = {"+": "add", "-": "del", "@": "hunk", "d": "file"}
_HEADERS = ("index ", "--- ", "+++ ", "new file", "deleted file", "old mode", "new mode", "similarity")
_PLACE = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: what it is, and its text without the sign."""

    kind: str
    text: str


def show_diff(diff: str) -> Markup:
    """The lines of a diff, each in a span of its kind: `add`, `del`, `same`, `hunk`, `file`, `note`."""
    lines = list(_parse(show_code(diff)))
    sides = {side: iter(_coloured([x.text for x in lines if x.kind in (side, "same")])) for side in ("add", "del")}
    out = []
    for line in lines:
        if line.kind == "same":
            code = next(sides["add"])
            next(sides["del"])
        else:
            code = next(sides[line.kind]) if line.kind in sides else escape(line.text)
        sign = {"add": "+", "del": "-", "same": " "}.get(line.kind, "")
        out.append(Markup('<span class="{}">{}{}\n</span>').format(line.kind, sign, code))
    return Markup("").join(out)


def show_edits(text: str) -> Markup:
    """Python on its own, highlighted."""
    return Markup("\n").join(_coloured(show_code(text).split("\n")))


def _parse(diff: str) -> Iterator[DiffLine]:
    """The lines of a git diff; the counts in a hunk's head say which lines are its own, whatever they look like."""
    old = new = 0
    for line in diff.rstrip("\n").split("\n"):
        if (old > 0 or new > 0) and line[:1] in (" ", "+", "-", ""):
            old, new = old - (line[:1] != "+"), new - (line[:1] != "-")
            yield DiffLine({"+": "add", "-": "del"}.get(line[:1], "same"), line[1:])
            continue
        place = _PLACE.match(line)
        if place:
            old, new = (int(place[side] or 1) for side in ("old", "new"))
            yield DiffLine("hunk", line)
        elif line.startswith("diff --git "):
            yield DiffLine("file", line.removeprefix("diff --git ").partition(" b/")[2] or line)
        elif not line.startswith(_HEADERS):
            yield DiffLine("note", line)


def _coloured(lines: list[str]) -> list[Markup]:
    """The same lines, highlighted as one piece of Python."""
    if not lines:
        return []
    lexer = PythonLexer(stripnl=False, ensurenl=True)
    begun = ['"""'] if _begins_inside_text(lines) else []
    shown = highlight("\n".join([*begun, *lines]), lexer, HtmlFormatter(nowrap=True, classprefix="p-"))
    found = [Markup(line) for line in shown.removesuffix("\n").split("\n")]  # noqa: S704 - Pygments escapes
    found = found[len(begun) :]
    # Pygments closes its spans at the end of each line, so lines can be taken apart.
    return found if len(found) == len(lines) else [escape(line) for line in lines]


def _begins_inside_text(lines: list[str]) -> bool:
    """Whether the first triple quote ends a text that began above: a hunk below a docstring's first line."""
    first = next((line.strip() for line in lines if '"""' in line), "")
    return first.count('"""') == 1 and (first == '"""' or not first.startswith('"""'))


def code_style() -> tuple[str, str]:
    """The rules of the classes that `show_diff` uses, for a light and for a dark page: foregrounds only."""
    return _rules(LIGHT), _rules(DARK)


def _rules(style: str) -> str:
    rules = []
    formatter = HtmlFormatter(style=get_style_by_name(style), classprefix="p-")
    for line in formatter.get_style_defs(".code").splitlines():
        found = re.match(r"(\.code \.p-\w+) \{ (.*?)\}", line)
        kept = "; ".join(part for part in (found[2].split("; ") if found else ()) if part.startswith(("color", "font")))
        if found and kept:
            rules.append(f"{found[1]} {{ {kept} }}")
    return "\n".join(rules)
