"""`champion.py`, read as literals and never run.

Promises: `parse_champion` returns one method name and finite numbers, or raises one `PolicyError`.
Does not cover: whether the method is there and fits, which needs the other files (`policy`).
"""

import ast
import math
import re
from dataclasses import dataclass, field

from harness.policy.names import PolicyError, Refusal, is_number, is_text
from harness.policy.text import parse
from harness.policy.words import MAX_HYPERPARAMETERS

CHAMPION = "sparse_parity/champion.py"

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Champion:
    """What the gate measures: a method of `methods/`, named at `line`, and its hyperparameters."""

    method: str
    hyperparameters: dict[str, float | int]
    line: int = field(default=1, compare=False)


def parse_champion(text: str) -> Champion:
    """Read `champion.py` without running it: `METHOD` and `HYPERPARAMETERS`, literals both.

    Raises:
        PolicyError: anything else stands there.
    """
    values = _champion_values(parse(CHAMPION, text))
    method, numbers = values["METHOD"], values["HYPERPARAMETERS"]
    if not (
        isinstance(method, ast.Constant) and isinstance(method.value, str) and _KEY.fullmatch(method.value)
    ):
        raise _champion_error(
            method, "METHOD is not the name of a method", 'METHOD = "standard", a file of methods/'
        )
    if not isinstance(numbers, ast.Dict) or len(numbers.keys) > MAX_HYPERPARAMETERS:
        what = f"HYPERPARAMETERS is not a record of at most {MAX_HYPERPARAMETERS} numbers"
        raise _champion_error(numbers, what, 'HYPERPARAMETERS = {"lr": 0.1}')
    return Champion(method.value, _hyperparameters(numbers), method.lineno)


def _champion_values(tree: ast.Module) -> dict[str, ast.expr]:
    values: dict[str, ast.expr] = {}
    instead = "METHOD and HYPERPARAMETERS, each once"
    for place, node in enumerate(tree.body):
        if place == 0 and is_text(node):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        name = target.id if isinstance(target, ast.Name) else ""
        if not isinstance(node, ast.Assign) or name not in ("METHOD", "HYPERPARAMETERS") or name in values:
            raise _champion_error(node, "this statement does not belong here, the file is data", instead)
        values[name] = node.value
    for name in ("METHOD", "HYPERPARAMETERS"):
        if name not in values:
            raise _champion_error(tree, f"{name} is missing", instead)
    return values


def _hyperparameters(node: ast.Dict) -> dict[str, float | int]:
    found: dict[str, float | int] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if not isinstance(name, str) or not _KEY.fullmatch(name) or name in found:
            what = "this key is not a lower-case name, given once"
            raise _champion_error(key or value, what, '"lr": 0.1, of at most 40 letters')
        number = ast.literal_eval(value) if is_number(value) else None
        if number is None or isinstance(number, bool) or not math.isfinite(number):
            what = f"the value of {name!r} is not a finite number of at most 64 bits"
            raise _champion_error(value, what, f'"{name}": 0.1')
        found[name] = number
    return found


def _champion_error(node: ast.AST, what: str, instead: str) -> PolicyError:
    return PolicyError(Refusal(CHAMPION, getattr(node, "lineno", 1), what, instead))
