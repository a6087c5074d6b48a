"""Marks in candidate source that tell a profile which line runs, and which name holds a list.

Promises: the marked tree computes and accesses exactly what the unmarked one does; places and holders are numbered
by the sources alone, so that whoever has the same sources knows what a number means. Does not cover: what a number
stands for while it runs; `memory_trace` sums by them.

Three calls are put in: `_at(place)` before a statement that may access a cell, and again where control returns to
the header of a loop; `_back(place, f(...))` around the call of a candidate's function, which leaves its own place;
`_hold(holder, name)` after an assignment that may give a new list its first name.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.float_names import float_names, is_float
from harness.plain_form import simplify

FIELD = "field"
_LOOPS = (ast.For, ast.While)
_OF_NUMBERS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)  # operators that a list refuses


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a module. Place 0 is the harness, which writes the sample: module empty, line 0."""

    module: str
    line: int


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds a list: a variable of a function, a record's field, or the harness.

    `line` is where a variable first gets a list. Of a field, module is empty and function is FIELD; of the harness's,
    both are empty.
    """

    name: str
    module: str = ""
    function: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Marks:
    """Marked trees by module, what the numbers in them mean, and the holder of each field by its name."""

    trees: dict[str, ast.Module]
    places: tuple[Place, ...]
    holders: tuple[Holder, ...]
    fields: dict[str, int]


class _Numbers:
    """Gives every place and every holder its number, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.places = {Place("", 0): 0}
        self.holders = {("", "", name): (i, Holder(name)) for i, name in enumerate(("x", "y", "state"))}

    def place(self, module: str, line: int) -> int:
        return self.places.setdefault(Place(module, line), len(self.places))

    def holder(self, name: str, module: str, function: str, line: int) -> int:
        new = (len(self.holders), Holder(name, module, function, line))
        return self.holders.setdefault((module, function, name), new)[0]


def mark(modules: Mapping[str, str]) -> Marks:
    """Parse and mark every module: dotted name to source.

    Raises:
        SyntaxError: a source is no Python.
    """
    numbers = _Numbers()
    trees = {name: simplify(ast.parse(modules[name], filename=f"{name}.py")) for name in sorted(modules)}
    called = {f.name for tree in trees.values() for f in tree.body if isinstance(f, ast.FunctionDef)}
    called |= {a.asname for tree in trees.values() for i in tree.body if isinstance(i, ast.ImportFrom)
               for a in i.names if a.asname}  # fmt: skip
    fields: dict[str, int] = {}
    for name, tree in trees.items():
        for key in _field_names(tree):
            fields.setdefault(str(key.value), numbers.holder(str(key.value), "", FIELD, 0))
        tree.body = _Marking(numbers, name, called).body(tree.body)
        ast.fix_missing_locations(tree)
    return Marks(trees, tuple(numbers.places), tuple(holder for _, holder in numbers.holders.values()), fields)


def _field_names(tree: ast.Module) -> list[ast.Constant]:
    """The names in record displays."""
    displays = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return [key for display in displays for key in display.keys if isinstance(key, ast.Constant)]


