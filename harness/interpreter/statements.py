"""What statements mean, and how a block of them ends.

Does not cover: expressions; what stands at the top level of a module (`program`).
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.interpreter.builtin import IN_PLACE
from harness.interpreter.expressions import assign, is_true, place_of, value_of
from harness.interpreter.machine import Frame, InterpreterError, checked


@dataclass(frozen=True, slots=True)
class End:
    """Why a block ended before its last statement: `return` with a value, `break`, or `continue`."""

    why: str
    value: Any = None


def run_block(frame: Frame, body: Sequence[ast.stmt]) -> End | None:
    """Run statements in order; None when the last one was reached."""
    for node in body:
        frame.machine.spend()
        run = STATEMENTS.get(type(node))
        if run is None:
            raise InterpreterError(f"{type(node).__name__} has no meaning here")
        end = run(frame, node)
        if end is not None:
            return end
    return None


def _pass(_frame: Frame, _node: ast.Pass) -> None:
    """Nothing."""


def _leave_loop(_frame: Frame, _node: ast.Break) -> End:
    return End("break")


def _next_round(_frame: Frame, _node: ast.Continue) -> End:
    return End("continue")


def _give(frame: Frame, node: ast.Return) -> End:
    if node.value is None:
        return End("return")
    if isinstance(node.value, ast.Tuple):
        return End("return", tuple([checked(value_of(frame, part)) for part in node.value.elts]))
    return End("return", checked(value_of(frame, node.value)))


def _evaluate(frame: Frame, node: ast.Expr) -> None:
    if not _is_of_tracker(node.value):
        value_of(frame, node.value)


def _is_of_tracker(node: ast.expr) -> bool:
    """Whether this is a hand-placed call of the tracker, which means nothing here."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = node.func.value
    return isinstance(owner, ast.Name) and owner.id == "tracker"


def _assign(frame: Frame, node: ast.Assign) -> None:
    if isinstance(node.value, ast.Tuple):
        value: Any = tuple([checked(value_of(frame, part)) for part in node.value.elts])
    else:
        value = value_of(frame, node.value)
    for target in node.targets:
        assign(frame, target, value)


def _annotate(frame: Frame, node: ast.AnnAssign) -> None:
    """As a plain assignment: the annotation means nothing."""
    if node.value is None:
        raise InterpreterError("an annotation without a value has no meaning here")
    assign(frame, node.target, value_of(frame, node.value))


def _demand(frame: Frame, node: ast.Assert) -> None:
    if not is_true(frame, node.test):
        raise AssertionError(f"line {node.lineno}")


def _augment(frame: Frame, node: ast.AugAssign) -> None:
    """Place, then old value, then operand, then the store, as CPython does."""
    combine = IN_PLACE[type(node.op)]
    target = node.target
    if isinstance(target, ast.Subscript):
        held = value_of(frame, target.value)
        place = place_of(frame, target.slice)
        held[place] = combine(held[place], value_of(frame, node.value))
    elif isinstance(target, ast.Name):
        frame.bind(target.id, combine(frame.look_up(target.id), value_of(frame, node.value)))
    else:
        raise InterpreterError(f"{type(target).__name__} cannot be assigned to")


def _loop(frame: Frame, node: ast.For) -> End | None:
    items = iter(value_of(frame, node.iter))
    for item in items:
        assign(frame, node.target, item)
        del item
        end = run_block(frame, node.body)
        if end is not None and end.why == "break":
            return None
        if end is not None and end.why == "return":
            return end
    del items  # before the `else`: what was iterated over may die here
    return run_block(frame, node.orelse)


def _repeat(frame: Frame, node: ast.While) -> End | None:
    while is_true(frame, node.test):
        end = run_block(frame, node.body)
        if end is not None and end.why == "break":
            return None
        if end is not None and end.why == "return":
            return end
    return run_block(frame, node.orelse)


def _branch(frame: Frame, node: ast.If) -> End | None:
    return run_block(frame, node.body if is_true(frame, node.test) else node.orelse)


STATEMENTS: Mapping[type[ast.stmt], Callable[[Frame, Any], End | None]] = {
    ast.AnnAssign: _annotate,
    ast.Assert: _demand,
    ast.Assign: _assign,
    ast.AugAssign: _augment,
    ast.Break: _leave_loop,
    ast.Continue: _next_round,
    ast.Expr: _evaluate,
    ast.For: _loop,
    ast.If: _branch,
    ast.Pass: _pass,
    ast.Return: _give,
    ast.While: _repeat,
}
