"""What may stand inside a candidate's functions: statements, local names and returns.

Promises: `read_body` reaches every node of a function, and a statement that no rule here names is refused.
Does not cover: expressions (`policy.values`); calls that lead back to their function, which `policy` finds.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.policy.names import (
    RESERVED,
    UNFIT_TYPE,
    Function,
    Refusal,
    Symbol,
    is_plain_type,
    is_text,
    returned_width,
)
from harness.policy.spelling import unfit_name
from harness.policy.values import (
    REPORTED,
    read_call,
    read_iteration,
    read_list_method,
    read_subscript,
    read_value,
)
from harness.policy.width import busiest
from harness.policy.words import ACTIONS, MAX_REGISTERS, Reader, kind


@dataclass(frozen=True, slots=True)
class Reading:
    """What one function says. `calls` holds the line of the first call of each function, by path and name.

    `registers` is how many values it holds at once: its names, and what its widest statement keeps waiting.
    """

    refusals: tuple[Refusal, ...]
    line: int
    calls: Mapping[tuple[str, str], int]
    registers: int


def read_body(function: Function, names: Mapping[str, Symbol]) -> Reading:
    """Check the body of `function`; `names` are its module's names, imports already followed."""
    node = function.node
    reader = Reader(function, names)
    _read_locals(reader, node)
    _block(reader, node.body[1:] if is_text(node.body[0]) else node.body)
    _read_returns(reader, node)
    registers = _count_registers(reader, node)
    return Reading(tuple(reader.refusals), node.lineno, reader.calls, registers)


def _count_registers(reader: Reader, node: ast.FunctionDef) -> int:
    """How many values the function holds at once; refuses too many."""
    names = len(reader.registers)
    kept, widest = busiest(node.body)
    count = names + kept
    if names > MAX_REGISTERS:
        what = f"{node.name} has {names} local names of at most {MAX_REGISTERS}, registers are not memory"
        reader.refuse(node, what, "a list, or two functions")
    elif count > MAX_REGISTERS:
        what = f"{kept} values wait here beside {names} names, of at most {MAX_REGISTERS} together"
        reader.refuse(widest, f"{what}, registers are not memory", "smaller steps, or a list and a loop")
    return count


def _read_locals(reader: Reader, node: ast.FunctionDef) -> None:
    """Collect the locals as Python does, and refuse names that are taken."""
    targets = [found.target for found in ast.walk(node) if isinstance(found, ast.comprehension)]
    inner = {id(part) for target in targets for part in ast.walk(target)}
    stores = [
        part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]
    found = {*reader.function.parameters, *(part.id for part in stores if id(part) not in inner)}
    reader.scopes.append(found)
    reader.registers |= {(0, name) for name in found}
    for name in reader.function.parameters:
        if name in reader.names and name not in RESERVED:
            reader.refuse(node, f"the parameter {name!r} hides a name of the module", "another name")
    for name, line in sorted(_first_lines(stores).items()):
        _read_store(reader, name, line)


def _read_store(reader: Reader, name: str, line: ast.Name) -> None:
    if name in RESERVED:
        reader.refuse(line, f"assigning to {name!r} is not allowed, the harness hands it in", "another name")
    elif name in reader.names:
        reader.refuse(line, f"the local {name!r} hides a name of the module", "another name")
    elif name != "_" and (found := unfit_name(name)):
        reader.refuse(line, *found)


def _read_returns(reader: Reader, node: ast.FunctionDef) -> None:
    """One function returns one shape, always: None and tuples of odd lengths are not values."""
    returns = [part for part in ast.walk(node) if isinstance(part, ast.Return)]
    for part in returns:
        if returned_width(part) != reader.function.returns:
            reader.refuse(part, f"{node.name} returns different shapes, a call has one meaning", "one shape")
    if reader.function.returns and not _ends(node.body):
        what = f"{node.name} can end without its return, None is not a value"
        reader.refuse(node.body[-1], what, "a return as its last statement")


# -- statements ---


def _block(reader: Reader, body: Sequence[ast.stmt]) -> None:
    for node in body:
        handler = _STATEMENTS.get(type(node))
        if handler is None:
            reader.refuse_node(node)
        else:
            handler(reader, node)


def _skip(reader: Reader, _node: ast.stmt) -> None:
    """pass, break and continue carry nothing."""


def _assign(reader: Reader, node: ast.Assign) -> None:
    target = node.targets[0]
    if len(node.targets) > 1 and not all(isinstance(part, ast.Name) for part in node.targets):
        reader.refuse(node, "this chained assignment is not allowed, only names are chained", "two assignments")
    elif isinstance(target, ast.Tuple):
        _unpack(reader, target, node.value)
    else:
        _target(reader, target, may_slice=True)
        read_value(reader, node.value)


