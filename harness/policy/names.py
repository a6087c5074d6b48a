"""The names that a candidate's file declares: functions, constants, imports; and what a refusal is.

Promises: `declare` reads the top level of a module and refuses every statement that declares none of these.
Does not cover: the text (`policy.text`), the insides of functions (`policy.body`), several files (`policy`).
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.errors import ArdentError
from harness.policy.instead import MODULES
from harness.policy.spelling import LABEL, unfit_name

LARGEST = 2**63
METHODS = "sparse_parity/methods/"
MODEL = "sparse_parity/model.py"
TRACKER = "sparse_parity/tracker.py"
HANDED = ("hp", "rng", "tracker")  # what the harness hands in; each keeps its name wherever it goes
RESERVED = (*HANDED, "math", "NO_TRACKER")

UNFIT_TYPE = (
    "this annotation is not allowed, it would run as code",
    "float, int, bool, list[...], dict[...], or no annotation",
)
_ANNOTATIONS = {"bool", "dict", "float", "int", "list", "str", "tuple"}


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """One thing that a candidate may not say: `what` names it and why, `instead` what to write."""

    path: str
    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}; write {self.instead}"


class PolicyError(ArdentError):
    """One refusal, where there is no value to return instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Function:
    """A top-level def. `returns` is 0 for nothing, 1 for one value, n for a tuple of n."""

    path: str
    name: str
    node: ast.FunctionDef
    parameters: tuple[str, ...]
    needed: int
    returns: int


@dataclass(frozen=True, slots=True)
class Import:
    """A name that another module declares."""

    path: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Known:
    """A name that needs no more said: a number, `math` or `NO_TRACKER`."""

    kind: str


Symbol = Function | Import | Known


@dataclass(slots=True)
class Module:
    """What one file declares, and what of it is refused."""

    path: str
    names: dict[str, Symbol] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, line: int, what: str, instead: str) -> None:
        """Note one refusal."""
        self.refusals.append(Refusal(self.path, line, what, instead))

    def add(self, name: str, line: int, symbol: Symbol) -> None:
        """Declare `name`, once; a refused name is declared too, so that its uses are not refused as well."""
        if name in self.names:
            self.refuse(line, f"the name {name!r} is given twice, each name means one thing", "a second name")
        elif name in RESERVED and symbol not in (Known("math"), Known("tracker")):
            self.refuse(line, f"the name {name!r} is taken, the harness hands it in", "another name")
        elif found := unfit_name(name):
            self.refuse(line, *found)
        self.names.setdefault(name, symbol)


def is_number(node: ast.expr) -> bool:
    """Whether `node` is a number literal of at most 64 bits, with or without a sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    return isinstance(node, ast.Constant) and is_number_value(node.value)


def is_number_value(value: object) -> bool:
    """Whether a literal's value is a number that a cell can hold."""
    return isinstance(value, float) or (isinstance(value, int) and -LARGEST <= value < LARGEST)


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a bare string, as a docstring is."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


# -- top-level names ---


def declare(path: str, tree: ast.Module) -> Module:
    """Read the top level of a module: which names it declares, and which statements are refused."""
    module = Module(path)
    for place, node in enumerate(tree.body):
        if place == 0 and is_text(node):
            continue
        handler = _TOP_LEVEL.get(type(node))
        if handler is None or path.endswith("__init__.py"):
            what = f"{type(node).__name__} at the top level is not allowed, importing computes nothing"
            module.refuse(node.lineno, what, _TOP_LEVEL_INSTEAD.get(type(node), "it inside a function"))
        else:
            handler(module, node)
    return module


def _declare_import(module: Module, node: ast.Import) -> None:
    for alias in node.names:
        if alias.name != "math" or alias.asname:
            what = f"import {alias.name}{' as' if alias.asname else ''} is not allowed, only math is there"
            default = "import math, or from sparse_parity.model import ..."
            module.refuse(node.lineno, what, default if alias.name == "math" else MODULES.get(alias.name, default))
        else:
            module.add("math", node.lineno, Known("math"))


def _declare_from(module: Module, node: ast.ImportFrom) -> None:
    source = "" if node.level else f"{(node.module or '').replace('.', '/')}.py"
    is_method = source.startswith(METHODS) and LABEL.fullmatch(source[len(METHODS) : -3])
    if not is_method and source not in (MODEL, TRACKER):
        where = "." * node.level + (node.module or "")
        what = f"importing from {where} is not allowed, it is outside the package's methods"
        default = "from sparse_parity.model or from sparse_parity.methods.<name> import ..."
        module.refuse(node.lineno, what, MODULES.get(where, default))
        return
    for alias in node.names:
        if alias.name == "*" or alias.asname:
            name = "a star import" if alias.name == "*" else "import ... as"
            module.refuse(node.lineno, f"{name} is not allowed, names stay unique", "each name as it is")
        elif alias.name == "NO_TRACKER" and source == TRACKER:
            module.add(alias.name, node.lineno, Known("tracker"))
        elif source == TRACKER:
            what = f"importing {alias.name} from the tracker is not allowed, the harness owns it"
            module.refuse(node.lineno, what, "from sparse_parity.tracker import NO_TRACKER")
        else:
            module.add(alias.name, node.lineno, Import(source, alias.name, node.lineno))


