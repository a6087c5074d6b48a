"""The live part as rows of text: the experiment in progress, the best so far, a sparkline, counts, and what is left.

Promises: every row fits the width, wide characters and all; without colours nothing is lost.
Does not cover: the terminal.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from harness.console.sparkline import ASCII_BARS, BARS, sparkline
from harness.console.times import Left, end_words, left_words
from harness.console.words import changes_in_all, numbers
from harness.progress import Progress
from harness.totals import OUTCOMES

LABEL = 8
GAP = "  "
STYLES = {"kept": "bold green", "discarded": "", "inconclusive": "yellow", "invalid": "magenta"}


@dataclass(frozen=True, slots=True)
class Now:
    """What is being done. `began` and `stage_began` are of time.monotonic().

    Attributes:
        position: `3/20`, `null`, `0` for the baseline; empty between experiments.
        stage: with the instance, where that is known.
        notice: what the user must know at once.
    """

    position: str = ""
    title: str = ""
    stage: str = ""
    began: float = 0.0
    stage_began: float = 0.0
    notice: str = ""


def draw(now: Now, progress: Progress, left: Left, clock: float, width: int, *, ascii_only: bool = False) -> list[Text]:
    """The rows, each at most `width` - 1 cells wide: a terminal wraps at its last column. `clock`: time.monotonic()."""
    rows = [Text(""), *_now_rows(now, clock, width)]
    if progress.baseline is not None:
        rows += _flow("best", _best(progress), width)
        rows += _sparkline(progress, width, ascii_only=ascii_only)
    rows += _flow("done", _counts(progress), width)
    rows += _flow("left", [Text(part) for part in left_words(progress, left)], width)
    rows += _flow("end", [Text(end_words(progress, left, clock - now.began if now.position else 0.0))], width)
    if now.notice:
        rows += _flow("", [Text(now.notice, style="bold")], width)
    for row in rows:
        row.truncate(max(width - 1, 1), overflow="ellipsis")
    return rows


def _now_rows(now: Now, clock: float, width: int) -> list[Text]:
    if not now.position:
        return []
    head = Text(f"{now.position:>{LABEL - 1}}  ", style="bold").append(now.title, style="bold")
    parts = [Text(f"{now.stage} for {_clock(clock - now.stage_began)}")]
    if now.stage_began > now.began:
        parts.append(Text(f"experiment {_clock(clock - now.began)}"))
    return [head, *_flow("", parts, width)]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _best(progress: Progress) -> list[Text]:
    assert progress.baseline is not None
    if progress.best is None:
        return [Text("the baseline"), *map(Text, numbers(progress.baseline).split(GAP))]
    return [*map(Text, numbers(progress.best).split(GAP)), Text(f"against the baseline: {changes_in_all(progress)}")]


def _sparkline(progress: Progress, width: int, *, ascii_only: bool) -> list[Text]:
    """ARD of the baseline and of what was screened since, on a log scale; a second row marks what was kept."""
    assert progress.baseline is not None
    points = [(progress.baseline.ard, False), *progress.screened]
    points = points[-max(width - LABEL - 3, 8) :]
    if len(points) < 2:
        return []
    bars = sparkline([ard for ard, _ in points], ASCII_BARS if ascii_only else BARS)
    chart = Text()
    for bar, (_, is_kept) in zip(bars, points, strict=True):
        chart.append(bar, style=STYLES["kept"] if is_kept else "")
    ards = [ard for ard, _ in points]
    scale = Text(f"{max(ards):,.0f} to {min(ards):,.0f}, log scale")
    rows = _flow("ARD", [chart, scale], width)
    if any(is_kept for _, is_kept in points):
        mark = "^" if ascii_only else "▲"
        marks = "".join(mark if is_kept else " " for _, is_kept in points).rstrip()
        rows.insert(1, Text(" " * (LABEL + 1)).append(marks + " kept", style=STYLES["kept"]))
    return rows


def _counts(progress: Progress) -> list[Text]:
    parts = [Text(f"{getattr(progress, name)} {name}", style=STYLES[name]) for name in OUTCOMES]
    if progress.nulls:
        kept = f" ({progress.nulls_kept} kept)" if progress.nulls_kept else ""
        parts.append(Text(f"{progress.nulls} null row{'' if progress.nulls == 1 else 's'}{kept}"))
    return parts


def hang(head: Text, text: Text, width: int) -> list[Text]:
    """The text after its head, broken between words, each further line below its beginning."""
    indent = cell_len(head.plain)
    room = max(width - indent, 10)
    broken = text.wrap(Console(width=room, file=io.StringIO()), room)
    return [(head if at == 0 else Text(" " * indent)).copy().append_text(row) for at, row in enumerate(broken)]


def _flow(label: str, parts: Sequence[Text], width: int) -> list[Text]:
    """The parts after their label, on as many rows as they need; a part that is too long for one goes on below."""
    head = Text(f"{label:>{LABEL - 1}}  ")
    rows: list[Text] = []
    for part in parts:
        if rows and cell_len(rows[-1].plain) + len(GAP) + cell_len(part.plain) < width:
            rows[-1].append(GAP).append_text(part)
        else:
            rows += hang(Text(" " * len(head.plain)) if rows else head, part, width - 1)
    return rows
