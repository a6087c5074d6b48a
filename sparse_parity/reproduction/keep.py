"""Values measured earlier, kept in a file of JSON lines, so that a long reproduction goes on where it stopped.

Promises: a kept value is used again only for the same function with the same arguments, and while the code that made
it is the same (but for layout and comments): the engine, the methods and the study's own module. A last line that was
cut short is dropped. Does not cover: another machine or Python; the file is for going on, not for sharing.
"""

import ast
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sparse_parity.protocol import ParityError

PACKAGE = Path(__file__).resolve().parent.parent
ENGINE = ("config.py", "data.py", "metrics.py", "model.py", "training.py", "tracker.py", "published.py")
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
    _append(path, "")


def read_kept(path: Path) -> dict[tuple[str, str], Kept]:
    """What the file holds, by claim and digest; nothing where there is no file.

    Raises:
        ParityError: it is no such file.
    """
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(_read_lines(path), start=1):
        try:
            row = json.loads(line)
            kept = Kept(row["claim"], row["digest"], tuple(row["values"]), row["seconds"], row.get("note", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ParityError(f"--keep: {path}: line {number} is no kept value; name another file") from None
        found[kept.claim, kept.digest] = kept
    return found


def _read_lines(path: Path) -> list[str]:
    try:
        *lines, torn = path.read_text(encoding="utf-8").split("\n")
        if torn:  # the writer was killed, or the disk was full
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ParityError(f"--keep: {path}: cannot be read: {error}; name another file") from None
    return lines


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
