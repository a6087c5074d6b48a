"""The shape of the trusted code: which way imports point, and how long things are."""

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "harness"
FILES = sorted([*HARNESS.rglob("*.py"), *(ROOT / "sparse_parity").rglob("*.py"), ROOT / "loop.py"])

# docs/decisions.md says why this one is long.
LONG_FILES = {"harness/memory_trace.py"}

BASE = {"records", "errors", "settings", "crash_points", "totals"}
# Deep modules: each may use the base, itself, and nothing else of ours. `memory_trace` and `rewrite` are the two halves
# of the trace, `marks` what a profile adds to the second; `sandbox` is the parent's side of the children, `confine` the
# children's own, and they speak over `channel`.
DEEP = {
    "git": {"scratch"},
    "ledger": set(),
    "edits": set(),
    "policy": set(),
    "task": {"strict_yaml"},
    "judge": set(),
    "energy": {"strict_yaml"},
    "strict_yaml": set(),
    "memory_trace": set(),
    "float_names": set(),
    "plain_form": set(),
    "marks": {"float_names", "plain_form"},
    "rewrite": {"memory_trace", "float_names", "plain_form"},
    "interpreter": set(),  # the second opinion on `rewrite` and `memory_trace`: it may know neither
    "channel": set(),
    "confine": {"channel"},
    "sandbox": {"channel", "confine"},
    "interrupt": set(),
    "predictions": set(),
    "progress": set(),
    "scratch": set(),
}
MIDDLE = {"measure", "contract", "gate", "briefing", "opinion"}
MIDDLE |= {"proposers", "finding", "verify", "profiling", "doctor", "report"}
TOP = {"run", "redteam", "experiment", "console", "flags", "brief", "dry_run", "cli", "commands", "__main__"}
CHILD_ONLY = {"worker"}


def name(path):
    return str(path.relative_to(ROOT))


def module_of(path):
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


def harness_imports(path):
    """Names of the harness's modules that a file imports, `git` for harness.git.command."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("harness.")}
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "harness":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {a.name for a in node.names}
    return found


def functions(path):
    return [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("path", sorted(HARNESS.rglob("*.py")), ids=name)
def test_imports_point_one_way(path):
    module, imported = module_of(path), harness_imports(path)
    if module in BASE or module == "__init__":
        allowed = BASE
    elif module in DEEP:
        allowed = BASE | {module} | DEEP[module]
    elif module in MIDDLE:
        allowed = BASE | set(DEEP) | MIDDLE
    elif module in CHILD_ONLY:
        allowed = {"channel", "confine", "interpreter", "marks", "memory_trace", "rewrite"}
    else:
        assert module in TOP, f"{module}: give it a layer"
        allowed = BASE | set(DEEP) | MIDDLE | TOP
    assert imported <= allowed, f"{name(path)} imports {sorted(imported - allowed)}"


def dotted_imports(path):
    """Every module that a file may import, and every name from one: `harness.confine.launch`, however it is written."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nobody_imports_the_scripts_of_children_and_the_worker_is_all_that_loads_candidates():
    scripts = {"harness.worker", "harness.confine.launch", "harness.doctor.prober"}
    importers = {name(path): scripts & set(dotted_imports(path)) for path in FILES}
    assert not {path: found for path, found in importers.items() if found}
    loaders = {name(path) for path in FILES if "harness.rewrite" in dotted_imports(path)}
    assert loaders == {"harness/worker.py"}


def test_the_harness_never_imports_the_package_under_study():
    for path in HARNESS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(m.split(".")[0] == "sparse_parity" for m in modules), name(path)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_are_short(path):
    limit = 200 if "sparse_parity" in path.parts else 300
    if name(path) not in LONG_FILES:
        assert len(path.read_text().splitlines()) <= limit


def test_functions_are_short():
    lengths = [length for path in FILES for _, length in functions(path)]
    assert median(lengths) <= 10
    assert quantiles(lengths, n=10)[-1] <= 30
    too_long = [(name(p), f, n) for p in FILES for f, n in functions(p) if n > 45]
    assert not too_long


def test_the_loop_is_readable_without_scrolling():
    assert len((ROOT / "loop.py").read_text().splitlines()) <= 100


@pytest.mark.parametrize("path", FILES, ids=name)
def test_importing_has_no_effect(path):
    """At module level stand definitions, constants and imports; no calls that do something."""
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.If)
    allowed += (ast.Assign, ast.AnnAssign, ast.AugAssign)
    for node in ast.parse(path.read_text()).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert isinstance(node, allowed) or is_docstring, f"{name(path)}:{node.lineno}"
