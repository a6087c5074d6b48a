"""What a value may be in a candidate's function: expressions and calls, an allow-list over the syntax tree.

Promises: `read_value` reaches every node of an expression, and a node that no rule here names is refused.
Numbers, lists and records are the only values: functions, tuples, iterators, text, `hp`, `rng` and `tracker`
stand only where they are listed.
Does not cover: statements (`policy.body`), and what is decided while running (the size of an integer, who
holds a row), which the memory trace checks.
"""

import ast
from collections.abc import Callable, Mapping, Sequence

from harness.policy import words
from harness.policy.instead import INSTEAD
from harness.policy.names import HANDED, RESERVED, Function, Import, bound, is_number
from harness.policy.words import Arity, Reader

REPORTED = -1


def read_value(reader: Reader, node: ast.expr) -> None:
    """Check an expression that gives a number, a list or a record."""
    handler = _VALUES.get(type(node))
    if handler is None:
        reader.refuse_node(node)
    else:
        handler(reader, node)


def _parts(reader: Reader, node: ast.expr) -> None:
    """Check every expression directly below `node`."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            read_value(reader, part)


def _binary(reader: Reader, node: ast.BinOp) -> None:
    reader.operator(node)
    _parts(reader, node)


def _compare(reader: Reader, node: ast.Compare) -> None:
    if any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
        reader.refuse(node, "is and is not are not allowed, identity can carry numbers", "== or !=")
    if _is_text(node.left) and isinstance(node.ops[0], ast.In | ast.NotIn):
        what = "asking for a field is not allowed, text is no value and records are fixed"
        reader.refuse(node, what, "all fields in init")
    else:
        _parts(reader, node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def read_subscript(reader: Reader, node: ast.Subscript) -> None:
    """Check an index, a slice or a key, and what it is taken from; to be read or assigned to."""
    place = node.slice
    if isinstance(node.value, ast.Name) and node.value.id == "hp" and "hp" in reader.function.parameters:
        reader.label(place, "a hyperparameter's key")
        return
    read_value(reader, node.value)
    if isinstance(place, ast.Tuple):
        what = "an index of several parts, a tuple here, is not allowed, lists have one dimension"
        reader.refuse(place, what, "rows[i][j], or [row[j] for row in rows] for a column")
    elif isinstance(place, ast.Constant) and isinstance(place.value, str):
        reader.label(place, "a record's key")
    elif isinstance(place, ast.Slice):
        _parts(reader, place)
    else:
        read_value(reader, place)


def _record(reader: Reader, node: ast.Dict) -> None:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            reader.refuse(
                value, "** in a record is not allowed, records are fixed", '"name": value for each field'
            )
        else:
            reader.label(key, "a record's key")
            read_value(reader, value)
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    if len(set(keys)) < len(keys):
        reader.refuse(node, "a record with a key twice is not allowed", "each key once")


# -- iteration ---


def _comprehend(reader: Reader, node: ast.ListComp | ast.GeneratorExp) -> None:
    depth = len(reader.scopes)
    scope: set[str] = set()
    reader.scopes.append(scope)
    for part in node.generators:
        if part.is_async:
            reader.refuse(part.target, "async is not allowed, there is one thread", "a plain comprehension")
        read_iteration(reader, part.target, part.iter)
        scope |= {name.id for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        for condition in part.ifs:
            read_value(reader, condition)
    read_value(reader, node.elt)
    reader.scopes.pop()
    reader.registers |= {(depth, name) for name in scope}


def read_iteration(reader: Reader, target: ast.expr, node: ast.expr) -> None:
    """Check an iterable, and that the target takes apart exactly the tuples that it yields."""
    name = words.iterator_name(node)
    if name and isinstance(node, ast.Call):
        _iterator(reader, target, node, name)
    else:
        read_value(reader, node)
        _single(reader, target)


def _iterator(reader: Reader, target: ast.expr, node: ast.Call, name: str) -> None:
    plain = _without(node, "start") if name == "enumerate" and len(node.args) == 1 else node
    if not reader.arity(plain, words.ITERATORS[name], name, keyword="strict" if name == "zip" else ""):
        return
    if name == "zip":
        _several(reader, target, node.args, name)
    elif name == "enumerate":
        for start in (*node.args[1:], *(given.value for given in node.keywords)):
            read_value(reader, start)
        _several(reader, target, [ast.Constant(0), node.args[0]], name)
    elif name == "reversed" and words.iterator_name(node.args[0]) in ("", "range"):
        read_iteration(reader, target, node.args[0])
    elif name == "reversed":
        reader.refuse(
            node, "reversed of an iterator is not allowed", "reversed(xs), or an index that counts down"
        )
    else:
        for argument in node.args:
            read_value(reader, argument)
        _single(reader, target, name)


def _several(reader: Reader, target: ast.expr, sources: Sequence[ast.expr], name: str) -> None:
    if isinstance(target, ast.Tuple) and len(target.elts) == len(sources):
        for part, source in zip(target.elts, sources, strict=True):
            read_iteration(reader, part, source)
    else:
        what = f"{name} yields tuples of {len(sources)} here, a tuple is never held"
        reader.refuse(target, what, f"for {', '.join('abcdefghi'[: len(sources)])} in {name}(...)")


def _single(reader: Reader, target: ast.expr, name: str = "") -> None:
    """A name for each element; or names that a row's numbers are read into, which `range` does not yield."""
    names = [target] if name or not isinstance(target, ast.Tuple) else target.elts
    if not all(isinstance(part, ast.Name) for part in names) or not names:
        what = f"{words.kind(target)} as this loop target is not allowed, only names take what comes"
        reader.refuse(target, what, "for a in xs, or for a, b in rows")