def _declare_constant(module: Module, node: ast.Assign | ast.AnnAssign) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    target = targets[0]
    if isinstance(node, ast.AnnAssign) and not is_plain_type(node.annotation):
        module.refuse(node.lineno, *UNFIT_TYPE)
    if not isinstance(target, ast.Name) or len(targets) > 1 or node.value is None:
        what = "this assignment at the top level is not allowed, a module holds single constants"
        module.refuse(node.lineno, what, "NAME = <number>")
        return
    if not is_number(node.value):
        what = f"the module-level value of {target.id} is not a number literal, modules hold no state"
        module.refuse(node.lineno, what, "the number itself (0.5, not 1 / 2), or a field of the state record")
    module.add(target.id, node.lineno, Known("constant"))


def _declare_function(module: Module, node: ast.FunctionDef) -> None:
    parameters = tuple(argument.arg for argument in node.args.args)
    if node.decorator_list:
        line = node.decorator_list[0].lineno
        module.refuse(line, "a decorator is not allowed, functions are not values", "the plain def")
    if getattr(node, "type_params", ()):
        module.refuse(node.lineno, "type parameters are not allowed, they are objects", "the plain def")
    for refused in (*_unfit_parameters(module, node.args), *_unfit_annotations(node)):
        module.refuse(*refused)
    widths = [returned_width(part) for part in ast.walk(node) if isinstance(part, ast.Return)]
    function = Function(module.path, node.name, node, parameters, _needed(node.args), max([0, *widths]))
    module.add(node.name, node.lineno, function)


def _needed(arguments: ast.arguments) -> int:
    return len(arguments.args) - len(arguments.defaults)


def _unfit_parameters(module: Module, arguments: ast.arguments) -> Iterator[tuple[int, str, str]]:
    for special in (*arguments.posonlyargs, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if special is not None:
            yield (
                special.lineno,
                f"the parameter {special.arg!r} is starred or behind / or *",
                "plain parameters",
            )
    for argument in arguments.args:
        found = None if argument.arg in HANDED else unfit_name(argument.arg)
        if argument.arg in RESERVED and argument.arg not in HANDED:
            found = (f"the parameter {argument.arg!r} hides a module's name", "another name")
        if found:
            yield argument.lineno, *found
    for argument, default in zip(arguments.args[_needed(arguments) :], arguments.defaults, strict=True):
        is_tracker = (
            argument.arg == "tracker" and isinstance(default, ast.Name) and default.id == "NO_TRACKER"
        )
        if is_number(default) and argument.arg not in HANDED:
            continue
        if not is_tracker:
            what = f"this default for {argument.arg!r} is not allowed, defaults outlive the call"
            yield default.lineno, what, "a number literal, tracker=NO_TRACKER, or a plain parameter"
        elif module.names.get("NO_TRACKER") != Known("tracker"):
            what = "NO_TRACKER is not imported above"
            yield default.lineno, what, "from sparse_parity.tracker import NO_TRACKER"


def _unfit_annotations(node: ast.FunctionDef) -> Iterator[tuple[int, str, str]]:
    for annotation in (*(argument.annotation for argument in node.args.args), node.returns):
        if annotation is not None and not is_plain_type(annotation):
            yield annotation.lineno, *UNFIT_TYPE


def is_plain_type(node: ast.expr) -> bool:
    """Whether an annotation is one of the builtin types, or made of them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return is_plain_type(node.left) and is_plain_type(node.right)
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return is_plain_type(node.value) and all(is_plain_type(part) for part in inner)
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Name) and node.id in _ANNOTATIONS


def returned_width(node: ast.Return) -> int:
    """How many values a return gives: 0, 1, or the length of its tuple; -1 for a tuple that is none."""
    if not isinstance(node.value, ast.Tuple):
        return 0 if node.value is None else 1
    return len(node.value.elts) if len(node.value.elts) > 1 else -1


def bound(function: Function, call: ast.Call) -> list[tuple[str, ast.expr]] | None:
    """Each argument of a call with the parameter it goes to, as Python would; None where they do not fit."""
    names = [*function.parameters[: len(call.args)], *(given.arg for given in call.keywords)]
    values = [*call.args, *(given.value for given in call.keywords)]
    needed = set(function.parameters[: function.needed])
    fits = len(names) == len(values) == len(set(names)) and needed <= set(names) <= set(function.parameters)
    if not fits or any(isinstance(value, ast.Starred) for value in values):
        return None
    return [(name or "", value) for name, value in zip(names, values, strict=True)]


_TOP_LEVEL: Mapping[type[ast.stmt], Callable[..., None]] = {
    ast.Import: _declare_import,
    ast.ImportFrom: _declare_from,
    ast.AnnAssign: _declare_constant,
    ast.Assign: _declare_constant,
    ast.FunctionDef: _declare_function,
}

_TOP_LEVEL_INSTEAD: Mapping[type[ast.stmt], str] = {
    ast.ClassDef: 'functions over a record {"name": value}',
    ast.AsyncFunctionDef: "a plain def",
    ast.AugAssign: "NAME = <number>, once",
    ast.Expr: "it inside a function, or as a comment",
    ast.Try: "the imports plainly, and no handler",
}
