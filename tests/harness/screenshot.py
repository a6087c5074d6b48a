"""The picture of the live view in docs/guide: the rows of the committed run shown again, in a terminal of 80 columns.

    PYTHONPATH=. python tests/harness/screenshot.py docs/guide/terminal.svg
"""

import argparse
import os
from contextlib import ExitStack
from pathlib import Path
from xml.sax.saxutils import escape

from harness.console import Limits
from harness.console.live import Live
from harness.ledger import read
from tests.harness.project import ROOT
from tests.harness.shown_runs import make_run
from tests.harness.terminals import Terminal

COLUMNS, LINES, WIDE, HIGH, EDGE = 80, 30, 8, 17, 12
COLOURS = {"default": "#d8dee6", "green": "#7bd88f", "brown": "#e9c46a", "magenta": "#d79bea"}
SHOWN = 14  # rows of the run, the baseline among them


def play(terminal: Terminal) -> str:
    """The picture in the middle of an experiment, after the run's beginning."""
    rows = read(ROOT / "results" / "parity20-1" / "ledger.jsonl")
    clock = iter([0.0] * 200)
    with os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8") as out, ExitStack() as stack:
        view = stack.enter_context(Live(out, clock=lambda: next(clock, 47.0)))
        view.follow(make_run(budget=20), Limits(hours_left=lambda: 7.8))
        view._progress = type(view._progress)()
        for row in rows[:SHOWN]:
            done = view._progress.done + 1
            view.begin({"baseline": "0", "null": "null"}.get(row.kind, f"{done}/20"))
            view.title(row.title)
            view.end(row)
        clock = iter([])
        view.begin("")
        view._now = type(view._now)(f"{view._progress.done + 1}/20", rows[SHOWN].title, "confirm 5/16", 4.0, 6.0)
        terminal.wait_for("confirm 5/16 for 0:41")
        return draw(terminal)


def draw(terminal: Terminal) -> str:
    """The visible screen as SVG, in the reader's own monospaced font."""
    width, height = COLUMNS * WIDE + 2 * EDGE, LINES * HIGH + 2 * EDGE
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    fonts = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{fonts}" font-size="13">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#1d2430"/>',
    ]
    for y in range(LINES):
        for x, text, colour, is_bold in pieces(terminal.screen.buffer[y]):
            at = f'x="{EDGE + x * WIDE}" y="{EDGE + y * HIGH + 13}" textLength="{len(text) * WIDE}"'
            weight = ' font-weight="bold"' if is_bold else ""
            look = f'fill="{COLOURS.get(colour, COLOURS["default"])}"{weight} xml:space="preserve"'
            parts.append(f"<text {at} {look}>{escape(text)}</text>")
    return "\n".join([*parts, "</svg>", ""])


def pieces(row):
    """Runs of one colour in a row: column, text, colour, bold."""
    x = 0
    while x < COLUMNS:
        first = row[x]
        end = x
        while end < COLUMNS and (row[end].fg, row[end].bold) == (first.fg, first.bold):
            end += 1
        text = "".join(row[at].data for at in range(x, end)).rstrip()
        if text:
            yield x, text, first.fg, first.bold
        x = end


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the live view in the middle of the committed run.")
    parser.add_argument("out", type=Path, metavar="FILE.svg")
    out = parser.parse_args().out
    os.environ["TERM"] = "xterm-256color"
    terminal = Terminal(COLUMNS, LINES)
    out.write_text(play(terminal), "utf-8")
    terminal.close()


if __name__ == "__main__":
    main()
