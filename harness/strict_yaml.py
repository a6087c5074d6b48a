"""YAML that a person wrote, read strictly: a key stands once, and what is wrong is one line that names file and line.

Does not cover: what the documents mean; the callers check fields.
"""

from collections.abc import Hashable
from typing import Any

import yaml

from harness.errors import BadInputError


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is given twice. PyYAML keeps the last of two without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                mark = node.value[index][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", mark)
        return super().construct_mapping(node, deep=deep)


def parse(text: str, file: str) -> list[Any]:
    """The documents in a file's text, in order, empty ones left out. BadInputError names `file` and the line."""
    try:
        documents = list(yaml.load_all(text, Loader=_StrictLoader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # ValueError: the 99th of a month
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise BadInputError(f"{file}{line}: not valid YAML: {problem}; mend that line") from None
    return [document for document in documents if document is not None]


def parse_one(text: str, file: str) -> Any:
    """The only document in a file's text; None when it is empty."""
    documents = parse(text, file)
    if len(documents) > 1:
        raise BadInputError(f"{file}: {len(documents)} YAML documents; keep one, without a line of ---")
    return documents[0] if documents else None
