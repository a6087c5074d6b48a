"""Where files go: missing directories are made, and a place that cannot be written is told before any work.

Promises: looking leaves no file behind. Does not cover: a disk that fills up meanwhile.
"""

import os
from pathlib import Path
from tempfile import TemporaryFile

from sparse_parity.protocol import ParityError


def make_directory(flag: str, path: Path) -> None:
    """Make it where it is missing, with its parents, and see that a file can be written in it.

    Raises:
        ParityError: it cannot be, and why.
    """
    try:
        in_the_way = next((part for part in (path, *path.parents) if part.exists() and not part.is_dir()), None)
        if in_the_way:
            raise ParityError(f"{flag}: {in_the_way} is a file; name a directory")
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ParityError(f"{flag}: {path}: {error.strerror}; name a directory that can be written") from None


def make_room(flag: str, path: Path) -> None:
    """See that this file can be written; its directory is made where it is missing.

    Raises:
        ParityError: it cannot be, and why.
    """
    if path.is_dir():
        raise ParityError(f"{flag}: {path} is a directory; name a file in it")
    make_directory(flag, path.parent)
    if path.exists() and not os.access(path, os.W_OK):
        raise ParityError(f"{flag}: {path} is read-only; name a file that can be written")
