"""A finding on a terminal: result, question, table, prediction, diff, why.

Promises: says what the finding says, from the same figures; at any width; without colour where none is wanted (not a
terminal, NO_COLOR, a dumb one), and with --plain in whole sentences, without boxes, colours and cursor movement. Does
not cover: each instance's numbers, which the finding itself shows.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness import finding
from harness.finding.claims import kept_win, title
from harness.finding.prose import edit_literals, render_quote, show_code
from harness.finding.references import NOT_MEASURED, Quantity, gather_facts
from harness.finding.sections import prediction_lines, short_label, surprises
from harness.records import METRICS, Experiment

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_SPOKEN = {"+": "added: ", "-": "removed: ", "@": "at: "}


@dataclass(frozen=True, slots=True)
class View:
    """Where findings are shown. `plain`: for a screen reader, or for a file."""

    console: Console
    plain: bool

    def say(self, text: str, style: str = "") -> None:
        """A paragraph, wrapped at the terminal's width (in plain mode never: a line is a sentence)."""
        if self.plain:
            print(text, file=self.console.file)
        else:
            self.console.print(Text(text, style=style))


def open_view(*, plain: bool, out: TextIO = sys.stdout) -> View:
    """A view on that stream. Colours only on a terminal whose user wants them (https://no-color.org)."""
    is_grey = plain or not out.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    colours: Literal["standard"] | None = None if is_grey else "standard"
    return View(Console(file=out, color_system=colours, highlight=False, markup=False, emoji=False), plain)


def show_finding(view: View, experiment: Experiment, diff: str, position: str) -> None:
    """The whole finding; `position` says which of how many it is."""
    facts, literals = gather_facts(experiment), edit_literals(experiment.edits)
    view.say("")
    view.say(position, "bold")
    view.say(title(experiment, facts), "bold")
    _heading(view, "Question")
    view.say(finding.QUESTIONS[kept_win(experiment)])
    _heading(view, "Result")
    _show_table(view, experiment)
    view.say(_how_sure(experiment))
    view.say(f"Predicted: {' '.join(prediction_lines(experiment, facts))}")
    for sentence in surprises(experiment, facts):
        view.say(f"Surprise: {sentence}")
    _heading(view, "What changed")
    _show_diff(view, diff)
    _heading(view, "Why, in the proposer's words, before the evaluation")
    for line in render_quote(f"{experiment.hypothesis}\n\n{experiment.why}", facts, literals):
        view.say(line.removeprefix(">").strip())


def _heading(view: View, text: str) -> None:
    view.say("")
    view.say(f"{text}:" if view.plain else text, "bold cyan")


def _how_sure(experiment: Experiment) -> str:
    figures = gather_facts(experiment).figures
    same = "the same predictions, bit for bit" if experiment.verdict.exact else "predictions differ"
    return (
        f"Means over {figures['instances'].text} fresh instances of {show_code(experiment.task)} ({same}); solved: "
        f"incumbent {figures['solved.before'].text}, candidate {figures['solved.after'].text}."
    )


def _show_table(view: View, experiment: Experiment) -> None:
    if view.plain:
        for name, before, after, change, interval in _rows(experiment):
            said = f"; interval {interval}" if interval else ""
            view.say(f"{name}: incumbent {before}; candidate {after}; change {change}{said}.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("", "incumbent", "candidate", "change", "interval"):
        is_number = header in ("incumbent", "candidate", "change")
        table.add_column(header, justify="right" if is_number else "left", no_wrap=is_number)
    for row in _rows(experiment):
        table.add_row(*map(Text, row))
    view.console.print(table)


def _rows(experiment: Experiment) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, before, after, change and interval of each quantity."""
    facts = gather_facts(experiment)
    quantities: tuple[Quantity, ...] = (*METRICS, "samples")
    for quantity in quantities:
        before, after, change = (facts.figures[f"{quantity}.{part}"].text for part in ("before", "after", "change"))
        low, high = (facts.figures.get(f"{quantity}.{end}") for end in ("low", "high"))
        interval = "" if low is None or high is None or low.text == NOT_MEASURED else f"{low.text} to {high.text}"
        yield short_label(quantity), before, after, change, interval


def _show_diff(view: View, diff: str) -> None:
    """The lines of a diff, coloured; spoken in plain mode, where a bare sign is easily not heard."""
    for line in show_code(diff).rstrip("\n").split("\n"):
        sign = "" if line.startswith(("+++", "---")) else line[:1]
        if view.plain:
            view.say(f"{_SPOKEN[sign]}{line.strip('@ ') if sign == '@' else line[1:]}" if sign in _SPOKEN else line)
        else:
            view.say(f"  {line}", _DIFF_STYLES.get(sign, ""))
