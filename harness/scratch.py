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

_PREFIX = "ardent-"


@contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """A new folder, readable by this user alone. The kernel's lock on it says that its process lives."""
    prefix = f"{_PREFIX}{purpose}-"
    place = Path(tempfile.gettempdir())
    _sweep(place, prefix)
    unnamed = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=place))
    lock = os.open(unnamed, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = unnamed.rename(place / unnamed.name.removeprefix("."))  # swept by nobody before it was locked
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
    finally:
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
