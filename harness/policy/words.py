"""The words of the policy: what candidate source may call and name, and what to write instead of the rest.

Covers: the tables, and the checks of what has no parts: names, literals, attributes. An arity is the least
and the greatest number of arguments. Does not cover: whatever has parts (`policy.values`, `policy.body`).
"""

import ast
from collections.abc import Mapping

from harness.policy.instead import INSTEAD, KEYS, METHODS_INSTEAD, MODULES, PLAIN, REFUSED
from harness.policy.names import (
    HANDED,
    RESERVED,
    Function,
    Import,
    Known,
    Refusal,
    Symbol,
    is_number_value,
)
from harness.policy.spelling import MAX_NAME, is_label

MAX_LINES = 200
MAX_BYTES = 20_000
MAX_DEPTH = 40
MAX_REGISTERS = 32  # of one function: its names, and what its widest expression keeps waiting
MAX_CHAIN = (
    128  # of all functions that can be running at once: without it, a chain of calls holds a whole layer
)
MAX_HYPERPARAMETERS = 16

Arity = tuple[int, int]
ONE, TWO = (1, 1), (2, 2)
BUILTINS: Mapping[str, Arity] = {
    **dict.fromkeys(("abs", "all", "any", "bool", "float", "int", "len", "sorted"), ONE),
    "list": (0, 1),
    "max": (1, 99),
    "min": (1, 99),
    "round": (1, 2),
    "sum": (1, 2),
}
ITERATORS: Mapping[str, Arity] = {"enumerate": (1, 2), "range": (1, 3), "reversed": ONE, "zip": (2, 9)}
CONSUMERS = frozenset({"all", "any", "list", "max", "min", "sorted", "sum"})
MATH: Mapping[str, Arity] = {
    **dict.fromkeys(("sqrt", "exp", "log2", "log10", "log1p", "expm1", "tanh", "sinh", "cosh", "exp2"), ONE),
    **dict.fromkeys(("sin", "cos", "tan", "atan", "asin", "acos", "asinh", "acosh", "atanh"), ONE),
    **dict.fromkeys(("cbrt", "degrees", "radians", "erf", "erfc", "lgamma"), ONE),
    **dict.fromkeys(("fabs", "floor", "ceil", "trunc", "isfinite", "isnan", "isinf"), ONE),
    **dict.fromkeys(("atan2", "copysign", "fmod", "hypot", "pow"), TWO),
    "log": (1, 2),
}
MATH_CONSTANTS = ("pi", "e", "inf", "tau")
RNG: Mapping[str, Arity] = {
    "random": (0, 0),
    "gauss": (0, 2),
    "uniform": TWO,
    "randrange": (1, 3),
    "randint": TWO,
}
ACTIONS: Mapping[str, Arity] = {
    "append": ONE,
    "clear": (0, 0),
    "extend": ONE,
    "insert": TWO,
    "pop": (0, 1),
    "reverse": (0, 0),
    "sort": (0, 0),
}
ANSWERS: Mapping[str, Arity] = {"copy": (0, 0), "count": ONE, "index": ONE, "pop": (0, 1)}

def unfit_arguments(node: ast.Call, arity: Arity, name: str, keyword: str) -> tuple[ast.AST, str, str] | None:
    """What is wrong with a call of plain arguments, a literal `keyword=True` apart; None when nothing is."""
    for starred in node.args:
        if isinstance(starred, ast.Starred):
            return starred, *REFUSED["Starred"]
    for given in node.keywords:
        literal = isinstance(given.value, ast.Constant) and isinstance(given.value.value, bool)
        if given.arg == "key" and name in KEYS:
            return given.value, f"{name}(key=...) is not allowed, functions are not values", KEYS[name]
        if given.arg != keyword or not literal:
            what = f"{name}({given.arg or '**'}=...) is not allowed, arguments are positional"
            return given.value, what, f"{keyword}=True" if keyword else "positional arguments"
    low, high = arity
    if low <= len(node.args) <= high:
        return None
    expected = f"{low} of them" if low == high else f"{low} to {high} of them"
    return node, f"{name} with {len(node.args)} arguments is not allowed", expected