def _without(node: ast.Call, keyword: str) -> ast.Call:
    """The call without one keyword, whose value is checked elsewhere."""
    kept = [given for given in node.keywords if given.arg != keyword]
    return ast.copy_location(ast.Call(node.func, node.args, kept), node)


# -- calls ---


def _call_value(reader: Reader, node: ast.Call) -> None:
    width = read_call(reader, node)
    if width == 0:
        reader.refuse(node, "this call returns nothing, None is not a value", "the call on its own line")
    elif width > 1:
        reader.refuse(
            node,
            "this call returns a tuple, tuples are uncounted memory",
            "a, b = f(...) first, then what you need of a and b",
        )


def read_call(reader: Reader, node: ast.Call) -> int:
    """Check a call; returns how many values it gives, or REPORTED when it was refused."""
    if isinstance(node.func, ast.Attribute):
        return _method(reader, node, node.func)
    if not isinstance(node.func, ast.Name):
        reader.refuse(
            node, f"calling {words.kind(node.func)} is not allowed, only names are called", "a top-level def"
        )
        return REPORTED
    name = node.func.id
    function = reader.names.get(name)
    if isinstance(function, Function):
        reader.calls.setdefault((function.path, function.name), node.lineno)
        _bind(reader, node, function)
        return function.returns
    if isinstance(function, Import):
        return REPORTED
    if name in words.BUILTINS:
        _builtin(reader, node, name)
        return 1
    if name in words.ITERATORS:
        reader.refuse(node, f"{name}(...) here is not allowed, iterators are not values", INSTEAD[name])
    else:
        default = "arithmetic, a loop, or a function of this package"
        reader.refuse(
            node, f"calling {name} is not allowed, it is not on the list", INSTEAD.get(name, default)
        )
    return REPORTED


def _builtin(reader: Reader, node: ast.Call, name: str) -> None:
    if name in ("float", "int") and node.args and _is_text(node.args[0]):
        reader.refuse(node, f"{name} of text is not allowed, text is no value", "the number, or math.inf")
        return
    plain = _without(node, "default") if name in ("max", "min") and len(node.args) == 1 else node
    if not reader.arity(plain, words.BUILTINS[name], name, keyword="reverse" if name == "sorted" else ""):
        return
    for given in node.keywords:
        read_value(reader, given.value)
    alone = node.args[0] if name in words.CONSUMERS and (len(node.args) == 1 or name == "sum") else None
    if name == "sum" and not all(is_number(start) for start in node.args[1:]):
        reader.refuse(node, "sum with this start is not allowed, it adds numbers", "sum(xs), or sum(xs, 0.0)")
    if isinstance(alone, ast.GeneratorExp):
        _comprehend(reader, alone)
    elif alone is not None:
        read_iteration(reader, ast.copy_location(ast.Name("_", ast.Store()), alone), alone)
    else:
        for argument in node.args:
            read_value(reader, argument)


def _method(reader: Reader, node: ast.Call, func: ast.Attribute) -> int:
    owner = func.value.id if isinstance(func.value, ast.Name) else ""
    if reader.is_math(func.value) and func.attr in words.MATH:
        _plain_arguments(reader, node, words.MATH[func.attr], f"math.{func.attr}")
    elif owner == "rng" and reader.is_handed(func.value, "rng") and func.attr in words.RNG:
        _plain_arguments(reader, node, words.RNG[func.attr], f"rng.{func.attr}")
    elif owner in RESERVED or func.attr not in words.ANSWERS:
        reader.refuse_attribute(func)
        return REPORTED
    else:
        read_list_method(reader, node, func, words.ANSWERS)
    return 1


def read_list_method(
    reader: Reader, node: ast.Call, func: ast.Attribute, listed: Mapping[str, Arity]
) -> None:
    """Check a method of a list, one of those `listed`."""
    if not isinstance(func.value, ast.Name | ast.Subscript):
        what = f".{func.attr} on {words.kind(func.value)} is not allowed, methods are called on named lists"
        reader.refuse(node, what, "xs = ... first")
        return
    read_value(reader, func.value)
    _plain_arguments(
        reader, node, listed[func.attr], func.attr, keyword="reverse" if func.attr == "sort" else ""
    )


def _plain_arguments(reader: Reader, node: ast.Call, arity: Arity, name: str, *, keyword: str = "") -> None:
    if reader.arity(node, arity, name, keyword=keyword):
        for argument in node.args:
            read_value(reader, argument)


def _bind(reader: Reader, node: ast.Call, function: Function) -> None:
    """Match arguments with parameters, as Python would."""
    pairs = bound(function, node)
    if pairs is None:
        what = f"this call does not fit {function.name}, each parameter is given once and without stars"
        reader.refuse(node, what, f"{function.name}({', '.join(function.parameters)})")
        return
    for name, value in pairs:
        if name not in HANDED:
            read_value(reader, value)
        elif not reader.is_handed(value, name) and not reader.is_no_tracker(value, name):
            what = f"this argument for {name!r} is not allowed, it is handed on as it came"
            reader.refuse(value, what, name if name in reader.function.parameters else f"a parameter {name}")


_VALUES: Mapping[type[ast.expr], Callable[..., None]] = {
    ast.Name: Reader.name,
    ast.Constant: Reader.constant,
    ast.BinOp: _binary,
    ast.UnaryOp: _parts,
    ast.BoolOp: _parts,
    ast.Compare: _compare,
    ast.IfExp: _parts,
    ast.Call: _call_value,
    ast.Attribute: Reader.attribute,
    ast.Subscript: read_subscript,
    ast.List: _parts,
    ast.ListComp: _comprehend,
    ast.Dict: _record,
}
