"""A terminal that a program can be started in: a pseudo-terminal, and what a person would see of it."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, suppress

import pyte

from tests.harness.loops import clean_environment

PATIENCE_S = 30.0


class Terminal:
    """One side of a pseudo-terminal, with a screen that keeps what scrolled away.

    Attributes:
        said: every byte that came.
        process: what was started in it.
    """

    def __init__(self, columns, lines):
        self._ours, self.theirs = pty.openpty()
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.001)
        self._stream = pyte.ByteStream(self.screen)
        self.said = b""
        self.process = None
        self.resize(columns, lines)

    def resize(self, columns, lines):
        """As a person pulls at the window's corner."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def start(self, command, cwd, environment):
        """In a session of its own, with this as its controlling terminal."""

        def adopt():
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where a script started the tests in its background
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            preexec_fn=adopt,  # noqa: PLW1509 - the tests have no threads
        )  # fmt: skip
        os.close(self.theirs)
        self.theirs = -1

    def press(self, keys):
        """Keys, such as b"\\x03" for Ctrl-C."""
        os.write(self._ours, keys)

    def read(self, seconds=0.05):
        """Take in what has come; whether the other side is still open."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        data = b""
        with suppress(OSError):  # EIO: nobody has the other side open
            data = os.read(self._ours, 65536) if ready else b""
        self.said += data
        self._stream.feed(data)
        return bool(data) or not ready

    def wait_for(self, text):
        """Read until the screen shows it, wherever it breaks its lines; the words on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.words():
            assert self.read() or text in self.words(), f"ended before {text!r}:\n{self.shown()}"
            assert time.monotonic() < deadline, f"no {text!r}:\n{self.shown()}"
        return self.words()

    def finish(self):
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self.read():
            assert time.monotonic() < deadline, self.shown()
        return self.process.wait(PATIENCE_S)

    def shown(self):
        """The visible rows, without what is empty below."""
        return "\n".join(row.rstrip() for row in self.screen.display).rstrip()

    def words(self):
        """The visible text with single blanks."""
        return " ".join(self.shown().split())

    def transcript(self):
        """The rows that scrolled away, and the visible ones."""
        above = ["".join(row[x].data for x in range(self.screen.columns)).rstrip() for row in self.screen.history.top]
        return "\n".join([*above, self.shown()])

    def is_sane(self):
        """The cursor is shown, the main screen is used, and what is typed is echoed line by line."""
        mode = termios.tcgetattr(self._ours)[3]
        is_cooked = bool(mode & termios.ECHO and mode & termios.ICANON and mode & termios.ISIG)
        return is_cooked and not self.screen.cursor.hidden and b"\x1b[?" not in self.said

    def close(self):
        """Hang up."""
        for file in (self._ours, self.theirs):
            if file >= 0:
                os.close(file)
        self._ours = self.theirs = -1


@contextmanager
def loop_in_terminal(root, *arguments, columns=80, lines=24, term="xterm-256color", **variables):
    """`python loop.py ...` in a terminal of its own; whatever happens, it is gone at the end."""
    terminal = Terminal(columns, lines)
    environment = clean_environment(root) | {"TERM": term, "LC_ALL": "C.UTF-8", **variables}
    try:
        terminal.start([sys.executable, str(root / "loop.py"), *map(str, arguments)], root, environment)
        yield terminal
    finally:
        if terminal.process is not None:
            terminal.process.kill()
            terminal.process.wait()
        terminal.close()
