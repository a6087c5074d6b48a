"""Files that are replaced whole or not at all, even in a crash, and readable by this user alone.

For one writer at a time. What a crash leaves beside a file has a fixed name: the next replacement writes over it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import crash_points
from harness.ledger.rows import LedgerError


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`; ArdentError on trouble."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise trouble(path, error) from error


def replace_file(path: Path, data: bytes) -> None:
    """As `write_durably`; OSError on trouble, for callers with words of their own."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - a mode
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        crash_points.reach("file-written")
        temporary.replace(path)
        crash_points.reach("file-replaced")
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make the folder and those above it where they are missing, their names durable; OSError on trouble."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make names made or changed in `folder` durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def trouble(path: Path, error: OSError) -> LedgerError:
    """The one line for what the system refused."""
    fix = "free disk space or make it writable, and run the same again"
    if error.errno == errno.ENOENT:
        fix = "something else removed it or its folder; restore that, or begin another run with --run NAME"
    return LedgerError(f"{path}: {error.strerror}; {fix}")


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor; any trouble of the system while it is open becomes LedgerError."""
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise trouble(path, error) from error
