"""Reading and rewriting the two assignments of sparse_parity/champion.py, as text.

Promises: the file is parsed as literals, never executed; a rewrite changes values in place and leaves every
other character of the block (comments, order, layout) alone; `read_block` reads back what `rewrite_block`
wrote.
Does not cover: champions whose hyperparameters are not plain literals; those are not read at all.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float
PATH = "sparse_parity/champion.py"
NAMES = ("METHOD", "HYPERPARAMETERS")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What champion.py says: the method and the hyperparameters, in the file's order."""

    method: str
    hyperparameters: tuple[tuple[str, Value], ...]

    def as_mapping(self) -> dict[str, Value]:
        """The hyperparameters by name, with the method under `method`."""
        return {"method": self.method, **dict(self.hyperparameters)}


@dataclass(frozen=True, slots=True)
class _Span:
    """One literal: byte offsets into the text, and its value."""

    start: int
    end: int
    value: Value


def read_block(text: str) -> Configuration | None:
    """The configuration that `text`, a champion.py or the block of its two assignments, gives; None when it
    gives none.
    """
    try:
        spans = _find_literals(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    method = spans.pop("method", None)
    if method is None or not isinstance(method.value, str):
        return None
    return Configuration(method.value, tuple((name, span.value) for name, span in spans.items()))


def find_block(source: str) -> str:
    """The lines of `source` from the first of the two assignments to the last.

    The whole source where these lines stand twice, in a docstring say: an edit needs one place.
    Raises ValueError when an assignment is missing.
    """
    statements = list(_assignments(ast.parse(source)).values())
    lines = [line + "\n" for line in source.split("\n")]
    lines[-1] = lines[-1][:-1]
    first = min(statement.lineno for statement in statements) - 1
    last = max(statement.end_lineno or statement.lineno for statement in statements)
    block = "".join(lines[first:last])
    return block if source.count(block) == 1 else source


def rewrite_block(block: str, values: Mapping[str, Value]) -> str:
    """`block` with the literals of `values` (`method` and hyperparameters by name) put in place."""
    encoded = block.encode()
    spans = _find_literals(block)
    for name, span in sorted(spans.items(), key=lambda item: -item[1].start):
        if name in values and _differs(values[name], span.value):
            encoded = encoded[: span.start] + render_value(values[name]).encode() + encoded[span.end :]
    return encoded.decode()


def render_value(value: Value) -> str:
    """The Python literal: text in double quotes, floats with as many digits as they have."""
    return (
        '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)
    )


def _differs(new: Value, old: Value) -> bool:
    return new != old or type(new) is not type(old)


def _find_literals(text: str) -> dict[str, _Span]:
    if "\r" in text:
        raise ValueError("carriage returns: ast counts them as line ends, and an edit may not")
    statements = _assignments(ast.parse(text))
    starts = _line_starts(text)
    table = statements["HYPERPARAMETERS"].value
    if not isinstance(table, ast.Dict):
        raise ValueError("HYPERPARAMETERS is not a dict literal")  # noqa: TRY004 - callers catch one type
    method = statements["METHOD"].value
    assert method is not None
    spans = {"method": _span(method, starts)}
    for key, value in zip(table.keys, table.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise ValueError("a key of HYPERPARAMETERS is not text")  # noqa: TRY004 - callers catch one type
        spans[key.value] = _span(value, starts)
    return spans


def _assignments(module: ast.Module) -> dict[str, ast.Assign | ast.AnnAssign]:
    found: dict[str, ast.Assign | ast.AnnAssign] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target = statement.target
        else:
            continue
        if isinstance(target, ast.Name) and target.id in NAMES:
            found[target.id] = statement
    for name in NAMES:
        if name not in found:
            raise ValueError(f"{name} = ... is missing")
    return found


def _line_starts(text: str) -> list[int]:
    """Byte offset of each line; ast counts columns in UTF-8 bytes, and its lines end as Python's do."""
    starts = [0]
    for line in text.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _span(node: ast.expr, starts: list[int]) -> _Span:
    value = ast.literal_eval(node)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a value is neither text nor a number")  # noqa: TRY004 - callers catch one type
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return _Span(
        starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset, value
    )
