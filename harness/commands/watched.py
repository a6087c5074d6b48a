"""`python -m harness status --watch`: a run looked at again and again, until nobody works on it any more.

Promises: on a terminal the report stands in one place (`console.painter`: no cursor is hidden, nothing above is erased)
and the last one stays; elsewhere a line comes only when something happened. Does not cover: what is said (`status`).
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from rich.text import Text

from harness.console import can_move_its_cursor
from harness.console.painter import Painter
from harness.console.picture import hang

LABELS = 12  # columns before what a row of the report says


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look shows.

    Attributes:
        report: its lines.
        news: the same in one line; printed when `happened` is another than at the look before.
        is_over: nobody works on the run.
        code: to exit with if this is the last look.
    """

    report: tuple[str, ...]
    news: str
    happened: tuple[str | int, ...]
    is_over: bool
    code: int


def watch(look: Callable[[], Sight], seconds: float, out: TextIO, *, has_lines: bool) -> int:
    """Look every `seconds` until the run is over or Ctrl-C; the exit code. `has_lines`: on a terminal too."""
    try:
        if has_lines or not can_move_its_cursor(out, os.environ):
            return _tell_news(look, seconds, out)
        return _keep_in_place(look, seconds, out)
    except KeyboardInterrupt:
        return 130


def _tell_news(look: Callable[[], Sight], seconds: float, out: TextIO) -> int:
    happened: tuple[str | int, ...] = ()
    while True:
        sight = look()
        if sight.happened != happened:
            print(sight.news, file=out, flush=True)
        if sight.is_over:
            return sight.code
        happened = sight.happened
        time.sleep(seconds)


def _keep_in_place(look: Callable[[], Sight], seconds: float, out: TextIO) -> int:
    """The painter's thread draws the sight that is the latest then."""
    sight = look()
    painter = Painter(out.fileno(), lambda columns, rows: _rows(sight.report, columns)[:rows], out.encoding)
    painter.start()
    try:
        while not sight.is_over:
            painter.nudge()
            time.sleep(seconds)
            sight = look()
    finally:
        painter.stop()
        print("\n".join(sight.report), file=out, flush=True)
    return sight.code


def _rows(report: tuple[str, ...], columns: int) -> list[str]:
    """The report's lines, broken between words where they are too long for the terminal."""
    rows: list[Text] = []
    for line in report:
        head = line[:LABELS] if line.startswith("  ") else ""
        rows += hang(Text(head), Text(line[len(head) :]), columns - 1)
    for row in rows:
        row.truncate(max(columns - 1, 1))
    return [row.plain for row in rows]