def iterator_name(node: ast.expr) -> str:
    """The name of the iterator that `node` makes, or nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ITERATORS:
        return node.func.id
    return ""


def kind(node: ast.expr) -> str:
    """What `node` is, in a few words."""
    if isinstance(node, ast.Constant):
        return type(node.value).__name__
    name = type(node).__name__.lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


class Reader:
    """One walk over one function. `scopes` holds the names in sight: locals, then comprehension targets."""

    def __init__(self, function: Function, names: Mapping[str, Symbol]) -> None:
        self.function = function
        self.names = names
        self.refusals: list[Refusal] = []
        self.calls: dict[tuple[str, str], int] = {}
        self.registers: set[tuple[int, str]] = set()
        self.scopes: list[set[str]] = []

    def refuse(self, node: ast.AST, what: str, instead: str) -> None:
        """Note one refusal at the line of `node`."""
        line = getattr(node, "lineno", self.function.node.lineno)
        self.refusals.append(Refusal(self.function.path, line, what, instead))

    def refuse_node(self, node: ast.AST) -> None:
        """Refuse a construct as a whole."""
        name = type(node).__name__
        self.refuse(node, *REFUSED.get(name, (f"{name} is not allowed, it is not on the list", PLAIN)))

    def is_handed(self, node: ast.expr, name: str) -> bool:
        """Whether `node` is the parameter `name` that the harness hands in."""
        return isinstance(node, ast.Name) and node.id == name and name in self.function.parameters

    def label(self, node: ast.expr, what: str) -> None:
        """A literal name of a field, a key or a buffer; `what` says of which."""
        if not (isinstance(node, ast.Constant) and is_label(node.value)):
            self.refuse(node, f"{what} must be a plain literal name", f'"name", of at most {MAX_NAME} letters')

    def is_math(self, node: ast.expr) -> bool:
        """Whether `node` is the imported module."""
        return isinstance(node, ast.Name) and node.id == "math" and self.names.get("math") == Known("math")

    def arity(self, node: ast.Call, arity: Arity, name: str, *, keyword: str = "") -> bool:
        """Whether the arguments are as listed; see `unfit_arguments`."""
        found = unfit_arguments(node, arity, name, keyword)
        if found:
            self.refuse(*found)
        return found is None

    def is_no_tracker(self, node: ast.expr, parameter: str | None) -> bool:
        """Whether `node` is NO_TRACKER, given for a tracker."""
        is_name = isinstance(node, ast.Name) and self.names.get(node.id) == Known("tracker")
        return parameter == "tracker" and is_name

    def name(self, node: ast.Name) -> None:
        """A name that is read."""
        name = node.id
        symbol = self.names.get(name)
        if name in HANDED:
            what = f"{name} here is not allowed, it only goes to a parameter {name!r}"
            self.refuse(node, what, INSTEAD[name])
        elif name == "_":
            self.refuse(node, "reading _ is not allowed, it is thrown away", "a name")
        elif (
            any(name in scope for scope in self.scopes)
            or symbol == Known("constant")
            or isinstance(symbol, Import)
        ):
            return  # an import that leads nowhere is refused where it stands
        elif isinstance(symbol, Function) or name in BUILTINS or name in ITERATORS:
            self.refuse(
                node, f"{name} without a call is not allowed, functions are not values", f"{name}(...)"
            )
        else:
            instead = MODULES.get(name) or INSTEAD.get(name, "a local or an imported name")
            self.refuse(node, f"the name {name!r} is not known here", instead)

    def constant(self, node: ast.Constant) -> None:
        """A literal."""
        if isinstance(node.value, str):
            what = "text here is not allowed, text is no value"
            self.refuse(node, what, "numbers; text only names a record's field or a tracker's buffer")
        elif isinstance(node.value, int) and not is_number_value(node.value):
            self.refuse(
                node, "an integer beyond 64 bits is not allowed, it is hidden memory", "a list of numbers"
            )
        elif not is_number_value(node.value):
            what = f"the literal {kind(node)} is not allowed, only numbers are values"
            instead = "a number such as -1 or math.inf; return alone where nothing comes back"
            self.refuse(node, what, instead if node.value is None else "a number")

    def attribute(self, node: ast.Attribute) -> None:
        """An attribute that is not called: the constants of `math`."""
        on_math = self.is_math(node.value)
        if on_math and node.attr in MATH:
            self.refuse(
                node, f"math.{node.attr} without a call is not allowed, functions are not values", "a call"
            )
        elif not on_math or node.attr not in MATH_CONSTANTS:
            self.refuse_attribute(node)

    def refuse_attribute(self, node: ast.Attribute) -> None:
        """Refuse an attribute as a whole."""
        owner = node.value.id if isinstance(node.value, ast.Name) and node.value.id in RESERVED else ""
        name = f"{owner}.{node.attr}"
        if isinstance(node.value, ast.Name) and node.value.id in MODULES and node.value.id not in self.names:
            self.refuse(node, f"the name {node.value.id!r} is not known here", MODULES[node.value.id])
        elif owner == "rng" and "rng" not in self.function.parameters:
            what = f"{name} is not allowed, {self.function.name} has no parameter rng and only init is given one"
            self.refuse(node, what, "what init drew, or a generator of your own in the state")
        else:
            default = 'a list method, math.sqrt and its like, or state["name"]'
            by_word = INSTEAD.get(name) or METHODS_INSTEAD.get(node.attr) or INSTEAD.get(owner, default)
            self.refuse(node, f"{name} is not allowed, it is not on the list", by_word)

    def operator(self, node: ast.BinOp | ast.AugAssign) -> None:
        """An operator between two values."""
        if isinstance(node.op, ast.MatMult):
            self.refuse(
                node, "the operator @ is not allowed, lists have none", "a loop, or sum(a * b for ...)"
            )
