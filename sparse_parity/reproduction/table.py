"""The rows of a reproduction as a terminal table, as markdown and as strict JSON."""

import platform
import textwrap
from collections import Counter
from typing import Any

from sparse_parity.reproduction.claim import Row
from sparse_parity.terminal import WIDE

INDENT = 14

HEAD = """\
# The seed documents, run again

Made by `python -m sparse_parity reproduce`; do not edit. "Ours" is computed by running this package, and compared with
what the original public code printed. *reproduced*: the same digits. *within noise*: no digits are fixed. *artefact*:
the number is right and shows something else than claimed. *wrong*: the claim does not hold. *not run*: left out.
*differs*: our number does not agree with the reference; there should be none. *(reduced: ...)* names the smaller
studies, with their arguments, that stand in for the claim's own.
"""


def count_verdicts(rows: list[Row]) -> str:
    """One line."""
    counts = Counter(row.verdict for row in rows)
    head = "1 claim: " if len(rows) == 1 else f"{len(rows)} claims: "
    return head + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def tell_kept(rows: list[Row]) -> str:
    """Which values were not measured in this start but in an earlier one; empty if all were measured now."""
    named = [row.claim.id + _of_parts(row) for row in rows if row.kept]
    head = f"Kept from an earlier start and not measured in this one ({len(named)} of {len(rows)}): "
    return head + ", ".join(named) + "." if named else ""


def _of_parts(row: Row) -> str:
    parts = len(row.claim.parts)
    return "" if row.kept == parts else f" ({row.kept} of {parts} parts)"


def render_terminal(rows: list[Row], width: int = WIDE) -> str:
    """Two or more lines a claim: its numbers, then what it says and why it is judged so. Where the table is too wide
    for the terminal, its columns stand below each other.
    """
    lines = _as_table(rows, min(width, WIDE))
    if width < WIDE and max(map(len, lines)) > width:
        lines = [line for row in rows for line in ["", *_stack(row, width)]][1:]
    kept = textwrap.wrap(tell_kept(rows), width)
    return "\n".join([*lines, "", count_verdicts(rows), *kept])


def _as_table(rows: list[Row], width: int) -> list[str]:
    widths = [max(len(cell) for cell in cells) for cells in zip(*map(_cells, rows), ("", "", "published"), strict=True)]
    lines = [f"{'claim':{INDENT}}{'verdict':{widths[1]}}  {'published':{widths[2]}}  ours"]
    for row in rows:
        name, verdict, published = _cells(row)
        lines.append(f"{name:{INDENT}}{verdict:{widths[1]}}  {published:{widths[2]}}  {row.ours}")
        lines += _wrap(_explain(row), width, " " * INDENT)
    return lines


def _stack(row: Row, width: int) -> list[str]:
    name, verdict, published = _cells(row)
    lines = [f"{name}: {verdict}"]
    for label, text in (("published", published), ("ours", row.ours)):
        lines += _wrap(text, width, " " * 13, f"  {label:11}")
    return lines + _wrap(_explain(row), width, "  ")


def _explain(row: Row) -> str:
    return f"{row.claim.source}: {row.claim.says}. {row.claim.why}"


def _wrap(text: str, width: int, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first or indent, subsequent_indent=indent)


def _cells(row: Row) -> tuple[str, str, str]:
    return row.claim.id, row.verdict, row.claim.published


def render_markdown(rows: list[Row]) -> str:
    """The document: a head, the counts, and a table of one line a claim."""
    seconds = sum(row.seconds for row in rows)
    lines = [HEAD, f"{count_verdicts(rows)}. Python {platform.python_version()}, {seconds:,.0f} s.\n"]
    lines += [f"{kept}\n"] if (kept := tell_kept(rows)) else []
    lines += ["| claim | source | what | published | ours | verdict | why |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        claim = row.claim
        cells = (claim.id, claim.source, claim.says, claim.published, row.ours, row.verdict, claim.why)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def as_document(rows: list[Row]) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"python": platform.python_version(), "rows": [_as_record(row) for row in rows]}


def _as_record(row: Row) -> dict[str, Any]:
    claim = row.claim
    return {
        "claim": claim.id,
        "source": claim.source,
        "says": claim.says,
        "published": claim.published,
        "ours": row.ours,
        "values": list(row.values),
        "verdict": row.verdict,
        "why": claim.why,
        "seconds": round(row.seconds, 2),
        "kept_parts": row.kept,
    }
