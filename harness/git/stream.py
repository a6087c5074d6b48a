"""A commit as a stream for git fast-import: no index, no working tree, bytes as they are.

Does not cover: moving refs; the stream takes back the ref that it must name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file whose content git has already, by its hash."""

    sha: str


def import_stream(
    parent: str, changes: Mapping[str, str | Blob | None], message: str, stamp: str
) -> Iterator[bytes]:
    """The commit for git fast-import, on a ref that its last lines take back: only `move_ref` moves refs."""
    if not SHA.fullmatch(parent):
        raise ValueError(f"a parent is a full hash, not {parent!r}")
    yield f"feature done\ncommit refs/ardent/unborn\nmark :1\nauthor {stamp}\ncommitter {stamp}\n".encode()
    yield _data(message) + f"from {parent}\n".encode()
    # Deletions first, so that a folder may become a file.
    for path, text in sorted(changes.items(), key=lambda change: change[1] is not None):
        if text is None:
            yield f"D {checked_path(path)}\n".encode()
        elif isinstance(text, Blob):
            yield f"M 100644 {text.sha} {checked_path(path)}\n".encode()
        else:
            yield f"M 100644 inline {checked_path(path)}\n".encode() + _data(text)
    yield f"\nget-mark :1\nreset refs/ardent/unborn\nfrom {'0' * len(parent)}\n\ndone\n".encode()


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%b\n" % (len(raw), raw)


def checked_path(path: str) -> str:
    """`path` if git can hold it and a stream can carry it, else ValueError."""
    parts = path.lower().split("/")
    if any(part in ("", ".", "..", ".git") for part in parts) or any(c in path for c in '\0\n"'):
        raise ValueError(f"not a path inside a repository: {path!r}")
    return path
