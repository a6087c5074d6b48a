"""What candidate source may say: an allow-list, so that no value can hide from the memory trace.

Promises: `check` reads a candidate's sources without running them, never raises on any text, and returns
every refusal with its line and with what to write instead: the one who wrote the code reads it. Functions,
loops, comprehensions, lists, records with constant names, numbers and `math` pass.
Does not cover: what is decided while running. The memory trace refuses tuples and text in lists, rows held
twice and integers beyond 64 bits there.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeVar

from harness.errors import BadInputError
from harness.policy.body import Reading, read_body
from harness.policy.champion import CHAMPION, Champion, parse_champion
from harness.policy.names import (
    METHODS,
    MODEL,
    Function,
    Import,
    Known,
    Module,
    PolicyError,
    Refusal,
    Symbol,
    declare,
)
from harness.policy.text import compile_error, parse
from harness.policy.words import MAX_CHAIN

__all__ = ["CHAMPION", "Champion", "PolicyError", "Refusal", "check", "check_module", "parse_champion"]

PROTOCOL: Mapping[str, tuple[tuple[str, ...], bool]] = {  # parameters, and whether a value comes back
    "init": (("n_bits", "k_sparse", "hp", "rng"), True),
    "step": (("state", "x", "y", "hp", "tracker"), False),
    "predict": (("state", "x", "hp"), True),
}

_METHOD_FILE = re.compile(re.escape(METHODS) + r"([a-z][a-z0-9_]{0,39}|__init__)\.py", re.ASCII)

MAX_CIRCLES = 10  # told at once

Key = tuple[str, str]  # path and name of a function
Node = TypeVar("Node", str, Key)


def check(sources: Mapping[str, str], *, model: str | None = None) -> tuple[Refusal, ...]:
    """Every refusal of a candidate, by path and line; empty when all is well.

    Args:
        sources: path to text of every editable file: `champion.py` and `methods/*.py` of `sparse_parity/`.
        model: the text of the trusted `sparse_parity/model.py`; None reads the one beside the harness.

    Raises:
        BadInputError: the trusted model cannot be read.
    """
    refusals = [Refusal(_shown(path), 1, "this file is not editable", f"{METHODS}<name>.py")
                for path in sources if path != CHAMPION and not _METHOD_FILE.fullmatch(path)]  # fmt: skip
    methods = {path: text for path, text in sources.items() if _METHOD_FILE.fullmatch(path)}
    texts = {MODEL: _trusted_model() if model is None else model, **methods}
    modules, found = _declared(texts, set(methods))
    refusals += found
    if not found:
        refusals += list(_read_modules(texts, modules, set(methods))) or _uncompilable(methods)
    refusals += _check_champion(sources, modules)
    return tuple(sorted(set(refusals)))


def check_module(
    path: str, text: str, *, known_modules: Mapping[str, str] | None = None
) -> tuple[Refusal, ...]:
    """Every refusal of one module, by line; `known_modules` (path to text) may be imported from unchecked."""
    texts = {**(known_modules or {}), path: text}
    modules, refusals = _declared(texts, {path})
    refusals = refusals or list(_read_modules(texts, modules, {path})) or list(_uncompilable({path: text}))
    return tuple(sorted(set(refusals)))


def _uncompilable(sources: Mapping[str, str]) -> Iterator[Refusal]:
    """What only the compiler sees, such as a break outside a loop. It sees allowed code only."""
    for path, text in sources.items():
        if found := compile_error(text):
            yield Refusal(path, *found)


def _shown(path: str) -> str:
    return ascii(path)[1:-1][:120]


def _trusted_model() -> str:
    path = Path(__file__).parents[2] / MODEL
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{MODEL}: the trusted copy cannot be read ({error}); restore it from git"
        ) from error


# -- modules ---


@lru_cache(maxsize=200)  # from candidate to candidate one file changes, and reading all of them takes 50 ms
def _module(path: str, text: str) -> Module:
    return declare(path, parse(path, text))


def _declared(texts: Mapping[str, str], checked: set[str]) -> tuple[dict[str, Module], list[Refusal]]:
    """The names of every module, and what keeps a checked one from being read at all."""
    modules: dict[str, Module] = {}
    refusals: list[Refusal] = []
    for path, text in texts.items():
        try:
            modules[path] = _module(path, text)
        except PolicyError as error:
            if path not in checked:
                raise
            refusals.append(error.refusal)
    return modules, refusals


def _read_modules(
    texts: Mapping[str, str], modules: Mapping[str, Module], checked: set[str]
) -> Iterator[Refusal]:
    """Everything that is refused in whole modules: names, imports, bodies, and calls between functions."""
    readings: dict[Key, Reading] = {}
    for path, module in modules.items():
        found, lost = _read_module(tuple((near, texts[near]) for near in _reach(modules, path)))
        readings |= {(path, name): reading for name, reading in found.items()}
        if path in checked:
            yield from module.refusals
            yield from lost
    for (path, _), reading in readings.items():
        if path in checked:
            yield from reading.refusals
    yield from _import_circles(modules)
    yield from list(_recursions(readings)) or _long_chains(readings)


def _reach(modules: Mapping[str, Module], path: str) -> list[str]:
    """The module and all that it imports, directly or not, itself first."""
    reached = [path]
    for near in reached:
        reached += [far for far in _imported(modules[near]) if far in modules and far not in reached]
    return reached


@lru_cache(maxsize=200)
def _read_module(texts: tuple[tuple[str, str], ...]) -> tuple[dict[str, Reading], tuple[Refusal, ...]]:
    """The bodies of the first module's functions, and its imports of what is not there; the rest is what it imports."""
    modules = {path: _module(path, text) for path, text in texts}
    module = modules[texts[0][0]]
    names = {name: _follow(modules, symbol) for name, symbol in module.names.items()}
    own = [symbol for symbol in module.names.values() if isinstance(symbol, Function)]
    return {function.name: read_body(function, names) for function in own}, tuple(_lost_imports(module, names))


