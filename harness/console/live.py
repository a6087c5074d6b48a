"""The run on a terminal: a live part at the bottom, and finished experiments as plain lines that scroll away above it.

Promises: the loop only leaves word here and goes on; whatever a title holds is shown as harmless text. Does not cover:
how the terminal is written to (`painter`) and what the live part says (`picture`).
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console as Ink
from rich.text import Text

from harness.console.painter import Painter
from harness.console.picture import STYLES, Now, draw, hang
from harness.console.summary import summary
from harness.console.times import Left
from harness.console.view import Limits
from harness.console.words import TITLE_WIDTH, first_line, left, right, short
from harness.progress import Progress, progress_of
from harness.proposers.options import Wait
from harness.records import Experiment, Stage
from harness.run import Run
from harness.sandbox import printable

WIDE = 110  # columns from which one line takes most experiments
RESULT_WIDTH = 76  # with the position: most results
INDENT = left("")
STOPPING = "stopping when this experiment is recorded; Ctrl-C once more to stop now"


class Live:
    """Shows the run on the terminal `out`."""

    def __init__(self, out: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic) -> None:
        self._ink = Ink(file=out, soft_wrap=True, markup=False, emoji=False, highlight=False, legacy_windows=False)
        self._is_ascii = not self._ink.encoding.lower().startswith("utf")
        self._painter = Painter(out.fileno(), self._draw, self._ink.encoding)
        self._clock = clock
        self._now = Now()
        self._progress = Progress()
        self._left: Callable[[], Left] | None = None  # until the run is open
        self._is_stopping = False

    def __enter__(self) -> Self:
        self._painter.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._now.position:  # cut short: the line that the experiment has so far
            self._say(Text(f"{left(self._now.position)}{short(self._now.title)}"))
        self._painter.stop()

    def interrupted(self) -> None:
        """Say so in the live part."""
        self._is_stopping = True
        self._painter.nudge()

    def follow(self, run: Run, limits: Limits) -> None:
        """Begin with what its rows add up to."""
        self._progress = progress_of(run.ledger.rows)
        self._left = lambda: Left(run.settings.budget, limits.hours_left(), limits.max_usd)

    def say(self, text: str) -> None:
        """Lines of their own."""
        self._say(Text("\n".join(map(printable, text.split("\n")))))

    def begin(self, position: str) -> None:
        """The experiment to show, while its proposer is asked."""
        moment = self._clock()
        stage = "tests" if position == "0" else "proposing"
        self._show(Now(position, "", stage, moment, moment))

    def waiting(self, wait: Wait) -> None:
        """What came in the way, until the next try."""
        reason = f"try {wait.attempt} of {wait.attempts} in {wait.seconds:.0f} s; {first_line(wait.reason)}"
        self._show(replace(self._now, stage=f"waiting ({reason})", stage_began=self._clock()))

    def title(self, title: str) -> None:
        """What the experiment is."""
        self._show(replace(self._now, title=printable(title)))

    def stage(self, stage: Stage) -> None:
        """The stage to show."""
        self._show(replace(self._now, stage=stage, stage_began=self._clock()))

    def instance(self, number: int, most: int) -> None:
        """The stage goes on."""
        self._show(replace(self._now, stage=f"confirm {number}/{most}"))

    def end(self, row: Experiment) -> None:
        """The whole line of the experiment."""
        told, _, reason = right(row).partition("\n")
        result = Text(told)
        result.stylize(STYLES[row.verdict.outcome] if row.kind == "proposal" else "", 0, len(row.verdict.outcome))
        for text in self._lines(result, reason.strip()):
            self._say(text)
        self._progress = self._progress.after(row)
        self._show(Now())

    def _lines(self, result: Text, reason: str) -> list[Text]:
        """Title and result beside each other where the terminal is wide enough, else below each other."""
        width = self._painter.size().columns
        head = Text(left(self._now.position))
        if width < WIDE:
            lines = [*hang(head, Text(short(self._now.title)), width), *hang(Text(INDENT), result, width)]
        else:
            room = min(TITLE_WIDTH, width - RESULT_WIDTH)
            lines = hang(head.append(f"{short(self._now.title, room):.<{room}} "), result, width)
        return [*lines, *hang(Text(INDENT), Text(reason), width)] if reason else lines

    def summary(self, run: Run, stopped: str) -> None:
        """The closing lines."""
        self._now = Now()
        self.say(summary(run, stopped))

    def _show(self, now: Now) -> None:
        self._now = now
        self._painter.nudge()

    def _say(self, text: Text) -> None:
        self._painter.say(self._coloured(text))

    def _draw(self, columns: int, rows: int) -> list[str]:
        """The picture, cut where the terminal is too low for it."""
        if self._left is None:  # no counts of a run that is not known yet
            return []
        now = replace(self._now, notice=STOPPING) if self._is_stopping else self._now
        texts = draw(now, self._progress, self._left(), self._clock(), columns, ascii_only=self._is_ascii)
        return [self._coloured(text) for text in texts[: max(rows, 0)]]

    def _coloured(self, text: Text) -> str:
        """With the codes for its colours, if this terminal has any."""
        with self._ink.capture() as capture:
            self._ink.print(text, end="", no_wrap=True, crop=False, overflow="ignore")
        return capture.get()
