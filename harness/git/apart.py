"""The objects of one commit, apart from the repository's until they are whole and on the disk.

Promises: what git writes while a commit is made, temporary files, locks and notes about crashes included, lies in a
folder of ours, a small repository that sees the objects of the real one; the next commit sweeps it if the process was
killed. When the context of `new_objects` ends, every new object and its name are in the real one durably, whatever the
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
from harness.git.stream import Blob

# The repository's own configuration counts too: a group may share it.
_CONFIG = """[core]
    bare = true
    repositoryformatversion = 1
[extensions]
    objectFormat = {form}
[include]
    path = "{path}"
"""
_FORMS = {40: "sha1", 64: "sha256"}


@contextmanager
def new_objects(command: GitCommand, common: Path, private: Path, parent: str) -> Iterator[GitCommand]:
    """Git whose new objects are the repository's, durably, once the context ends without an error.

    Args:
        command: git in that repository.
        common: the git directory that all worktrees share.
        private: a folder of ours on the same file system.
        parent: the hash of a commit of the repository.

    Raises:
        ArdentError: the disk is full.
    """
    objects = common / "objects"
    try:
        with scratch.folder("objects", private) as place:
            _begin(place, common, _FORMS.get(len(parent), "sha1"))
            yield replace(command, git_dir=place)
            crash_points.reach("objects-written")
            _bring_in(place / "objects", objects)
    except OSError as error:
        what = error.strerror or str(error)
        raise ArdentError(f"{error.filename or objects}: {what}; {fix_for(what)}") from error


def _begin(place: Path, common: Path, form: str) -> None:
    """Make `place` a repository without a ref, in which git sees the objects of the real one."""
    (place / "refs").mkdir()
    (place / "objects" / "info").mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/none\n", "ascii")
    path = str(common / "config").replace("\\", "\\\\").replace('"', '\\"')
    (place / "config").write_bytes(os.fsencode(_CONFIG.format(form=form, path=path)))
    (place / "objects" / "info" / "alternates").write_bytes(os.fsencode(common / "objects") + b"\n")


def _bring_in(new: Path, objects: Path) -> None:
    """Move the new objects to the repository's."""
    for at, made in enumerate(sorted(new.glob("[0-9a-f][0-9a-f]"))):
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


def store(command: GitCommand, file: Path) -> Blob:
    """The file's bytes as a blob, without any of them in this process."""
    return Blob(command.run("hash-object", "-w", "--no-filters", "--", str(file)).decode("ascii").strip())


def is_whole(command: GitCommand, sha: str, parent: str) -> bool:
    """Whether a commit has all objects that its parent has not. Git prune takes what no ref had as it began."""
    return command.start("rev-list", "--objects", "--quiet", sha, f"^{parent}").status == 0


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
