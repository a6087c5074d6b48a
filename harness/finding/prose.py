"""A proposer's words, made safe to stand in a finding: hostile data in, quoted markdown out.

Promises: a digit appears only where a typed reference was rendered from the evidence, or where the same
literal stands in the edits' code (comments and docstrings do not count); HTML, headings, fences, tables,
links and formulas are disarmed; invisible characters are gone; at most LIMIT characters are taken;
rendered text is never read again.
Does not cover: number words, and a parameter of the edits put where a result would stand. Comparisons are
checked as far as `comparison` understands them.
"""

import re
import unicodedata

from harness.finding.comparison import contradicts
from harness.finding.references import Facts
from harness.records import Edit

LIMIT = 4_000
TITLE_LIMIT = 100
UNVERIFIED = "[unverified number]"
UNKNOWN = "[unknown reference]"
CONTRADICTED = "[contradicts the evidence]"
LINK = "[link removed]"

_BREAKS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_SENTENCE_END = re.compile(r"((?<=[.!?;])\s+|\n\s*\n|\n(?=\s*[-*•+]\s))")
_NUMBER = r"(?:(?<![\w.])\.)?(?<!\w)\w*\d\w*(?:[.,]\d\w*)*(?:(?<=[eE])[+-]\d+)?"
# U+FFFD stands for a numeral without digits (a circled one, say): see clean().
_TOKEN = re.compile(
    r"(?P<link>[a-zA-Z][a-zA-Z0-9+.-]{0,20}://\S*|\b(?:www\.|mailto:|xmpp:)\S+|[\w.+-]{1,64}@[\w-]+\.\S+)"
    r"|\{\s*(?P<reference>[A-Za-z_][\w.]{0,60})\s*\}"
    rf"|(?P<number>\ufffd+|{_NUMBER})"
    r"|(?P<special>[\\`*~\[\]|$<>&])"
)
# What follows a result and never a parameter of the source.
_RESULT_UNIT = re.compile(
    r"\s*(?:[%‰×]|per\s?cent|points?\b|pp\b|-?\s?fold|times\b|x\b(?!\s*\d))", re.IGNORECASE
)
_UNCODE = re.compile(r'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|#.*')
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def clean(text: str, limit: int = LIMIT) -> str:
    """Text without control, format, private or unassigned characters, capped; newline is the only break."""
    folded = unicodedata.normalize("NFKC", _BREAKS.sub("\n", text).replace("\t", " "))
    kept = "".join(_visible(char) for char in folded)
    return kept if len(kept) <= limit else kept[:limit] + " (cut)"


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Nl", "No"}:
        return "\ufffd"
    return "" if char != "\n" and (category.startswith("C") or category == "Me") else char


def show_code(text: str) -> str:
    """Source text with its invisible characters spelt out, so that a diff shows them: `<U+202E>`."""
    plain = {"\n", "\t"}
    return "".join(
        f"<U+{ord(char):04X}>"
        if char not in plain and (unicodedata.category(char)[0] == "C" or char in "\u2028\u2029")
        else char
        for char in text
    )


def edit_literals(edits: tuple[Edit, ...]) -> frozenset[str]:
    """Numbers, and names with digits, that stand in the edits' paths and code: 500, 0.1, h2."""
    found: set[str] = set()
    for edit in edits:
        for part in (edit.path, _UNCODE.sub("", edit.search), _UNCODE.sub("", edit.text)):
            for literal in re.findall(_NUMBER, part):
                found.update(piece for piece in literal.split(",") if re.search(r"\d", piece))
    return frozenset(found)


def render_line(text: str, facts: Facts, literals: frozenset[str]) -> str:
    """Prose as one line without a quote mark, for titles; `untitled` when nothing is left."""
    line = " ".join(clean(text, TITLE_LIMIT).split())
    return _guard_line(_render_sentences(line, facts, literals)) or "untitled"


def render_quote(text: str, facts: Facts, literals: frozenset[str]) -> list[str]:
    """Prose as the lines of a markdown quotation."""
    rendered = _render_sentences(_plain_lists(clean(text)).strip(), facts, literals)
    lines = [_guard_line(line) for line in rendered.split("\n")]
    return [f"> {line}".rstrip() for line in lines] if rendered else ["> (nothing was written)"]


def _plain_lists(text: str) -> str:
    """Numbered lists become dashes: their numbers say nothing, and would be marked as unverified."""
    return re.sub(r"^\s*\d{1,3}[.)]\s+", "- ", text, flags=re.MULTILINE)


def _guard_line(line: str) -> str:
    """A line that starts a heading, or underlines one, starts with a backslash."""
    line = line.strip()
    return f"\\{line}" if re.match(r"#|[-=_+ ]+$", line) else line


def _render_sentences(text: str, facts: Facts, literals: frozenset[str]) -> str:
    parts = _SENTENCE_END.split(text)
    return "".join(
        part if index % 2 else _render_sentence(part, facts, literals) for index, part in enumerate(parts)
    )


def _render_sentence(sentence: str, facts: Facts, literals: frozenset[str]) -> str:
    rendered = _TOKEN.sub(lambda match: _render_token(match, facts, literals), sentence)
    return f"{rendered} {CONTRADICTED}" if contradicts(sentence, facts) else rendered


def _render_token(match: re.Match[str], facts: Facts, literals: frozenset[str]) -> str:
    text = match[0]
    if match.lastgroup == "link":
        return LINK
    if match.lastgroup == "reference":
        figure = facts.figures.get(match["reference"].lower())
        return UNKNOWN if figure is None else figure.text
    if match.lastgroup == "number":
        allowed = text in literals and not _RESULT_UNIT.match(match.string, match.end())
        return text if allowed else UNVERIFIED
    return _ENTITIES.get(text, f"\\{text}")
