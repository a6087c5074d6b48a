"""The hash of what sources mean: equal for two candidates that must measure the same.

Promises: two sources with one hash differ only in what cannot change a number: comments, docstrings, layout,
annotations, the names of local variables, and files that the champion never reaches.

Does not cover: equal code written differently, such as a method file under another name. Then the same thing
is measured twice, and no more is lost.
"""

import ast
import builtins
import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

CHAMPION = "sparse_parity/champion.py"

# Statements and expressions that make names depend on more than the function's own text.
_OPAQUE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.Import,
    ast.ImportFrom,
    ast.Global,
    ast.Nonlocal,
    ast.ExceptHandler,
    ast.match_case,
)
_NAME_READERS = frozenset({"locals", "vars", "eval", "exec", "dir"})
_MEANINGLESS_FIELDS = frozenset(
    {"ctx", "annotation", "returns", "type_comment", "kind", "simple", "type_ignores"}
)


def normal_hash(sources: Mapping[str, str]) -> str:
    """Sha256 (hex) of the champion and the files that it reaches; one that is no Python counts as text."""
    trees = {path: _parsed(text) for path, text in sources.items()}
    reached = _reached(trees)
    shared = frozenset(
        node.arg
        for path in reached
        for node in ast.walk(trees[path] or ast.Module([], []))
        if isinstance(node, ast.keyword) and node.arg
    )
    forms = {path: _normal_form(sources[path], trees[path], shared) for path in reached}
    return hashlib.sha256(json.dumps(forms, sort_keys=True).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of one function that may be chosen freely, numbered as they appear."""

    free: frozenset[str] = frozenset()
    numbers: dict[str, int] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """A number, which no name in a source can be, for a free name; any other name as it is."""
        return str(self.numbers.setdefault(name, len(self.numbers))) if name in self.free else name


@lru_cache(maxsize=200)  # read only
def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as invalid escapes in the candidate's strings
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _reached(trees: Mapping[str, ast.Module | None]) -> list[str]:
    """The champion, the method that it names, and what that imports; every file when that cannot be told."""
    champion = trees.get(CHAMPION)
    constants = (
        node.value for node in ast.walk(champion or ast.Module([], [])) if isinstance(node, ast.Constant)
    )
    named = [f"sparse_parity/methods/{value}.py" for value in constants if isinstance(value, str)]
    waiting = [path for path in named if path in trees]
    if not waiting:
        return list(trees)
    found = {CHAMPION}
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [target for target in _imported(path, trees[path]) if target in trees]
    return sorted(found)


def _imported(path: str, tree: ast.Module | None) -> Iterator[str]:
    """Paths that the file at `path` may import, whether or not they exist."""
    for node in ast.walk(tree or ast.Module([], [])):
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") + ".py" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = PurePosixPath(path).parents
            base = parents[min(node.level, len(parents)) - 1] if node.level else PurePosixPath()
            base /= (node.module or "").replace(".", "/")
            yield f"{base}.py"
            yield from (f"{base / alias.name}.py" for alias in node.names)


def _normal_form(text: str, tree: ast.Module | None, shared: frozenset[str]) -> str:
    """The tree in one line; `shared` are the names used as keywords in calls, which parameters must keep."""
    if tree is None:
        return f"text {text}"
    outside = frozenset(dir(builtins)) | {
        name for statement in tree.body for name in _module_names(statement)
    }
    try:
        parts = [
            _form(statement, _Names(_free_names(statement, shared, outside)))
            for statement in tree.body
            if _counts(statement)
        ]
    except (
        RecursionError,
        ValueError,
    ):  # ValueError: an integer of more than 4,300 digits has no decimal form
        return f"text {text}"
    return "tree " + "\n".join(parts)


def _module_names(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the module binds there, and perhaps more."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _free_names(statement: ast.stmt, shared: frozenset[str], outside: frozenset[str]) -> frozenset[str]:
    """The local names of a function that nothing outside it can see."""
    if not isinstance(statement, ast.FunctionDef):
        return frozenset()
    nodes = [node for part in ast.iter_child_nodes(statement) for node in ast.walk(part)]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    if any(isinstance(node, _OPAQUE) for node in nodes) or any(name.id in _NAME_READERS for name in names):
        return frozenset()
    loops = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    inner = {id(node): node.id for target in loops for node in ast.walk(target) if isinstance(node, ast.Name)}
    stored = {name.id for name in names if not isinstance(name.ctx, ast.Load) and id(name) not in inner}
    # A comprehension's own name could hide a global that the rest of the function reads.
    stored |= set(inner.values()) - outside
    arguments = statement.args
    callable_by_name = {argument.arg for argument in arguments.kwonlyargs} | set(shared)
    positional = arguments.posonlyargs + arguments.args
    callable_by_name |= {argument.arg for argument in positional[len(positional) - len(arguments.defaults) :]}
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    made_outside = [*arguments.defaults, *filter(None, arguments.kw_defaults), *statement.decorator_list]
    seen_outside = {node.id for part in made_outside for node in ast.walk(part) if isinstance(node, ast.Name)}
    return frozenset((stored | parameters) - (callable_by_name & parameters) - seen_outside)


def _counts(statement: object) -> bool:
    """Whether a statement does anything: not a docstring, `pass`, or a bare annotation."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return not isinstance(statement, ast.Pass) and not (
        isinstance(statement, ast.AnnAssign) and not statement.value
    )


def _form(node: object, names: _Names) -> str:
    """A node, list or plain value as text that is the same on every Python that can parse it."""
    if isinstance(node, list):
        return "[" + " ".join(_form(item, names) for item in node if _counts(item)) + "]"
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__}:{node.value!r}"
    if isinstance(node, ast.Name):
        return f"={names.canonical(node.id)}"
    if isinstance(node, ast.arg):
        return f"arg={names.canonical(node.arg)}"
    if isinstance(node, ast.AnnAssign):
        node = ast.Assign(
            [node.target], node.value or ast.Constant(None)
        )  # without a value, `_counts` dropped it
    if not isinstance(node, ast.AST):
        return str(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _MEANINGLESS_FIELDS]
    inside = (f"{name}={_form(value, names)}" for name, value in fields if value is not None and value != [])
    return f"{type(node).__name__}({' '.join(inside)})"
