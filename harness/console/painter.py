"""The live part at the bottom of a terminal, and the lines that scroll away above it.

One thread writes, and nobody else: who wants something said puts it into a queue and goes on, so that an experiment
never waits for a terminal, and a signal handler may ask too.

Promises: the cursor is never hidden, no mode of the terminal is changed and no other screen is used, so that `kill -9`
leaves a terminal that works; a terminal that is gone is written to no more, and the run goes on; in the background of
a shell only whole lines are printed. Does not cover: what is drawn. A key pressed, or a window made narrower, can leave
a row of an old picture standing above; nothing that scrolled away is ever erased.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

TICK_S = 1.0  # the elapsed time moves on
REST_S = 0.1  # at least between two pictures, however much happens: 2 ms each, so 2 % of a processor at most
PATIENCE_S = 5.0  # at the end, for a terminal that takes nothing more (Ctrl-S)
FALLBACK = os.terminal_size((80, 24))  # where a terminal does not know
_END = None
_NUDGE = ""

Draw = Callable[[int, int], list[str]]
"""The rows of the live part for so many columns and rows at most: each narrower than the terminal, without its end."""


class Painter:
    """Writes to the terminal `terminal`, a file descriptor, from `start` to `stop`."""

    def __init__(self, terminal: int, draw: Draw, encoding: str = "utf-8") -> None:
        self._terminal = terminal
        self._draw = draw
        self._encoding = encoding
        self._queue: SimpleQueue[str | None] = SimpleQueue()  # `put` may interrupt itself
        self._rows = 0  # of the picture on the screen; the cursor stands below it
        self._is_gone = False
        self._thread = threading.Thread(target=self._paint_on, name="painter", daemon=True)

    def start(self) -> None:
        """Begin to paint."""
        self._thread.start()

    def stop(self) -> None:
        """Print what was said, take the picture away, and end."""
        self._queue.put(_END)
        self._thread.join(PATIENCE_S)

    def say(self, text: str) -> None:
        """One or more whole lines, with the codes for their colours."""
        self._queue.put(text + "\n")

    def nudge(self) -> None:
        """Paint soon: something has changed."""
        self._queue.put(_NUDGE)

    def _paint_on(self) -> None:
        is_over = False
        while not is_over:
            lines, is_over = self._collect()
            self._paint("".join(lines), has_picture=not is_over)
            if not is_over:
                time.sleep(REST_S)

    def _collect(self) -> tuple[list[str], bool]:
        """What was said until now, waiting a tick for the first; and whether that was all."""
        lines: list[str] = []
        try:
            said = self._queue.get(timeout=TICK_S)
            while said is not _END:
                lines.append(said)
                said = self._queue.get_nowait()
        except Empty:
            return lines, False
        return lines, True

    def _paint(self, lines: str, *, has_picture: bool) -> None:
        if self._is_gone:
            return
        try:
            in_front = self._is_in_front()
            size = self.size()
            picture = self._draw(size.columns, size.lines - 1) if has_picture and in_front else []
            erased = f"\x1b[{self._rows}A\r\x1b[J" if self._rows and in_front else ""
            self._rows = len(picture)
            self._write(erased + lines + "".join(row + "\n" for row in picture))
        except OSError:  # hung up, or its window closed
            self._is_gone = True

    def size(self) -> os.terminal_size:
        """Of the terminal as it is now."""
        try:
            size = os.get_terminal_size(self._terminal)
        except OSError:
            return FALLBACK
        return size if size.columns > 0 and size.lines > 0 else FALLBACK

    def _is_in_front(self) -> bool:
        """Whether the terminal is ours to draw on: in the background, others' words stand where our rows were."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:  # not our controlling terminal: nobody moves us to the background
            return True

    def _write(self, text: str) -> None:
        data = text.encode(self._encoding, "replace")
        while data:
            try:
                data = data[os.write(self._terminal, data) :]
            except BlockingIOError:  # another program made it so
                select.select([], [self._terminal], [], TICK_S)
