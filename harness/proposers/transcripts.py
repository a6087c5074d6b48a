"""Requests and replies of a paid model, on disk before anything reads them.

Promises: a reply is durable (written, synced, renamed) before it is parsed; a run that was killed finds the
reply of the same request and does not pay twice; the key is in no file.
Does not cover: sharing one directory between runs.

Files: <number>-<turn>-<hash of the request>.request.json and .reply.json.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArdentError
from harness.proposers.secret import Access


@dataclass(frozen=True, slots=True)
class Transcripts:
    """The transcripts of one run."""

    directory: Path
    access: Access

    def find_reply(self, stem: str) -> str | None:
        """The recorded body of the reply called `stem`, or None."""
        path = self.directory / f"{stem}.reply.json"
        return _read_body(path) if path.exists() else None

    def replies_of(self, number: int) -> tuple[str, ...]:
        """The bodies of every reply that was recorded for one experiment, those of abandoned requests
        included.
        """
        return tuple(_read_body(path) for path in sorted(self.directory.glob(f"{number:04d}-*.reply.json")))

    def write_request(self, stem: str, request: Mapping[str, object]) -> None:
        """Record a request before it is sent."""
        self._write(f"{stem}.request.json", dict(request))

    def write_reply(self, stem: str, body: str) -> str:
        """Record the raw body of a reply before anyone parses it; returns it as recorded, without the key."""
        safe = self.access.redact(body)
        self._write(f"{stem}.reply.json", {"body": safe})
        return safe

    def _write(self, name: str, document: object) -> None:
        text = self.access.redact(json.dumps(document, indent=1, sort_keys=True)) + "\n"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            _write_durably(self.directory / name, text)
        except OSError as error:
            raise ArdentError(
                f"{self.directory / name}: cannot be written ({error}); free space, then resume"
            ) from None


def name_exchange(number: int, turn: int, request: Mapping[str, object]) -> str:
    """The stem of the files of one exchange; another request has another name."""
    digest = hashlib.sha256(json.dumps(dict(request), sort_keys=True).encode()).hexdigest()
    return f"{number:04d}-{turn}-{digest[:16]}"


def _read_body(path: Path) -> str:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))["body"]
    except (OSError, ValueError, KeyError, TypeError):
        body = None
    if not isinstance(body, str):
        raise ArdentError(f"{path}: is no recorded reply any more; remove the file to ask again")
    return body


def _write_durably(path: Path, text: str) -> None:
    """Readable by the user alone; complete or not there, whenever the power goes."""
    temporary = path.with_suffix(".partial")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
