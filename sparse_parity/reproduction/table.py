"""The rows of a reproduction as a terminal table, as markdown and as strict JSON."""

import platform
import textwrap
from collections import Counter
from typing import Any

from sparse_parity.reproduction.claim import Row

WIDTH = 118
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
    return f"{len(rows)} claims: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def render_terminal(rows: list[Row]) -> str:
    """Two or more lines a claim: its numbers, then what it says and why it is judged so."""
    widths = [max(len(cell) for cell in cells) for cells in zip(*map(_cells, rows), ("", "", "published"), strict=True)]
    lines = [f"{'claim':{INDENT}}{'verdict':{widths[1]}}  {'published':{widths[2]}}  ours"]
    for row in rows:
        name, verdict, published = _cells(row)
        lines.append(f"{name:{INDENT}}{verdict:{widths[1]}}  {published:{widths[2]}}  {row.ours}")
        text = f"{row.claim.source}: {row.claim.says}. {row.claim.why}"
        lines += textwrap.wrap(text, WIDTH, initial_indent=" " * INDENT, subsequent_indent=" " * INDENT)
    return "\n".join([*lines, "", count_verdicts(rows)])


def _cells(row: Row) -> tuple[str, str, str]:
    return row.claim.id, row.verdict, row.claim.published


def render_markdown(rows: list[Row]) -> str:
    """The document: a head, the counts, and a table of one line a claim."""
    seconds = sum(row.seconds for row in rows)
    lines = [HEAD, f"{count_verdicts(rows)}. Python {platform.python_version()}, {seconds:,.0f} s.\n"]
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
    }