def _unpack(reader: Reader, target: ast.Tuple, value: ast.expr) -> None:
    for part in target.elts:
        _target(reader, part)
    width = len(target.elts)
    if width > 1 and isinstance(value, ast.Tuple) and len(value.elts) == width:
        for part in value.elts:
            read_value(reader, part)
    elif width < 2 or isinstance(value, ast.Tuple):
        what = f"unpacking this into {width} names is not allowed, the lengths differ"
        reader.refuse(value, what, "as many names as values, at least two")
    elif not isinstance(value, ast.Call):
        read_value(reader, value)  # a list: its elements are read one by one
    elif (given := read_call(reader, value)) not in (1, width, REPORTED):
        what = f"this call returns {given or 'no'} values and {width} names take them, the lengths differ"
        reader.refuse(value, what, f"{given} names" if given else "the call on its own line")


def _target(reader: Reader, node: ast.expr, *, may_slice: bool = False) -> None:
    if isinstance(node, ast.Name):
        return  # read_store has seen it
    if not isinstance(node, ast.Subscript):
        reader.refuse(node, f"assigning to {kind(node)} is not allowed", 'a name, xs[i] or state["name"]')
    elif isinstance(node.value, ast.Name) and node.value.id == "hp":
        reader.refuse(
            node, "assigning to hp is not allowed, hyperparameters are read-only", 'state["name"] = ...'
        )
    elif isinstance(node.slice, ast.Slice) and not may_slice:
        reader.refuse(node, "assigning to a slice here is not allowed", "xs[a:b] = ys on its own, or a loop")
    else:
        read_subscript(reader, node)


def _augment(reader: Reader, node: ast.AugAssign) -> None:
    _target(reader, node.target)
    reader.operator(node)
    read_value(reader, node.value)


def _annotate(reader: Reader, node: ast.AnnAssign) -> None:
    if not isinstance(node.target, ast.Name) or node.value is None:
        reader.refuse(node, "this annotated assignment is not allowed, it names no value", "name: float = value")
        return
    if not is_plain_type(node.annotation):
        reader.refuse(node.annotation, *UNFIT_TYPE)
    read_value(reader, node.value)


def _assert(reader: Reader, node: ast.Assert) -> None:
    read_value(reader, node.test)
    if node.msg is not None and not (isinstance(node.msg, ast.Constant) and isinstance(node.msg.value, str)):
        reader.refuse(node.msg, "this message is not allowed, errors carry no values", 'assert test, "plain text"')


def _loop(reader: Reader, node: ast.For) -> None:
    read_iteration(reader, node.target, node.iter)
    _block(reader, node.body)
    _block(reader, node.orelse)


def _branch(reader: Reader, node: ast.If | ast.While) -> None:
    read_value(reader, node.test)
    _block(reader, node.body)
    _block(reader, node.orelse)


def _give(reader: Reader, node: ast.Return) -> None:
    for part in node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]:
        if part is not None:
            read_value(reader, part)


def _act(reader: Reader, node: ast.Expr) -> None:
    call = node.value
    if is_text(node):
        reader.refuse(node, "text between statements is not allowed", "a comment")
    elif not isinstance(call, ast.Call):
        _idle(reader, node, read_value)
    elif isinstance(call.func, ast.Name) and isinstance(reader.names.get(call.func.id), Function):
        read_call(reader, call)
    elif isinstance(call.func, ast.Attribute) and reader.is_handed(call.func.value, "tracker"):
        _track(reader, call)
    elif isinstance(call.func, ast.Attribute) and call.func.attr in ACTIONS:
        read_list_method(reader, call, call.func, ACTIONS)
    else:
        _idle(reader, node, read_call)


def _idle(reader: Reader, node: ast.Expr, look: Callable[..., object]) -> None:
    """Refuse a statement that does nothing, unless `look` finds something worse in it."""
    before = len(reader.refusals)
    look(reader, node.value)
    if len(reader.refusals) == before:
        reader.refuse(node, "a statement without effect is not allowed", "name = ..., or nothing")


def _track(reader: Reader, call: ast.Call) -> None:
    """The tracker's answers must not be readable: it would be a memory and a clock."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr not in ("read", "write"):
        reader.refuse(call, f"tracker.{call.func.attr} is not allowed", 'tracker.read("name", size)')
    elif reader.arity(call, (2, 2), f"tracker.{call.func.attr}"):
        reader.label(call.args[0], "a buffer's name")
        read_value(reader, call.args[1])


def _first_lines(stores: list[ast.Name]) -> dict[str, ast.Name]:
    found: dict[str, ast.Name] = {}
    for part in stores:
        if part.id not in found or part.lineno < found[part.id].lineno:
            found[part.id] = part
    return found


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a block surely ends in a return."""
    last = body[-1]
    if isinstance(last, ast.While):
        forever = isinstance(last.test, ast.Constant) and bool(last.test.value)
        return forever and not any(isinstance(part, ast.Break) for part in ast.walk(last))
    if isinstance(last, ast.If):
        return bool(last.orelse) and _ends(last.body) and _ends(last.orelse)
    return isinstance(last, ast.Return)


_STATEMENTS: Mapping[type[ast.stmt], Callable[..., None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotate,
    ast.Assert: _assert,
    ast.AugAssign: _augment,
    ast.For: _loop,
    ast.While: _branch,
    ast.If: _branch,
    ast.Return: _give,
    ast.Expr: _act,
    ast.Pass: _skip,
    ast.Break: _skip,
    ast.Continue: _skip,
}
