"""Tables that fit a terminal.

Promises: in a narrow one nothing is left out; what does not fit beside the first column stands below, with it again.
What is no terminal, a pipe or a file, is as wide as `WIDE`.
"""

import shutil

WIDE = 118
NARROW = 40  # what is narrower is treated as this wide, and wraps


def measure_width() -> int:
    """Characters in a line."""
    return max(NARROW, shutil.get_terminal_size((WIDE, 24)).columns)


def align(rows: list[tuple[str, ...]], width: int) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right. The first row is its head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for block in _share(widths, width):
        for row in rows:
            numbers = [row[i].rjust(widths[i]) for i in block]
            lines.append("  " + "  ".join([row[0].ljust(widths[0]), *numbers]))
    return lines


def _share(widths: list[int], width: int) -> list[list[int]]:
    """The columns after the first, in blocks that fit beside it."""
    room = width - 2 - widths[0]
    blocks: list[list[int]] = [[]]
    for i, needed in enumerate(widths[1:], start=1):
        if blocks[-1] and sum(2 + widths[j] for j in blocks[-1]) + 2 + needed > room:
            blocks.append([])
        blocks[-1].append(i)
    return blocks
