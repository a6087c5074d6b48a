"""Requests and replies of a paid model, on disk before anything reads them.

Promises: a reply is durable (written, synced, renamed) before it is parsed; a run that was killed finds the
reply of the same request and does not pay twice; an attempt is on disk before it is sent, so that one that was killed
or cut off, and may have been billed, is known; none is sent without space for its reply; the key is in no file.
Does not cover: sharing one directory between runs.

Files: <number>-<turn>-<hash of the request>.request.json, .sent-<attempt>.json and .reply.json; and .reserved while an
answer is awaited.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

from harness import crash_points
from harness.errors import ArdentError
from harness.ledger import make_folder, replace_file
from harness.proposers.prices import Price
from harness.proposers.secret import Access

RESERVED = ".reserved"
LARGEST_REPLY = 2**20  # bytes; an answer of 32,000 tokens takes about 200,000


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that was sent, from 1 on for each exchange. `worst` is in dollars, None where the price is unknown.

    `price` is that of the model asked; None where it is unknown, or was not written down (before 2026-11-22).
    """

    stem: str
    index: int
    worst: float | None
    price: Price | None = None

    @property
    def file_name(self) -> str:
        """The file that says so."""
        return f"{self.stem}.sent-{self.index}.json"


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """The raw body of a reply, and the attempt that it answered (0 where that was not recorded)."""

    stem: str
    attempt: int
    body: str


@dataclass(frozen=True, slots=True)
class Transcripts:
    """The transcripts of one run."""

    directory: Path
    access: Access

    def find_reply(self, stem: str) -> str | None:
        """The recorded body of the reply called `stem`, or None."""
        path = self.directory / f"{stem}.reply.json"
        return _read_reply(path).body if path.exists() else None

    def replies_of(self, number: int) -> tuple["RecordedReply", ...]:
        """Every reply that was recorded for one experiment, those of abandoned requests included."""
        return tuple(_read_reply(path) for path in sorted(self.directory.glob(f"{number:04d}-*.reply.json")))

    def attempts_of(self, number: int) -> tuple["Attempt", ...]:
        """Every attempt of one experiment that was not known to cost nothing."""
        return tuple(_read_attempt(path) for path in sorted(self.directory.glob(f"{number:04d}-*.sent-*.json")))

    def begin_attempt(self, stem: str, worst: float | None, price: Price | None = None) -> "Attempt":
        """Record that a request is about to be sent, and what its answer may cost at most."""
        taken = [_read_attempt(path).index for path in self.directory.glob(f"{stem}.sent-*.json")]
        attempt = Attempt(stem, max(taken, default=0) + 1, worst, price)
        self._reserve()
        rates = None if price is None else {k: v for k, v in asdict(price).items() if isfinite(v)}
        self._write(attempt.file_name, {"index": attempt.index, "worst_dollars": worst, "price": rates})
        return attempt

    def drop_attempt(self, attempt: "Attempt") -> None:
        """Forget an attempt that cannot have been billed."""
        (self.directory / RESERVED).unlink(missing_ok=True)
        (self.directory / attempt.file_name).unlink(missing_ok=True)
        crash_points.reach("attempt-dropped")

    def write_request(self, stem: str, request: Mapping[str, object]) -> None:
        """Record a request before it is sent."""
        self._write(f"{stem}.request.json", dict(request))

    def write_reply(self, attempt: "Attempt", body: str) -> str:
        """Record the raw body of a reply before anyone parses it; returns it as recorded, without the key."""
        safe = self.access.redact(body)
        (self.directory / RESERVED).unlink(missing_ok=True)
        self._write(f"{attempt.stem}.reply.json", {"attempt": attempt.index, "body": safe})
        return safe

    def _reserve(self) -> None:
        """Take the space that a reply needs before it is paid for; what a killed process took is taken over."""
        with self._written(RESERVED) as path, path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, LARGEST_REPLY)

    def _write(self, name: str, document: object) -> None:
        text = self.access.redact(json.dumps(document, indent=1, sort_keys=True)) + "\n"
        with self._written(name) as path:
            replace_file(path, text.encode("utf-8"))

    @contextmanager
    def _written(self, name: str) -> Iterator[Path]:
        """Where a file of that name is, with the error for one that cannot be written."""
        path = self.directory / name
        try:
            make_folder(self.directory)
            yield path
        except OSError as error:
            raise ArdentError(f"{path}: cannot be written ({error}); free space, then resume") from None


def name_exchange(number: int, turn: int, request: Mapping[str, object]) -> str:
    """The stem of the files of one exchange; another request has another name."""
    digest = hashlib.sha256(json.dumps(dict(request), sort_keys=True).encode()).hexdigest()
    return f"{number:04d}-{turn}-{digest[:16]}"


def _read_reply(path: Path) -> RecordedReply:
    document = _read_object(path)
    body, attempt = document.get("body"), document.get("attempt", 0)
    if not isinstance(body, str) or not isinstance(attempt, int):
        raise ArdentError(f"{path}: is no recorded reply any more; remove the file to ask again")
    return RecordedReply(path.name.removesuffix(".reply.json"), attempt, body)


def _read_attempt(path: Path) -> Attempt:
    document = _read_object(path)
    index, worst = document.get("index"), document.get("worst_dollars")
    if not isinstance(index, int) or not (worst is None or isinstance(worst, int | float)):
        raise ArdentError(f"{path}: is no recorded attempt any more; remove the file to take it as free")
    return Attempt(path.name.partition(".")[0], index, worst, _read_price(document.get("price")))


def _read_price(rates: object) -> Price | None:
    try:
        return Price(**rates) if isinstance(rates, dict) else None
    except TypeError:  # other fields than this version's
        return None


def _read_object(path: Path) -> Mapping[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
