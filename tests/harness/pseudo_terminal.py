"""`python -m harness ...` on a terminal: a pseudo one, with a width and somebody who types."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass

from tests.harness.project import environment

# The terminal becomes the one that controls the command, so that ^C typed there is an interrupt.
_ON_IT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "harness", *sys.argv[1:]])
"""
PROMPTS = (b"> ", b"why? ", b"note: ")


@dataclass(frozen=True)
class Ended:
    """All that was shown, and how the command ended."""

    text: str
    code: int


def on_terminal(root, columns, keys, *arguments, **variables):
    """Run the command; one line of `keys` (or one control character) is typed at each prompt."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in environment(root).items() if name not in ("NO_COLOR", "LINES", "COLUMNS")}
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_IT, *arguments],
        cwd=root,
        env=kept | {"TERM": "xterm-256color"} | variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        text = _converse(ours, keys)
    finally:
        os.close(ours)  # a hang-up ends whatever still waits
        code = process.wait(timeout=60)
    return Ended(text, code)


def _converse(ours, keys):
    """Everything shown until the command ends, answering each prompt with the next keys."""
    waiting, shown = keys.splitlines(keepends=True), b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other side is closed
            return shown.decode("utf-8", "replace")
        if not data:
            return shown.decode("utf-8", "replace")
        shown += data
        if waiting and shown.endswith(PROMPTS):
            os.write(ours, waiting.pop(0).encode())
