"""How many values statements keep: registers that have no name.

Promises: `busiest` gives the most values of one function that were computed and wait while another is computed, and
that loops keep while their bodies run: each its place, a range its stop and step too, `enumerate` its count; `sum`,
`max` and `min` what they have so far. Names, literals and lists do not wait, for they lie elsewhere. Elements of a list
display are written as they are made.
Does not cover: names (`policy.body` counts them).
"""

import ast
from collections.abc import Iterable, Sequence

_AT_REST = (ast.Name, ast.Constant, ast.List, ast.ListComp, ast.Dict, ast.GeneratorExp)
_WITH_A_RESULT = ("max", "min", "sum")  # while a generator runs, they hold what they have so far

Comprehension = ast.ListComp | ast.GeneratorExp


def busiest(body: Sequence[ast.stmt], held: int = 0) -> tuple[int, ast.stmt]:
    """The most values that are kept at once in a block, and the statement where; loops around it keep `held`."""
    found = []
    for node in body:
        inside = held + loop_holds(node.iter) if isinstance(node, ast.For) else held
        found.append((inside + statement_waiting(node), node))
        for block in (getattr(node, "body", []), getattr(node, "orelse", [])):
            found += [busiest(block, inside)] if block else []
    return max(found, key=lambda each: each[0])


def loop_holds(node: ast.expr) -> int:
    """How many values a loop over `node` keeps while its body runs: nested without end, they would be a stack."""
    return 1 + _numbers_of(node)


def _numbers_of(node: ast.expr) -> int:
    """The numbers, not literals, in the iterators that a loop makes. Where a range starts is its place."""
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    if not isinstance(node, ast.Call) or name not in ("zip", "enumerate", "reversed", "range"):
        return 0
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if name == "range":
        return len([part for part in (given[1:] or given) if not isinstance(part, ast.Constant)])
    starts = len([part for part in given[1:] if not isinstance(part, ast.Constant)]) if name == "enumerate" else 0
    ranges = sum(name == "zip" and _is_range(part) for part in given)  # each has a place of its own
    return starts + ranges + sum(map(_numbers_of, given[:1] if name == "enumerate" else given))


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"


def waiting(node: ast.AST) -> int:
    """The most values that wait at once while `node`, a statement's expression or a part of one, is evaluated."""
    if isinstance(node, ast.BinOp) and any(isinstance(side, ast.List) for side in (node.left, node.right)):
        return _one_after_another([*_elements(node.left), *_elements(node.right)])  # [a, b] * n
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return _comprehension_waiting(node)
    if isinstance(node, ast.BoolOp | ast.IfExp | ast.List):
        return max(map(waiting, ast.iter_child_nodes(node)), default=0)
    if _is_running_result(node):
        return 1 + _one_after_another(ast.iter_child_nodes(node))
    return _one_after_another(ast.iter_child_nodes(node))


def _is_running_result(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _WITH_A_RESULT
        and any(isinstance(part, ast.GeneratorExp) for part in node.args)
    )


def _comprehension_waiting(node: Comprehension) -> int:
    """Each `for` in it holds its iterator while those after it run."""
    most = held = 0
    for part in node.generators:
        most = max(most, held + waiting(part.iter))
        held += loop_holds(part.iter)
        most = max(most, held + max(map(waiting, part.ifs), default=0))
    return max(most, held + waiting(node.elt))


def statement_waiting(node: ast.stmt) -> int:
    """As `waiting`, for a statement without the statements in it. A tuple waits while it is taken apart."""
    parts: list[ast.AST] = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    if isinstance(node, ast.Assign):
        parts = [node.value, *node.targets]
        if isinstance(node.targets[0], ast.Tuple) and not isinstance(node.value, ast.Tuple):
            return max(len(node.targets[0].elts), *map(waiting, parts))
    if isinstance(node, ast.For):
        return max(waiting(node.iter), waiting(node.target))
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
        parts = [node.target.value, node.target.slice]  # the index, and what lies there, wait for the value
        return max(_one_after_another(parts), sum(map(_results, parts)) + 1 + waiting(node.value))
    return _one_after_another(parts)


def _one_after_another(parts: Iterable[ast.AST]) -> int:
    """Evaluated in turn: what is computed waits until all are."""
    most = kept = 0
    for part in parts:
        most = max(most, kept + waiting(part))
        kept += _results(part)
    return most


def _results(node: ast.AST) -> int:
    if isinstance(node, ast.Tuple):
        return sum(map(_results, node.elts))
    if isinstance(node, ast.keyword):
        return _results(node.value)
    if isinstance(node, _AT_REST) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return 0
    return int(isinstance(node, ast.expr))


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List) else [node]
