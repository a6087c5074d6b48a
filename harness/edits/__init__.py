"""A proposal's edits: where they may go, applying them, and the hash that names them.

Promises: edits apply exactly once or not at all, only to the files under study, and every refusal says to the
model that wrote the edit what to do instead.

Does not cover: whether the code is allowed (policy) or runs.
"""

import difflib
import hashlib
import heapq
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from harness.edits.normal_form import CHAMPION, normal_hash
from harness.records import Edit

__all__ = ["CHAMPION", "EditError", "apply", "edits_hash", "is_editable", "normal_hash"]

MAX_EDITS = 20
MAX_BYTES = 64_000  # search and text of all edits together, as UTF-8

_EDITABLE = re.compile(r"sparse_parity/(?:champion|methods/[a-z][a-z0-9_]{0,39})\.py")
_SHOWN_LINES = 12
_SHOWN_COLUMNS = 160


class EditError(ValueError):
    """An edit that does not apply. The text is written for the model that proposed it."""


def is_editable(path: str) -> bool:
    """Whether a proposal may touch `path`: the champion, or a method file with a lower_snake_case name."""
    if _EDITABLE.fullmatch(path) is None:
        return False
    name = path.rpartition("/")[2].removesuffix(".py")
    return not (keyword.iskeyword(name) or name == "conftest" or name.startswith("test_"))


def apply(sources: Mapping[str, str], edits: Sequence[Edit]) -> dict[str, str]:
    """The sources (path to text) after all edits, applied in order; EditError if one does not apply."""
    _check_size(edits)
    files = dict(sources)
    for number, edit in enumerate(edits, 1):
        where = f"edit {number} ({edit.kind} {edit.path[:100]!r})"
        _check_edit(where, edit)
        if (edit.path in files) == (edit.kind == "create"):
            _refuse_path(where, edit, files)
        if edit.kind == "delete":
            del files[edit.path]
        elif edit.kind == "create":
            files[edit.path] = edit.text
        else:
            files[edit.path] = _replaced(where, files[edit.path], edit)
    if files == dict(sources):
        raise EditError("the edits change nothing: the files are the same afterwards; propose a change")
    return files


def edits_hash(edits: Sequence[Edit]) -> str:
    """Sha256 (hex) over the edits as they were proposed."""
    rows = [asdict(edit) for edit in edits]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode("ascii")).hexdigest()


def _check_size(edits: Sequence[Edit]) -> None:
    if not edits:
        raise EditError("there are no edits; propose at least one")
    if len(edits) > MAX_EDITS:
        raise EditError(f"{len(edits)} edits are more than {MAX_EDITS}; propose a smaller change")
    size = sum(len((edit.search + edit.text).encode("utf-8", "replace")) for edit in edits)
    if size > MAX_BYTES:
        raise EditError(f"{size} bytes of edits are more than {MAX_BYTES}; propose a smaller change")


def _check_edit(where: str, edit: Edit) -> None:
    """Refuse what is wrong with an edit whatever the files hold."""
    if not is_editable(edit.path):
        raise EditError(
            f"{where}: only {CHAMPION} and sparse_parity/methods/<lower_snake_case>.py may be edited"
        )
    for name, text in (("search", edit.search), ("text", edit.text)):
        if "\0" in text or "\r" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise EditError(
                f"{where}: `{name}` holds a NUL, a carriage return or half a surrogate pair; remove it"
            )
    if edit.kind == "replace" and not edit.search:
        raise EditError(f"{where}: `search` is empty; copy the lines to replace from the file, or use create")
    if edit.kind != "replace" and edit.search:
        raise EditError(f"{where}: {edit.kind} takes no `search`; leave it empty, or use replace")
    if edit.kind == "delete" and (edit.text or edit.path == CHAMPION):
        raise EditError(f"{where}: delete takes no `text`, and the champion cannot be deleted; use replace")


def _refuse_path(where: str, edit: Edit, files: Mapping[str, str]) -> None:
    if edit.kind == "create":
        raise EditError(f"{where}: the file exists; use replace, delete it first, or choose another name")
    names = ", ".join(sorted(files))
    raise EditError(f"{where}: there is no such file; the files are {names}")


def _replaced(where: str, text: str, edit: Edit) -> str:
    places = list(_places(text, edit.search))
    if not places:
        raise EditError(f"{where}: `search` does not occur in the file. {_nearest(text, edit.search)}")
    if len(places) > 1:
        lines = ", ".join(str(text.count("\n", 0, place) + 1) for place in places[:10])
        more = " and further ones" if len(places) > 10 else ""
        raise EditError(
            f"{where}: `search` occurs {len(places)} times, at lines {lines}{more}; "
            f"add lines around it until it names one place"
        )
    return text[: places[0]] + edit.text + text[places[0] + len(edit.search) :]


def _places(text: str, search: str) -> Iterator[int]:
    """Every position of `search`, overlapping ones included."""
    place = text.find(search)
    while place >= 0:
        yield place
        place = text.find(search, place + 1)


def _nearest(text: str, search: str) -> str:
    """The lines of `text` most like `search`, numbered, with the advice that goes with them."""
    lines = text.split("\n")
    wanted = search.strip("\n").split("\n")[:_SHOWN_LINES]
    starts = range(max(1, len(lines) - len(wanted) + 1))
    windows = ["\n".join(lines[start : start + len(wanted)])[:2000] for start in starts]
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2("\n".join(wanted)[:2000])

    def likeness(start: int, *, quick: bool) -> float:
        matcher.set_seq1(windows[start])
        return matcher.quick_ratio() if quick else matcher.ratio()

    # The exact ratio is quadratic in the length, so only the most likely windows get it.
    likely = heapq.nlargest(5, starts, key=lambda start: likeness(start, quick=True))
    best = max(likely, key=lambda start: likeness(start, quick=False))
    shown = lines[best : best + len(wanted)]
    listing = "\n".join(f"{best + i + 1:5d} | {line[:_SHOWN_COLUMNS]}" for i, line in enumerate(shown))
    same = "".join(windows[best].split()) == "".join("\n".join(wanted)[:2000].split())
    hint = " They differ from it in white space only." if same else ""
    return f"The nearest lines are:\n{listing}\nCopy the text exactly, without the line numbers.{hint}"
