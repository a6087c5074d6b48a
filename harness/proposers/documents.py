"""Reading YAML and JSON that a person wrote: strictly, with one clear line when it is wrong.

Promises: a missing file, broken syntax and a key given twice are BadInputErrors that name the file and the
line.
Does not cover: what the documents mean; the callers check fields.
"""

import json
from pathlib import Path
from typing import Any

from harness import strict_yaml
from harness.errors import BadInputError


def read_text(path: Path, what: str) -> str:
    """The text of `path`, which is `what` in the error of a file that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path}: {what} is missing; restore the file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: {what} cannot be read ({error}); mend the file") from None


def read_yaml(path: Path, what: str) -> list[Any]:
    """The YAML documents of `path`, in order; an empty file has none."""
    return strict_yaml.parse(read_text(path, what), str(path))


def read_json_lines(path: Path, what: str) -> list[tuple[int, object]]:
    """The JSON documents of `path`, one a line, with their line numbers; empty lines are skipped."""
    documents = []
    for number, line in enumerate(read_text(path, what).splitlines(), start=1):
        if line.strip():
            documents.append((number, _parse_line(path, number, line)))
    return documents


def _parse_line(path: Path, number: int, line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: line {number}: not JSON ({error}); one document a line") from None
