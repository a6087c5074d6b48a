"""Turns candidate source into code whose every list and record is traced.

Promises: the rewritten program computes the same values as the source does in CPython, and every list display,
comprehension, record and container-making builtin goes through the meter; integers stay within 64 bits wherever a
local variable is assigned. Hand-placed tracker calls are removed: neither they nor their arguments are evaluated.
Does not cover: what the source may say. That is `policy`, which must have passed first.
"""

import ast
import builtins
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness import memory_trace
from harness.float_names import GROWING, float_names, is_float
from harness.plain_form import simplify

Namespace = dict[str, Any]

# Operators whose result can need more bits than their operands have together a bounded number of.
_UNBOUNDED = {ast.Pow: "_power", ast.LShift: "_shift"}
_TO_INTEGER = {"floor", "ceil", "trunc"}
_PLAIN_BUILTINS: tuple[str, ...] = ("abs", "any", "all", "bool", "enumerate", "float", "len")
_PLAIN_BUILTINS += ("max", "min", "range", "reversed", "sum", "zip")


def load(
    modules: Mapping[str, str], meter: Any, trees: Mapping[str, ast.Module] = MappingProxyType({})
) -> dict[str, Namespace]:
    """Compile and execute candidate modules over `meter`; return the namespace of each.

    Args:
        modules: dotted module name to source. A module may import from the others, in any order without a cycle.
        meter: a memory_trace.Meter, or anything with the same methods.
        trees: what to compile instead of a module's source, for a profile: `marks.mark` makes them.

    Raises:
        ImportError: an import names a module or a function that is not there, or imports form a cycle.
    """
    parsed = {name: trees.get(name) or ast.parse(text, filename=f"{name}.py") for name, text in modules.items()}
    loaded: dict[str, Namespace] = {}
    for name in parsed:
        _load_module(name, parsed, meter, loaded, [])
    return loaded


def _load_module(
    name: str, modules: Mapping[str, ast.Module], meter: Any, loaded: dict[str, Namespace], importing: list[str]
) -> Namespace:
    if name in loaded:
        return loaded[name]
    if name in importing or name not in modules:
        why = "imports form a cycle" if name in importing else "no such module"
        raise ImportError(f"cannot import {name!r}: {why}")
    tree = modules[name]
    namespace = _base_namespace(name, meter)
    body = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            source = _load_module(statement.module or "", modules, meter, loaded, [*importing, name])
            namespace |= _imported(statement, source)
        elif not isinstance(statement, ast.Import):
            body.append(statement)
    tree.body = body
    exec(compile(rewritten(tree), f"{name}.py", "exec", dont_inherit=True), namespace)  # noqa: S102 - in the worker only
    loaded[name] = namespace
    return namespace


def _imported(statement: ast.ImportFrom, source: Namespace) -> Namespace:
    missing = [alias.name for alias in statement.names if alias.name not in source]
    if missing:
        raise ImportError(f"cannot import name {missing[0]!r} from {statement.module!r}")
    return {alias.asname or alias.name: source[alias.name] for alias in statement.names}


def _base_namespace(name: str, meter: Any) -> Namespace:
    known = {plain: getattr(builtins, plain) for plain in _PLAIN_BUILTINS}
    known |= {"list": meter.listed, "sorted": meter.sorted_list, "int": _integer, "round": _rounded}
    return {
        "__name__": name,
        "__builtins__": known,
        "math": math,
        "_open": meter.open,
        "_put": meter.put,
        "_close": meter.close,
        "_fill": meter.fill,
        "_record": meter.record,
        "_number": memory_trace.check_register,
        "_start": _start,
        "_power": _power,
        "_shift": _shift,
        **{mark: getattr(meter, mark[1:], None) for mark in ("_at", "_back", "_hold")},  # of a profile
    }


def rewritten(tree: ast.Module) -> ast.Module:
    """The traced form of a module's syntax tree. Line numbers stay, so that errors name the author's lines."""
    _Tracing().visit(simplify(tree))
    return ast.fix_missing_locations(tree)


def _integer(value: Any = 0) -> Any:
    return memory_trace.check_register(int(value))


def _rounded(value: Any, digits: Any = None) -> Any:
    return memory_trace.check_register(round(value, digits))


def _start(number: Any) -> Any:
    """Where `enumerate` begins: so far within 64 bits that no list is long enough to count beyond them."""
    if not -(2**62) <= number <= 2**62:
        raise OverflowError("a number of at most 64 bits is needed: begin to count at a smaller one")
    return number


