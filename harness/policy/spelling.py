"""How names are spelled: what a candidate may call its functions, locals and fields.

Does not cover: what a name stands for (`policy.names`).
"""

import builtins
import keyword
import re

MAX_NAME = 40  # names come back in error messages: long ones would carry text
TRACED = frozenset(  # what `rewrite` puts in, and its names for it
    ("_open", "_put", "_close", "_fill", "_record", "_number", "_start", "_power", "_shift", "_at", "_back", "_hold")
)

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*", re.ASCII)
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)


def unfit_name(name: str) -> tuple[str, str] | None:
    """What is wrong with a name that a candidate chose, and what to write; None when nothing is."""
    if len(name) > MAX_NAME:
        what = f"the name {name[:12]}... has {len(name)} letters, names are no text"
        return what, f"a name of at most {MAX_NAME} letters"
    if not _NAME.fullmatch(name) or name in TRACED:
        what = f"the name {name!r} is not allowed, the harness keeps such names"
        return what, name.strip("_") or "another name"
    if hasattr(builtins, name):
        return (
            f"the name {name!r} hides a builtin, builtins keep their meaning",
            f"{name}_value or another name",
        )
    return None


def is_label(text: object) -> bool:
    """Whether `text` can name a field of a record or a buffer of the tracker."""
    return isinstance(text, str) and bool(LABEL.fullmatch(text)) and not keyword.iskeyword(text)
