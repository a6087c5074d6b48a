"""Which local names of a function hold a float in every execution, told from its source alone.

Promises: a name that is told can hold nothing else, in a program that raises no error. Does not cover: names that
happen to hold only floats; parameters are never told.
"""

import ast

GROWING = (ast.Add, ast.Sub, ast.Mult)  # operators whose result may need more bits than any operand


def float_names(function: ast.FunctionDef) -> frozenset[str]:
    """Local names that can only hold a float: every assignment to them is one, given that the others are."""
    assignments: dict[str, list[ast.expr | None]] = {a.arg: [None] for a in function.args.args}
    for node in ast.walk(function):
        for name, value in _bindings(node):
            assignments.setdefault(name, []).append(value)
    floats = frozenset(assignments)
    while True:
        smaller = frozenset(n for n in floats if all(v is not None and is_float(v, floats) for v in assignments[n]))
        if smaller == floats:
            return floats
        floats = smaller


def _bindings(node: ast.AST) -> list[tuple[str, ast.expr | None]]:
    """Names that a node binds, each with its value; None where the value is not known to be a float."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return [(node.targets[0].id, node.value)]
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        name = ast.Name(id=node.target.id, ctx=ast.Load())
        return [(node.target.id, ast.BinOp(left=name, op=node.op, right=node.value))]
    if isinstance(node, ast.Assign | ast.For | ast.comprehension):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return [(n.id, None) for n in ast.walk(target) if isinstance(n, ast.Name)]
    return []


def is_float(value: ast.expr, floats: frozenset[str]) -> bool:
    """Whether the expression is a float in every execution (float with any number is a float)."""
    if isinstance(value, ast.Constant):
        return type(value.value) is float
    if isinstance(value, ast.Name):
        return value.id in floats
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub | ast.UAdd) and is_float(value.operand, floats)
    if isinstance(value, ast.BinOp):
        if isinstance(value.op, ast.Div):
            return True
        return isinstance(value.op, GROWING) and (is_float(value.left, floats) or is_float(value.right, floats))
    if isinstance(value, ast.IfExp):
        return is_float(value.body, floats) and is_float(value.orelse, floats)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "float"
