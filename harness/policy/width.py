"""How many values an expression keeps waiting: registers that have no name.

Promises: `waiting` gives the most values of one statement that were computed and wait while another is computed;
names, literals and lists do not wait, for they lie elsewhere. Elements of a list display are written as they are made.
Does not cover: names (`policy.body` counts them), and the place that each loop keeps in the list it goes through: at
most one for each `for` in the source.
"""

import ast
from collections.abc import Iterable

_AT_REST = (ast.Name, ast.Constant, ast.List, ast.ListComp, ast.Dict, ast.GeneratorExp)


def waiting(node: ast.AST) -> int:
    """The most values that wait at once while `node`, a statement's expression or a part of one, is evaluated."""
    if isinstance(node, ast.BinOp) and any(isinstance(side, ast.List) for side in (node.left, node.right)):
        return _one_after_another([*_elements(node.left), *_elements(node.right)])  # [a, b] * n
    if isinstance(node, ast.BoolOp | ast.IfExp | ast.List | ast.ListComp | ast.GeneratorExp | ast.comprehension):
        return max(map(waiting, ast.iter_child_nodes(node)), default=0)
    return _one_after_another(ast.iter_child_nodes(node))


def statement_waiting(node: ast.stmt) -> int:
    """As `waiting`, for a statement without the statements in it. A tuple waits while it is taken apart."""
    parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    if isinstance(node, ast.Assign):
        parts = [node.value, *node.targets]
        if isinstance(node.targets[0], ast.Tuple) and not isinstance(node.value, ast.Tuple):
            return max(len(node.targets[0].elts), *map(waiting, parts))
    if isinstance(node, ast.For):
        return max(waiting(node.iter), waiting(node.target))
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
    if isinstance(node, _AT_REST) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return 0
    return int(isinstance(node, ast.expr))


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List) else [node]
