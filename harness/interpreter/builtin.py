"""What operators, builtins and methods do: CPython's own, where they keep to 64 bits and make no list.

Every iteration inside them goes through the iterators of `lists`, and is counted there.
Does not cover: the order of evaluation (`expressions`).
"""

import ast
import math
import operator
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from harness.interpreter.lists import List
from harness.interpreter.machine import InterpreterError, checked
from harness.interpreter.trace import Trace

MATH = frozenset(
    {"acos", "asin", "atan", "atan2", "ceil", "copysign", "cos", "cosh", "exp", "expm1", "fabs", "floor", "fmod"}
    | {"hypot", "isfinite", "isinf", "isnan", "log", "log10", "log1p", "log2", "pow", "sin", "sinh", "sqrt", "tan"}
    | {"acosh", "asinh", "atanh", "cbrt", "degrees", "erf", "erfc", "exp2", "lgamma", "radians", "tanh", "trunc"}
)
MATH_CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e, "inf": math.inf, "tau": math.tau})
RNG = frozenset(("random", "gauss", "uniform", "randrange", "randint"))
LIST = frozenset(("append", "clear", "copy", "count", "extend", "index", "insert", "pop", "reverse", "sort"))


def power(base: Any, exponent: Any) -> Any:
    """`base ** exponent`, as long as it is a real number, and of at most 64 bits if it is an integer."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 64:
        raise OverflowError("a power beyond 64 bits")
    found = base**exponent
    if isinstance(found, complex):
        raise ValueError("a power that is no real number")  # noqa: TRY004 - the value is at fault
    return checked(found)


def shift_left(value: Any, places: Any) -> Any:
    """`value << places`, as long as it has at most 64 bits."""
    if places > 64:
        raise OverflowError("a shift beyond 64 bits")
    return checked(value << places)


OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
    ast.LShift: shift_left,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
IN_PLACE: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {**OPERATORS, ast.Add: operator.iadd}


def builtins_over(trace: Trace) -> Mapping[str, Callable[..., Any]]:
    """The builtins by name; those that make a list make a counted one."""
    plain = (abs, all, any, bool, enumerate, float, int, len, max, min, range, reversed, round, sum, zip)
    known: dict[str, Callable[..., Any]] = {function.__name__: function for function in plain}
    return MappingProxyType({**known, "list": trace.listed, "sorted": trace.sorted_list})


def method_of(owner: Any, name: str) -> Callable[..., Any]:
    """A method of `math`, of the random generator, or of a list."""
    is_known = (
        (owner is math and name in MATH)
        or (type(owner) is random.Random and name in RNG)
        or (isinstance(owner, List) and name in LIST)
    )
    if not is_known:
        raise InterpreterError(f"the method {name} has no meaning here")
    method: Callable[..., Any] = getattr(owner, name)
    return method


def narrowed(found: Any) -> Any:
    """What a builtin gave, if it is no integer beyond 64 bits."""
    return checked(found) if type(found) is int else found
