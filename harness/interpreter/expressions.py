"""What expressions mean: one function for each kind of node, in the order in which CPython evaluates.

Temporaries are let go of as soon as CPython would, for a freed list leaves the LRU stack: hence every `del`.
Does not cover: statements, and what the builtins do (`builtin`).
"""

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.interpreter import builtin
from harness.interpreter.lists import List
from harness.interpreter.machine import Callee, Frame, InterpreterError, checked

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def value_of(frame: Frame, node: ast.expr) -> Any:
    """The value of an expression."""
    frame.machine.spend()
    try:
        evaluate = VALUES[type(node)]
    except KeyError:
        raise InterpreterError(f"{type(node).__name__} has no meaning here") from None
    return evaluate(frame, node)


def is_true(frame: Frame, node: ast.expr) -> bool:
    """The truth of a condition. As in CPython the truth of each value is asked for once."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not is_true(frame, node.operand)
    return _tested(frame, node)[1]


def _tested(frame: Frame, node: ast.expr) -> tuple[Any, bool]:
    """The value of an expression and its truth, which `and` and `or` inside have asked for already."""
    if isinstance(node, ast.IfExp):
        return _tested(frame, node.body if is_true(frame, node.test) else node.orelse)
    if not isinstance(node, ast.BoolOp):
        found = value_of(frame, node)
        return found, bool(found)
    decides = isinstance(node.op, ast.Or)
    for part in node.values[:-1]:
        pair = _tested(frame, part)
        if pair[1] == decides:
            return pair
        del pair
    return _tested(frame, node.values[-1])


def _either(frame: Frame, node: ast.BoolOp) -> Any:
    decides = isinstance(node.op, ast.Or)
    for part in node.values[:-1]:
        pair = _tested(frame, part)
        if pair[1] == decides:
            return pair[0]
        del pair
    return value_of(frame, node.values[-1])


def _name(frame: Frame, node: ast.Name) -> Any:
    return frame.look_up(node.id)


def _constant(_frame: Frame, node: ast.Constant) -> Any:
    return node.value


def _unary(frame: Frame, node: ast.UnaryOp) -> Any:
    if isinstance(node.op, ast.Not):
        return not value_of(frame, node.operand)
    return UNARY[type(node.op)](value_of(frame, node.operand))


def _binary(frame: Frame, node: ast.BinOp) -> Any:
    left, right = node.left, node.right
    if isinstance(node.op, ast.Mult) and isinstance(left, ast.List) != isinstance(right, ast.List):
        return _repeated(frame, left, right)
    first = value_of(frame, left)
    return builtin.OPERATORS[type(node.op)](first, value_of(frame, right))


def _repeated(frame: Frame, left: ast.expr, right: ast.expr) -> List:
    """`[a, b] * n` and `n * [a, b]`: the elements go into registers once, and are written n times."""
    if isinstance(left, ast.List):
        values = tuple([value_of(frame, element) for element in left.elts])
        return frame.machine.trace.fill(values, value_of(frame, right))
    times = value_of(frame, left)
    assert isinstance(right, ast.List)
    return frame.machine.trace.fill(tuple([value_of(frame, element) for element in right.elts]), times)


def _compare(frame: Frame, node: ast.Compare) -> Any:
    left = value_of(frame, node.left)
    for op, part in zip(node.ops, node.comparators, strict=True):
        right = value_of(frame, part)
        found = COMPARISONS[type(op)](left, right)
        if not found:
            return found
        left = right
        del right
    return found


def _choose(frame: Frame, node: ast.IfExp) -> Any:
    return value_of(frame, node.body if is_true(frame, node.test) else node.orelse)


def _subscript(frame: Frame, node: ast.Subscript) -> Any:
    held = value_of(frame, node.value)
    return held[place_of(frame, node.slice)]


def place_of(frame: Frame, node: ast.expr) -> Any:
    """An index, a field's name, or a slice."""
    if not isinstance(node, ast.Slice):
        return value_of(frame, node)
    bounds = [None if part is None else value_of(frame, part) for part in (node.lower, node.upper, node.step)]
    return slice(*bounds)


def _attribute(frame: Frame, node: ast.Attribute) -> float:
    owner = frame.look_up(node.value.id) if isinstance(node.value, ast.Name) else None
    if owner is not math or node.attr not in builtin.MATH_CONSTANTS:
        raise InterpreterError(f"the attribute {node.attr} has no meaning here")
    return builtin.MATH_CONSTANTS[node.attr]


# -- containers ---


def _display(frame: Frame, node: ast.List) -> List:
    trace = frame.machine.trace
    if all(_is_register(element) for element in node.elts):
        return trace.fill(tuple([value_of(frame, element) for element in node.elts]), 1)
    made = List(trace)
    for element in node.elts:
        made.append_new(value_of(frame, element))
    made.finish()
    return made


def _is_register(node: ast.expr) -> bool:
    operand = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(operand, ast.Constant | ast.Name)