def _power(base: Any, exponent: Any) -> Any:
    """`base ** exponent`; an integer result beyond 64 bits is refused before it is computed."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 64:
        raise OverflowError("a number of at most 64 bits is needed: write float(base) ** exponent")
    value = memory_trace.check_register(base**exponent)
    if type(value) is complex:
        raise ValueError("a negative number to a fractional power is no real number: write abs(base) ** exponent")
    return value


def _shift(value: int, places: int) -> Any:
    """`value << places`; a result beyond 64 bits is refused before it is computed."""
    if places > 64:
        raise OverflowError("a number of at most 64 bits is needed: shift by less")
    return memory_trace.check_register(value << places)


def _call(name: str, *args: ast.expr, at: ast.AST) -> ast.Call:
    call = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(args), keywords=[])
    return ast.copy_location(call, at)


def _is_tracker_call(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
        and isinstance(statement.value.func.value, ast.Name)
        and statement.value.func.value.id == "tracker"
    )


def _is_simple(element: ast.expr) -> bool:
    """Whether evaluating the element cannot access a cell, so that no access falls between two births."""
    operand = element.operand if isinstance(element, ast.UnaryOp) else element
    return isinstance(operand, ast.Constant | ast.Name)


class _Tracing(ast.NodeTransformer):
    """Rewrites one module."""

    def __init__(self) -> None:
        self.floats: frozenset[str] = frozenset()

    # -- functions and their bodies -------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.floats = float_names(node)
        for arg in node.args.args:
            arg.annotation = None
        numbers = (ast.Constant, ast.UnaryOp)
        node.args.defaults = [d if isinstance(d, numbers) else ast.Constant(value=None) for d in node.args.defaults]
        node.returns = None
        self.generic_visit(node)
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("body", "orelse"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                kept = [s for s in statements if not _is_tracker_call(s)]
                if not kept and statements:
                    kept = [ast.copy_location(ast.Pass(), statements[0])]
                setattr(node, field, kept)
        return super().generic_visit(node)

    # -- containers -----------------------------------------------------------------------------------------------

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        if all(_is_simple(e) for e in node.elts):
            return _call("_fill", ast.Tuple(elts=node.elts, ctx=ast.Load()), ast.Constant(value=1), at=node)
        puts = ast.Tuple(elts=[_call("_put", e, at=e) for e in node.elts], ctx=ast.Load())
        return _call("_close", _call("_open", at=node), puts, at=node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        self.generic_visit(node)
        node.elt = _call("_put", node.elt, at=node.elt)
        return _call("_close", _call("_open", at=node), node, at=node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        names = ast.Tuple(elts=[k for k in node.keys if k is not None], ctx=ast.Load())
        return _call("_record", names, *node.values, at=node)

    # -- numbers --------------------------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List) != isinstance(node.right, ast.List):
            return self._filled(node)
        self.generic_visit(node)
        for operator, name in _UNBOUNDED.items():
            if isinstance(node.op, operator):
                return _call(name, node.left, node.right, at=node)
        return node

    def _filled(self, node: ast.BinOp) -> ast.Call:
        """`[a, b] * n`, or `n * [a, b]`: the operands are evaluated in the order in which they are written."""
        is_left = isinstance(node.left, ast.List)
        display, times = (node.left, node.right) if is_left else (node.right, node.left)
        assert isinstance(display, ast.List)
        values = ast.Tuple(elts=[self.visit(e) for e in display.elts], ctx=ast.Load())
        given = [ast.keyword(arg="values", value=values), ast.keyword(arg="times", value=self.visit(times))]
        call = _call("_fill", at=node)
        call.keywords = given if is_left else given[::-1]
        return call

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TO_INTEGER:
            return _call("_number", node, at=node)
        if isinstance(node.func, ast.Name):
            node.args = [self._checked(a) for a in node.args]
            for keyword in node.keywords:
                keyword.value = self._checked(keyword.value)
            if node.func.id == "enumerate" and node.keywords:  # start=, which nothing else may be
                node.args.append(node.keywords.pop().value)
            if node.func.id == "enumerate" and len(node.args) > 1:
                node.args[1] = _call("_start", node.args[1], at=node.args[1])
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Tuple):
            node.value.elts = [self._checked(e) for e in node.value.elts]
        elif node.value is not None:
            node.value = self._checked(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        checked = isinstance(node.targets[0], ast.Name) and self._may_grow(node.value)
        self.generic_visit(node)
        if checked:
            node.value = _call("_number", node.value, at=node.value)
        elif isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            node.value.elts = [self._checked(e) for e in node.value.elts]
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        node.msg = None  # the line tells
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or node.target.id in self.floats:
            return node
        name = node.target.id
        for operator, function in _UNBOUNDED.items():
            if isinstance(node.op, operator):
                value = _call(function, ast.Name(id=name, ctx=ast.Load()), node.value, at=node)
                return ast.copy_location(ast.Assign(targets=[node.target], value=value), node)
        check = ast.Expr(value=_call("_number", ast.Name(id=name, ctx=ast.Load()), at=node))
        return [node, ast.copy_location(check, node)]

    def _checked(self, value: ast.expr) -> ast.expr:
        return _call("_number", value, at=value) if self._may_grow(value) else value

    def _may_grow(self, value: ast.expr) -> bool:
        """Whether the value could be an int of more bits than any of its operands."""
        if isinstance(value, ast.BinOp):
            if isinstance(value.op, GROWING):
                return not is_float(value, self.floats)
            if isinstance(value.op, ast.FloorDiv) and not isinstance(value.right, ast.Constant):
                return True  # -(2 ** 63) // -1
            return not isinstance(value.op, ast.Div) and (self._may_grow(value.left) or self._may_grow(value.right))
        if isinstance(value, ast.IfExp):
            return self._may_grow(value.body) or self._may_grow(value.orelse)
        if isinstance(value, ast.UnaryOp):
            if isinstance(value.op, ast.USub) and not isinstance(value.operand, ast.Constant):
                return not is_float(value.operand, self.floats)  # -(-(2 ** 63)): from there, | grows without end
            return self._may_grow(value.operand)
        return isinstance(value, ast.Call | ast.BoolOp)
