"""Modules of a program: their functions, constants and imports, read from source text.

Promises: source is parsed, and never compiled or executed. Does not cover: the bodies of functions (`statements`).
"""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.interpreter.builtin import builtins_over
from harness.interpreter.expressions import value_of
from harness.interpreter.machine import Frame, InterpreterError, Machine, checked
from harness.interpreter.statements import run_block
from harness.interpreter.trace import Trace

TRACKER = "sparse_parity.tracker"


@dataclass(frozen=True, slots=True)
class Function:
    """A top-level def, with the names of its module."""

    machine: Machine
    module: Mapping[str, Any]
    parameters: Sequence[str]
    defaults: Mapping[str, float]
    body: Sequence[ast.stmt]

    def __call__(self, *values: Any) -> Any:
        """Call with positional arguments, as the harness does."""
        return self.call(dict(zip(self.parameters, values, strict=False)))

    def call(self, names: dict[str, Any]) -> Any:
        """Run the body over `names`, its locals; the value of its return, a tuple of several, or None."""
        for name, value in self.defaults.items():
            names.setdefault(name, value)
        names.setdefault("tracker", None)
        if set(names) != {*self.parameters, "tracker"}:
            raise TypeError(f"arguments do not fit the parameters {', '.join(self.parameters)}")
        end = run_block(Frame(self.machine, self.module, names), self.body)
        return None if end is None else end.value


def load(modules: Mapping[str, str], method: str, trace: Trace, budget: int) -> Mapping[str, Any]:
    """The names of the module `method`, whose functions can be called, interpreted over `trace`.

    Args:
        modules: dotted module name to source; they may import from each other and from the tracker.
        method: dotted name.
        trace: counts every access.
        budget: evaluations of nodes, after which an InterpreterError ends the program.
    """
    return _Loader(modules, Machine(trace, builtins_over(trace), budget)).load(method)


class _Loader:
    """Reads the modules of one program, each once."""

    def __init__(self, sources: Mapping[str, str], machine: Machine) -> None:
        self.sources = sources
        self.machine = machine
        self.loaded: dict[str, dict[str, Any]] = {TRACKER: {"NO_TRACKER": None}}
        self.loading: list[str] = []

    def load(self, name: str) -> dict[str, Any]:
        """The names of a module."""
        if name in self.loaded:
            return self.loaded[name]
        if name in self.loading or name not in self.sources:
            raise ImportError(f"{name} is not there, or imports itself")
        self.loading.append(name)
        names: dict[str, Any] = {}
        for node in ast.parse(self.sources[name]).body:
            self._declare(names, node)
        self.loaded[name] = names
        return names

    def _declare(self, names: dict[str, Any], node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef):
            parameters = tuple(argument.arg for argument in node.args.args)
            given = parameters[len(parameters) - len(node.args.defaults) :]
            numbers = zip(given, node.args.defaults, strict=True)
            defaults = {name: self._number(names, default) for name, default in numbers if name != "tracker"}
            names[node.name] = Function(self.machine, names, parameters, defaults, tuple(node.body))
        elif isinstance(node, ast.ImportFrom):
            source = self.load(node.module or "")
            names |= {alias.name: source[alias.name] for alias in node.names}
        elif isinstance(node, ast.Import):
            names["math"] = math
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names[ast.unparse(target)] = self._number(names, node.value)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            raise InterpreterError(f"{type(node).__name__} has no meaning at the top level")

    def _number(self, names: Mapping[str, Any], node: ast.expr) -> Any:
        return checked(value_of(Frame(self.machine, names), node))