def _comprehend(frame: Frame, node: ast.ListComp) -> List:
    made = List(frame.machine.trace)
    for value in _generated(frame, node):
        made.append_new(value)
        del value
    made.finish()
    return made


def _record(frame: Frame, node: ast.Dict) -> Any:
    names = tuple([str(key.value) for key in node.keys if isinstance(key, ast.Constant)])
    return frame.machine.trace.record(names, *[value_of(frame, value) for value in node.values])


def _generated(frame: Frame, node: ast.ListComp | ast.GeneratorExp) -> Iterator[Any]:
    """The values of a comprehension. Its outermost iterable is looked at at once, the rest when asked for."""
    outermost = iter(value_of(frame, node.generators[0].iter))
    return _values(Frame(frame.machine, frame.module, {}, frame), node, outermost)


def _values(frame: Frame, node: ast.ListComp | ast.GeneratorExp, outermost: Iterator[Any]) -> Iterator[Any]:
    for _ in _rounds(frame, node.generators, outermost):
        yield value_of(frame, node.elt)


def _rounds(frame: Frame, parts: list[ast.comprehension], items: Iterator[Any]) -> Iterator[None]:
    """Once for each time that the element is evaluated, with the targets bound."""
    part = parts[0]
    for item in items:
        assign(frame, part.target, item)
        del item
        if not all(is_true(frame, condition) for condition in part.ifs):
            continue
        if len(parts) == 1:
            yield
        else:
            yield from _rounds(frame, parts[1:], iter(value_of(frame, parts[1].iter)))


def assign(frame: Frame, target: ast.expr, value: Any) -> None:
    """Put a value into a name, a place of a container, or the parts of a tuple of targets."""
    if isinstance(target, ast.Name):
        frame.bind(target.id, value)
    elif isinstance(target, ast.Subscript):
        held = value_of(frame, target.value)
        held[place_of(frame, target.slice)] = value
    elif isinstance(target, ast.Tuple):
        _unpack(frame, target, value)
    else:
        raise InterpreterError(f"{type(target).__name__} cannot be assigned to")


def _unpack(frame: Frame, target: ast.Tuple, value: Any) -> None:
    parts = [part for part in value]  # noqa: C416 - list() would ask for the length first, which counts
    if len(parts) != len(target.elts):
        raise ValueError(f"{len(parts)} values for {len(target.elts)} names")
    parts.reverse()
    for part in target.elts:
        assign(frame, part, parts.pop())


# -- calls ---


def _call(frame: Frame, node: ast.Call) -> Any:
    func = node.func
    if isinstance(func, ast.Attribute):
        return _call_method(frame, node, func)
    if not isinstance(func, ast.Name):
        raise InterpreterError(f"{type(func).__name__} cannot be called")
    if func.id in frame.module:
        callee: Callee = frame.module[func.id]
        return callee.call(_arguments(frame, node, callee))
    known = frame.machine.builtins.get(func.id)
    if known is None:
        raise InterpreterError(f"{func.id} cannot be called")
    arguments, keywords = _plain_arguments(frame, node)
    return builtin.narrowed(known(*arguments, **keywords))


def _arguments(frame: Frame, node: ast.Call, callee: Callee) -> dict[str, Any]:
    """The callee's locals. Nobody but the callee holds the dictionary afterwards, nor what is in it."""
    names: dict[str, Any] = {}
    for name, argument in zip(callee.parameters, node.args, strict=False):
        names[name] = _handed(frame, argument)
    for keyword in node.keywords:
        names[keyword.arg or ""] = _handed(frame, keyword.value)
    return names


def _handed(frame: Frame, node: ast.expr) -> Any:
    """An argument: a value, or one of those that the harness hands in."""
    if isinstance(node, ast.Name) and node.id in ("hp", "rng", "tracker", "NO_TRACKER"):
        return frame.look_up(node.id)
    return checked(value_of(frame, node))


def _plain_arguments(frame: Frame, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
    arguments = []
    for part in node.args:
        is_generator = isinstance(part, ast.GeneratorExp)
        arguments.append(_generated(frame, part) if is_generator else value_of(frame, part))  # type: ignore[arg-type]
    return arguments, {keyword.arg or "": value_of(frame, keyword.value) for keyword in node.keywords}


def _call_method(frame: Frame, node: ast.Call, func: ast.Attribute) -> Any:
    owner = frame.look_up(func.value.id) if isinstance(func.value, ast.Name) else value_of(frame, func.value)
    method = builtin.method_of(owner, func.attr)
    arguments, keywords = _plain_arguments(frame, node)
    return builtin.narrowed(method(*arguments, **keywords))


VALUES: Mapping[type[ast.expr], Callable[[Frame, Any], Any]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _either,
    ast.Compare: _compare,
    ast.IfExp: _choose,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _display,
    ast.ListComp: _comprehend,
    ast.Dict: _record,
}
