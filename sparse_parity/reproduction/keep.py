"""Values measured earlier, kept in a file of JSON lines, so that a long reproduction goes on where it stopped.

Promises: a kept value is used again only for the same function with the same arguments, and while the code that made
it is the same (but for layout and comments): the engine, the methods and the study's own module. A last line that was
cut short is dropped; a file that holds anything else is refused and stays as it is. Does not cover: another machine or
Python; the file is for going on, not for sharing, and who writes into it writes what is shown. The table names
what it took from there (`table.tell_kept`); the same claim with a `--keep` of a new file measures it.
"""

import ast
import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sparse_parity.places import make_room
from sparse_parity.protocol import ParityError

PACKAGE = Path(__file__).resolve().parent.parent
ENGINE = ("config.py", "data.py", "metrics.py", "model.py", "training.py", "tracker.py", "published.py")
BEGINNING = '{"claim": "'  # of every line that `keep` writes
SHARED = ("studies/batches.py", "studies/numpy_draws.py")


@dataclass(frozen=True, slots=True)
class Kept:
    """The values of a part of a claim, what they took, and the digest of the code that made them.

    `claim` is the claim's id, then the part's function and arguments; `note` is shown beside the numbers.
    """

    claim: str
    digest: str
    values: tuple[float, ...]
    seconds: float
    note: str = ""


def digest_code(modules: tuple[str, ...]) -> str:
    """Of the engine, the methods, and these modules of `studies/`."""
    paths = {PACKAGE / name for name in (*ENGINE, *SHARED)} | set((PACKAGE / "methods").glob("*.py"))
    paths |= {PACKAGE / "studies" / f"{module}.py" for module in modules}
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode() + b"\0")
    return total.hexdigest()[:16]


def open_kept(path: Path) -> None:
    """Make the file where there is none, before anything is measured for it.

    Raises:
        ParityError: it cannot be written.
    """
    make_room("--keep", path)
    _append(path, "")


def read_kept(path: Path) -> dict[tuple[str, str], Kept]:
    """What the file holds, by claim and digest; nothing where there is no file.

    Raises:
        ParityError: it is no such file.
    """
    if not path.exists():
        return {}
    try:
        *lines, torn = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise ParityError(f"--keep: {path}: cannot be read: {error}; name another file") from None
    found = {}
    for number, line in enumerate(lines, start=1):
        try:
            kept = _read_line(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            trouble = f"--keep: {path}: line {number} is no kept value; delete that line, or name another file"
            raise ParityError(trouble) from None
        found[kept.claim, kept.digest] = kept
    if torn:
        _drop_torn(path, torn)
    return found


def _read_line(line: str) -> Kept:
    row: dict[str, Any] = json.loads(line)
    kept = Kept(row["claim"], row["digest"], tuple(row["values"]), row["seconds"], row.get("note", ""))
    if not all(isinstance(text, str) for text in (kept.claim, kept.digest, kept.note)):
        raise TypeError
    if not all(type(value) in {int, float} for value in (*kept.values, kept.seconds)):
        raise TypeError
    if not 0.0 <= kept.seconds < math.inf:
        raise ValueError
    return kept


def _drop_torn(path: Path, torn: str) -> None:
    """Cut off a last line without an end: its writer was killed, or the disk was full. Nobody else's text."""
    if not torn.startswith(BEGINNING[: len(torn)]):
        raise ParityError(f"--keep: {path}: its last line is no kept value; name another file")
    try:
        os.truncate(path, path.stat().st_size - len(torn.encode()))
    except OSError as error:
        raise ParityError(f"--keep: {path}: {error.strerror}; name a file that can be written") from None


def keep(path: Path, kept: Kept) -> None:
    """Append one line.

    Raises:
        ParityError: the file cannot be written.
    """
    _append(path, json.dumps(asdict(kept)) + "\n")


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ParityError(f"--keep: {path}: {error.strerror}; name a file that can be written") from None
