"""Who holds a run's lock, or held it when it was killed: read from outside, without touching the lock.

The lock file says who took it, and is emptied when it is given back, however the loop ends but by a kill. So text that
names a process which is no more tells of a kill.

Promises: nothing is locked, opened for writing or signalled: even a shared lock for a moment could turn away a loop
that starts just then. Does not cover: a process on another machine, or in a container of another name, of which
`is_alive` is None.
"""

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_WORDS = re.compile(r"pid (?P<pid>\d{1,9}) on (?P<host>\S{1,255}) since (?P<since>\S{1,40}) \((?P<command>[^\n]*)\)\n?")
_SLACK_S = 2.0  # the kernel's start times and the file's are each cut to a second


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that took the lock; `is_alive` is None where that cannot be told from here."""

    pid: int
    host: str
    since: str
    command: str
    is_alive: bool | None


def read_holder(path: Path) -> Holder | None:
    """Who took the lock at `path` and did not give it back; None if nobody did."""
    try:
        text = path.read_bytes()[:1000].decode("utf-8", "replace")
    except OSError:
        return None
    found = _WORDS.fullmatch(text)
    if found is None:
        return None
    pid, since = int(found["pid"]), found["since"]
    is_here = found["host"] == socket.gethostname()
    return Holder(pid, found["host"], since, found["command"], _is_alive(pid, since) if is_here else None)


def _is_alive(pid: int, since: str) -> bool | None:
    """Whether the process of that number is the one that took the lock: one that began later only has its number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        state, *fields = stat.rpartition(")")[2].split()
        began = _boot_s() + int(fields[18]) / os.sysconf("SC_CLK_TCK")
    except FileNotFoundError:
        return False
    except (OSError, ValueError, IndexError):
        return None
    with suppress(ValueError):
        return state not in "ZX" and began <= datetime.fromisoformat(since).timestamp() + _SLACK_S
    return None


def _boot_s() -> float:
    """When the machine started, in seconds since 1970."""
    stat = Path("/proc/stat").read_text("ascii")
    return float(re.findall(r"^btime (\d+)$", stat, re.MULTILINE)[0])
