"""What a killed loop can leave of git: a command that is still at work, and the lock of a ref.

Promises: while a git process of an earlier loop of this run lives, the next loop waits for it, so that no ref moves
behind its back; a lock that one left on a ref of the run, killed or cut off from power, is removed once no process of
ours can hold it and nobody else has touched it for a while. Does not cover: refs that others move too, and their locks.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import ArdentError

PATIENCE_S = 60.0  # for a git process of ours: it is waiting for the disk
QUIET_S = 2.0  # a ref's lock lives for milliseconds; git itself waits 0.1 s for one


@contextmanager
def waited_for(path: Path) -> Iterator[int]:
    """The lock file at `path`, open: git processes that inherit it keep it locked until they end.

    Raises:
        ArdentError: one of an earlier loop does not end.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _is_locked(file):
            if time.monotonic() > deadline:
                raise ArdentError(f"{path}: a git process of the run before still holds it; wait for it, or kill it")
            time.sleep(0.01)
        yield file
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_stale_locks(common: Path, refs: Iterable[str]) -> None:
    """Remove locks of the refs that stay as they are while we look. Only where no git process of ours lives.

    `refs` are full names below `common`, the git directory; with a last /, all in that folder.
    """
    patterns = [f"{ref}*.lock" if ref.endswith("/") else f"{ref}.lock" for ref in refs]
    seen = {path: _facts(path) for pattern in patterns for path in common.glob(pattern)}
    deadline = time.monotonic() + QUIET_S
    while seen and time.monotonic() < deadline:
        time.sleep(0.05)
        seen = {path: facts for path, facts in seen.items() if facts is not None and _facts(path) == facts}
    for path in seen:
        path.unlink(missing_ok=True)


def _facts(path: Path) -> tuple[int, int, int] | None:
    """What changes when another process makes or writes the file; None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = path.lstat()
        return found.st_ino, found.st_size, found.st_mtime_ns
    return None
