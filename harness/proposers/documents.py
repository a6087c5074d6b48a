"""Reading YAML and JSON that a person wrote: strictly, with one clear line when it is wrong.

Promises: a missing file, broken syntax and a key given twice are BadInputErrors that name the file and the
line.
Does not cover: what the documents mean; the callers check fields.
"""

import json
from collections.abc import Hashable
from pathlib import Path

import yaml

from harness.errors import BadInputError


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML in which a key stands once. PyYAML keeps the last of two without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is given twice", node.value[index][0].start_mark
                )
        return super().construct_mapping(node, deep)


def read_text(path: Path, what: str) -> str:
    """The text of `path`, which is `what` in the error of a file that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path}: {what} is missing; restore the file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: {what} cannot be read ({error}); mend the file") from None


def read_yaml(path: Path, what: str) -> list[object]:
    """The YAML documents of `path`, in order; an empty file has none."""
    text = read_text(path, what)
    try:
        documents = list(yaml.load_all(text, Loader=_StrictLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadInputError(f"{path}: line {line}: not YAML ({error.problem}); mend the syntax") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadInputError(f"{path}: not YAML ({' '.join(str(error).split())}); mend the syntax") from None
    return [document for document in documents if document is not None]


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
