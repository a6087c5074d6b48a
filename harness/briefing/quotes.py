"""Foreign text made harmless: what a candidate or a model wrote is data in a briefing.

Promises: text stands inside a fence whose code is a hash of the content, which the content cannot contain; quoted in
one line it has no line breaks, control characters, fences or fence-like marks, and a cap; where its lines are kept,
each begins with a bar. Does not cover: what a model makes of it.
"""

import hashlib
import unicodedata

MAX_NAME = 120


def fence(name: str, text: str) -> str:
    """`text` between marks that it cannot contain: their code is a hash of it."""
    safe = text.encode("utf-8", "replace").decode()
    code = hashlib.sha256(safe.encode()).hexdigest()[:12]
    label = quote(name, MAX_NAME)
    end = "" if safe.endswith("\n") else "\n"
    return f"<<<{label} {code}\n{safe}{end}{label} {code}>>>"


def quote(text: str, cap: int) -> str:
    """`text` on one line of at most `cap` characters, without control characters, fences and marks."""
    start = text[: 4 * cap]  # a reason may be megabytes long
    printable = "".join(" " if character.isspace() else character for character in start)
    visible = "".join(c for c in printable if unicodedata.category(c)[0] != "C")
    line = " ".join(visible.replace("`" * 3, "'''").replace("<<<", "‹‹‹").replace(">>>", "›››").split())
    return line if len(line) <= cap and len(text) <= 4 * cap else line[: cap - 1] + "…"


def quote_lines(text: str, cap: int, most: int = 20) -> str:
    """As `quote`, with the first `most` lines kept: each begins with a bar, and all have `cap` characters together."""
    lines = [line for line in text[: 4 * cap].splitlines() if line.strip()]
    shown = [f"   | {_indent(line)}{quote(line, cap)}" for line in lines[:most]]
    whole = "\n".join(shown)
    is_cut = len(whole) > cap or len(lines) > most or len(text) > 4 * cap
    return whole[: cap - 1] + "…" if is_cut else whole


def _indent(line: str) -> str:
    return " " * min(len(line) - len(line.lstrip(" ")), 16)
