"""The lock of a run: one process at a time works on it.

Promises: the lock is the kernel's, on the run's folder, and ends with its process, however that ends: what a file says,
a number that is another process's by now, a reboot or another container makes no difference; the file beside it names
who holds it. Does not cover: machines that share a disk without locking.
"""

import fcntl
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from harness import crash_points
from harness.errors import ArdentError
from harness.ledger.durable import trouble


@contextmanager
def exclusive_lock(path: Path, owner: str) -> Iterator[None]:
    """Hold the lock of the folder around `path`; ArdentError naming its holder when `owner` ("run x") is locked.

    The file says who holds it, and is no lock: removing it frees nothing. A process forked from this one without exec
    shares the lock; none of ours is.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(path, error) from error
    try:
        _lock(folder, file, path, owner)
        try:
            yield
        finally:  # who took it stays in the file only if it was killed
            os.ftruncate(file, 0)
            crash_points.reach("unlocked")
    finally:
        os.close(file)
        os.close(folder)


def _lock(folder: int, file: int, path: Path, owner: str) -> None:
    """Lock the open folder, and write into the file who holds it."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    command = " ".join(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]).split())[:200]
    text = f"pid {os.getpid()} on {socket.gethostname()} since {started} ({command})\n"
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode("utf-8", "replace"), 0)
    except BlockingIOError as held:
        holder = os.pread(file, 1000, 0).decode("utf-8", "replace").strip() or "another process"
        raise ArdentError(f"{owner} is already being run by {holder}; wait for it or stop it") from held
    except OSError as error:
        raise trouble(path, error) from error
