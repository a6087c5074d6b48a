"""The objects of one commit, apart from the repository's until they are whole and on the disk.

Promises: what git writes while a commit is made lies in a folder of its own, which the next commit sweeps if the
process was killed; when the context of `new_objects` ends, every object and its name are on the disk, whatever the
file system makes of renames; a ref is moved only after that. Does not cover: packs, which git makes of more than 10,000
objects: the commit is then missing, and the ref that was to name it is not moved.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from harness import crash_points, scratch
from harness.errors import ArdentError
from harness.git.command import GitCommand, fix_for
from harness.git.stream import UNBORN


@contextmanager
def new_objects(command: GitCommand, common: Path, private: Path) -> Iterator[GitCommand]:
    """Git whose new objects are the repository's, durably, once the context ends without an error.

    Args:
        command: git in that repository.
        common: the git directory that all worktrees share.
        private: a folder of ours on the same file system.

    Raises:
        ArdentError: the disk is full.
    """
    objects = common / "objects"
    try:
        with scratch.folder("objects", private) as place:
            (place / "info").mkdir()
            (place / "info" / "alternates").write_bytes(os.fsencode(objects) + b"\n")  # what is there is seen
            yield replace(command, objects=place)
            crash_points.reach("objects-written")
            _bring_in(place, objects)
    except OSError as error:
        what = error.strerror or str(error)
        raise ArdentError(f"{error.filename or objects}: {what}; {fix_for(what)}") from error
    finally:
        _sweep_notes(command.git_dir or common)


def _bring_in(place: Path, objects: Path) -> None:
    """Move the new objects to the repository's."""
    for at, made in enumerate(sorted(place.glob("[0-9a-f][0-9a-f]"))):
        for file in made.iterdir():
            sync(file)
        if not (objects / made.name).exists():
            _make_like(made, objects / made.name)
        for file in made.iterdir():
            file.replace(objects / made.name / file.name)
        sync(objects / made.name)
        if at == 0:  # how many there are is chance
            crash_points.reach("objects-moving")
    sync(objects)


def _make_like(made: Path, folder: Path) -> None:
    """The folder that git would have made: with its mode, for a repository that a group shares."""
    with suppress(FileExistsError):  # another git was quicker
        folder.mkdir()
        shutil.copymode(made, folder)


def sync_ref(common: Path, ref: str) -> None:
    """Make the file of a ref durable, and its name with those of the folders above it."""
    place = common / ref
    for path in (place, *place.parents[: len(Path(ref).parts) - 1]):
        with suppress(FileNotFoundError):  # refs may be kept in another way
            sync(path)


def sync(path: Path) -> None:
    """Make a file durable, or the names in a folder."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sweep_notes(git_dir: Path) -> None:
    """Remove what git wrote about a stream of ours that ended too early, with the disk full or the loop killed."""
    for note in git_dir.glob("fast_import_crash_*"):
        with suppress(OSError):
            text = note.read_bytes()
            if not text or UNBORN.encode() in text:  # empty on a full disk
                note.unlink()