class _Marking(ast.NodeTransformer):
    """Marks one module."""

    def __init__(self, numbers: _Numbers, module: str, called: set[str]) -> None:
        self._numbers = numbers
        self._module = module
        self._called = called
        self._function = ""
        self._floats: frozenset[str] = frozenset()
        self._header: ast.stmt | None = None
        self._place = 0

    def body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The statements with their marks."""
        return [marked for statement in statements for marked in self._marked(statement)]

    def _marked(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.FunctionDef):
            return [self._marked_function(statement)]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return [statement]
        if isinstance(statement, ast.Continue):
            assert self._header is not None
            return [self._at(self._header), statement]
        before = [] if self._is_silent(statement) else [self._at(statement)]
        held = self._holds(statement)
        self._place = self._numbers.place(self._module, statement.lineno)
        self._mark_calls(statement)
        self._mark_bodies(statement)
        return [*before, statement, *held]

    def _mark_calls(self, statement: Any) -> None:
        """Mark the calls in the statement's own expressions."""
        for field, value in ast.iter_fields(statement):
            if isinstance(value, ast.AST):
                setattr(statement, field, self.visit(value))
            elif field == "targets":
                statement.targets = [self.visit(target) for target in statement.targets]

    def _mark_bodies(self, statement: Any) -> None:
        outer = self._header
        if isinstance(statement, _LOOPS):
            self._header = statement
            inner = self.body(statement.body)
            if _calls_at(inner):
                inner.append(self._at(statement))
            statement.body, self._header = inner, outer
        elif isinstance(statement, ast.If):
            statement.body = self.body(statement.body)
        if isinstance(statement, ast.If | ast.For | ast.While):
            statement.orelse = self.body(statement.orelse)

    def _marked_function(self, function: ast.FunctionDef) -> ast.FunctionDef:
        self._function, self._floats = function.name, float_names(function)
        function.body = self.body(function.body)
        self._function, self._floats = "", frozenset()
        return function

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The call of a candidate's function: the place comes back after it."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self._called:
            return _call("_back", self._place, node)
        return node

    def _at(self, statement: ast.stmt) -> ast.stmt:
        place = self._numbers.place(self._module, statement.lineno)
        return ast.copy_location(ast.Expr(value=_call("_at", place, None)), statement)

    def _holds(self, statement: ast.stmt) -> list[ast.stmt]:
        """The marks after an assignment whose value may be a list that nothing holds yet."""
        if isinstance(statement, ast.Assign) and self._may_be_new(statement.value):
            names = [n for n in ast.walk(statement.targets[0]) if isinstance(n, ast.Name)]
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Mult):
            names = [statement.target] if isinstance(statement.target, ast.Name) else []
        else:
            names = []
        stored = [n for n in names if isinstance(n.ctx, ast.Store) and n.id not in self._floats]
        marks = []
        for name in stored:
            holder = self._numbers.holder(name.id, self._module, self._function, statement.lineno)
            mark = _call("_hold", holder, ast.Name(id=name.id, ctx=ast.Load()))
            marks.append(ast.copy_location(ast.Expr(value=mark), statement))
        return list(marks)

    def _may_be_new(self, value: ast.expr) -> bool:
        """Whether the value may be a list that no name, field or list holds."""
        if isinstance(value, ast.IfExp):
            return self._may_be_new(value.body) or self._may_be_new(value.orelse)
        if isinstance(value, ast.Tuple):
            return any(self._may_be_new(element) for element in value.elts)
        if isinstance(value, ast.BinOp):
            return isinstance(value.op, ast.Add | ast.Mult) and not is_float(value, self._floats)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            return value.func.id in self._called | {"list", "sorted"}
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            return value.func.attr in ("copy", "pop")
        if isinstance(value, ast.Subscript):
            return isinstance(value.slice, ast.Slice) or not isinstance(value.value, ast.Name)
        return isinstance(value, ast.List | ast.ListComp)

    def _is_silent(self, statement: ast.stmt) -> bool:
        """Whether the statement surely accesses no cell, so that it needs no mark: these run most often."""
        if isinstance(statement, ast.Break | ast.Pass) or _is_remark(statement):
            return True
        if isinstance(statement, ast.If):
            return _is_order(statement.test)
        if isinstance(statement, ast.AugAssign):
            is_number = isinstance(statement.target, ast.Name) and statement.target.id in self._floats
            return is_number and _is_arithmetic(statement.value)
        if isinstance(statement, ast.Assign) and not isinstance(statement.targets[0], ast.Name):
            return False
        if isinstance(statement, ast.Assign | ast.Return):
            return statement.value is None or self._is_free(statement.value)
        return False

    def _is_free(self, value: ast.expr) -> bool:
        """Whether the value is surely had without an access: by names, and by arithmetic that no list takes part in."""
        if isinstance(value, ast.BinOp):
            of_numbers = isinstance(value.op, _OF_NUMBERS) or is_float(value, self._floats)
            return of_numbers and _is_arithmetic(value)
        return isinstance(value, ast.Name | ast.Constant) or (
            isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub) and _is_arithmetic(value.operand)
        )


def _is_arithmetic(value: ast.expr) -> bool:
    """Names and constants under arithmetic signs."""
    if isinstance(value, ast.BinOp):
        return _is_arithmetic(value.left) and _is_arithmetic(value.right)
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub) and _is_arithmetic(value.operand)
    return isinstance(value, ast.Name | ast.Constant)


def _is_order(test: ast.expr) -> bool:
    """A comparison that lists refuse, of arithmetic."""
    return (
        isinstance(test, ast.Compare)
        and all(isinstance(o, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for o in test.ops)
        and all(_is_arithmetic(side) for side in (test.left, *test.comparators))
    )


def _is_remark(statement: ast.stmt) -> bool:
    """A docstring, or a call of the hand-placed tracker, which the rewriter takes out."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    of = value.func.value if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else None
    return isinstance(value, ast.Constant) or (isinstance(of, ast.Name) and of.id == "tracker")


def _calls_at(statements: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "_at" for statement in statements for node in ast.walk(statement)
    )


def _call(name: str, number: int, value: ast.expr | None) -> ast.Call:
    args: list[ast.expr] = [ast.Constant(value=number)]
    if value is not None:
        args.append(value)
    call = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=args, keywords=[])
    return call if value is None else ast.copy_location(call, value)