def _follow(modules: Mapping[str, Module], symbol: Symbol) -> Symbol:
    """What an import stands for; the import itself where it leads nowhere."""
    last = symbol
    for _ in modules:
        if (
            not isinstance(last, Import)
            or last.path not in modules
            or last.name not in modules[last.path].names
        ):
            break
        last = modules[last.path].names[last.name]
    return symbol if isinstance(last, Import) or last == Known("math") else last


def _lost_imports(module: Module, names: Mapping[str, Symbol]) -> Iterator[Refusal]:
    for symbol in names.values():
        if isinstance(symbol, Import):
            what = f"{symbol.path} has no function or constant {symbol.name!r}"
            yield Refusal(module.path, symbol.line, what, "an import of what is there")


def _imported(module: Module) -> dict[str, int]:
    found: dict[str, int] = {}
    for symbol in module.names.values():
        if isinstance(symbol, Import):
            found.setdefault(symbol.path, symbol.line)
    return found


# -- calls and imports between functions and files ---


def _circles(graph: Mapping[Node, Mapping[Node, int]]) -> Iterator[list[Node]]:
    """Circles in a graph, each from its smallest node on, until none is left without their last edges."""
    edges = {
        node: [target for target in sorted(targets) if target in graph] for node, targets in graph.items()
    }
    for _ in range(MAX_CIRCLES):
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            ring = error.args[1][:0:-1]
            start = ring.index(min(ring))
            ring = ring[start:] + ring[:start]
            edges[ring[-1]].remove(ring[0])
            yield ring
        else:
            return


def _import_circles(modules: Mapping[str, Module]) -> Iterator[Refusal]:
    graph = {path: _imported(module) for path, module in modules.items()}
    for ring in _circles(graph):
        path = ring[0]
        what = f"the imports {' -> '.join([*ring, path])} form a circle, Python cannot load it"
        yield Refusal(
            path, graph[path][ring[1 % len(ring)]], what, "the shared functions in a file of their own"
        )


def _recursions(readings: Mapping[Key, Reading]) -> Iterator[Refusal]:
    for ring in _circles({key: reading.calls for key, reading in readings.items()}):
        line = readings[ring[0]].calls[ring[1 % len(ring)]]
        circle = " -> ".join(_full_name(key) for key in (*ring, ring[0]))
        what = f"the recursion {circle} is not allowed, the stack is uncounted memory"
        yield Refusal(ring[0][0], line, what, "a loop")


def _long_chains(readings: Mapping[Key, Reading]) -> Iterator[Refusal]:
    """Refuse calls within calls that hold too many values at once: 16 of 32 would hold a hidden layer."""
    held: dict[Key, int] = {}
    for key in TopologicalSorter(
        {key: sorted(reading.calls) for key, reading in readings.items()}
    ).static_order():
        below = max((held[callee] for callee in readings[key].calls), default=0)
        held[key] = below + readings[key].registers
        if held[key] > MAX_CHAIN >= below:
            what = f"{key[1]} and what it calls hold {held[key]} values of at most {MAX_CHAIN} at once"
            yield Refusal(
                key[0], readings[key].line, f"{what}, registers are not memory", "lists, or fewer calls deep"
            )


def _full_name(key: Key) -> str:
    return f"{Path(key[0]).stem}.{key[1]}"


# -- the champion ---


def _check_champion(sources: Mapping[str, str], modules: Mapping[str, Module]) -> Iterator[Refusal]:
    if CHAMPION not in sources:
        yield Refusal(CHAMPION, 1, "this file is missing", "METHOD and HYPERPARAMETERS into it")
        return
    try:
        champion = parse_champion(sources[CHAMPION])
    except PolicyError as error:
        yield error.refusal
        return
    path = f"{METHODS}{champion.method}.py"
    if path in modules:
        yield from _check_protocol(modules, path)
    elif path not in sources:
        what = f"METHOD names {champion.method!r}, and {path} is not there"
        yield Refusal(CHAMPION, champion.line, what, "an existing one")


def _check_protocol(modules: Mapping[str, Module], path: str) -> Iterator[Refusal]:
    """The champion's method has the three functions that the training loop calls, its own or imported."""
    for name, (parameters, gives) in PROTOCOL.items():
        signature = f"def {name}({', '.join(parameters)})".replace("tracker", "tracker=NO_TRACKER")
        symbol = modules[path].names.get(name)
        function = symbol and _follow(modules, symbol)
        if not isinstance(function, Function):
            yield Refusal(
                path, 1, f"the method has no function {name}, the training loop calls it", signature
            )
            continue
        line = symbol.line if isinstance(symbol, Import) else function.node.lineno
        if function.parameters != parameters or function.needed != len(parameters) - (
            "tracker" in parameters
        ):
            yield Refusal(path, line, f"{name} has other parameters than the training loop gives", signature)
        if function.returns != gives:
            what = f"{name} returns {'no single value' if gives else 'a value'}, the loop needs otherwise"
            yield Refusal(path, line, what, f"{'return <value>' if gives else 'return alone'} in {name}")
