"""A temporary folder that does not outlive its use, not even when the process is killed.

Promises: the folder is gone when its context ends; those of killed processes are swept when the next one is made, those
of living ones never. Does not cover: folders in another place for temporary files.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness import crash_points

_PREFIX = "ardent-"


@contextmanager
def folder(purpose: str, place: Path | None = None) -> Iterator[Path]:
    """A new folder, readable by this user alone; in `place`, which is the system's for temporary files if None.

    The kernel's lock on it says that its process lives.
    """
    prefix = f"{_PREFIX}{purpose}-"
    place = place or Path(tempfile.gettempdir())
    _sweep(place, prefix)
    made, lock = _make(place, prefix)
    try:
        crash_points.reach("scratch-made")
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(lock)
        crash_points.reach("scratch-gone")


def _make(place: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and its lock. Another process may sweep it before it is locked: then there is a next one."""
    while True:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        crash_points.reach("scratch-new")
        with suppress(FileNotFoundError):
            lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if made.exists():
                return made, lock
            os.close(lock)


def _sweep(place: Path, prefix: str) -> None:
    """Remove what killed processes of this user left."""
    for left in place.glob(f"{prefix}*"):
        with suppress(OSError):  # another process may sweep too; what is another user's stays
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)
