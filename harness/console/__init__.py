"""What a person, or a program, sees of the loop while it runs and when it ends.

Promises: on a terminal that can do it a live view, else plain lines; rich is imported only for the former.
Does not cover: the ledger, which is the record. Nothing is parsed back from here.
"""

import os
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

from harness.console.json_lines import JsonLines
from harness.console.plain import Console
from harness.console.summary import summary
from harness.console.view import Limits, View
from harness.console.words import first_line

__all__ = ["Console", "Limits", "Look", "View", "choose_view", "first_line", "summary"]

Look = Literal["", "quiet", "json", "plain"]
"""What the user asked for; empty for what fits the terminal."""


def choose_view(look: Look, out: TextIO = sys.stdout, environ: Mapping[str, str] = os.environ) -> View:
    """The view that was asked for, or that `out` can show."""
    if look == "json":
        return JsonLines(out)
    if look or not can_move_its_cursor(out, environ):
        return Console(out, quiet=look == "quiet", aloud=look == "plain")
    from harness.console.live import Live  # noqa: PLC0415 - rich only where a terminal is

    return Live(out)


def can_move_its_cursor(out: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether `out` is a terminal with more than lines."""
    return out.isatty() and environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}
