"""What a method is: three plain functions over explicit state; and how methods and champion are found.

Promises: an unknown method or a malformed champion is a `ParityError` of one line. Does not cover: whether a
method learns, or stays within the gate's subset of Python.
"""

import ast
import importlib
import pkgutil
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from sparse_parity import methods
from sparse_parity.tracker import NO_TRACKER, Tracker

State = dict[str, Any]
"""A record: constant names; values are numbers, lists of numbers, or lists of rows of numbers."""

Hp = dict[str, float]
"""Hyperparameters by name. All methods here read `hidden`, `lr` and `wd`."""


class ParityError(Exception):
    """Trouble that the user can mend, told in one line."""


class Method(Protocol):
    """A module of `methods/`."""

    def init(self, n_bits: int, k_sparse: int, hp: Hp, rng: random.Random) -> State:
        """A fresh state, with all randomness drawn from `rng`."""

    def step(self, state: State, x: list[float], y: float, hp: Hp, tracker: Tracker = NO_TRACKER) -> None:
        """Learn from one sample, in place. `x` belongs to the caller, who reuses it: copy to keep it."""

    def predict(self, state: State, x: list[float], hp: Hp) -> float:
        """A finite number whose sign is the label (0 counts as +1). The state stays as it is."""


@dataclass(frozen=True, slots=True)
class Champion:
    """What `champion.py` names."""

    method: str
    hp: Hp


def list_methods() -> list[str]:
    """The names of all method files."""
    return sorted(module.name for module in pkgutil.iter_modules(methods.__path__))


def load_method(name: str) -> Method:
    """Import a method by the name of its file.

    Raises:
        ParityError: there is no such file, or it lacks one of the three functions.
    """
    if name not in list_methods():
        known = ", ".join(list_methods())
        raise ParityError(f"method {name!r}: there is no such file in methods/; choose from {known}")
    module = importlib.import_module(f"sparse_parity.methods.{name}")
    missing = [function for function in ("init", "step", "predict") if not hasattr(module, function)]
    if missing:
        raise ParityError(f"methods/{name}.py: {missing[0]}() is missing; write init, step and predict")
    return cast("Method", module)


CHAMPION = Path(__file__).with_name("champion.py")


def read_champion(path: Path = CHAMPION) -> Champion:
    """Read `champion.py` as literals, without running it.

    Raises:
        ParityError: it holds anything but METHOD (a name) and HYPERPARAMETERS (numbers by name).
    """
    try:
        statements = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise ParityError(f"{path.name}: line {error.lineno}: {error.msg}") from None
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL byte
        raise ParityError(f"{path.name}: cannot be read: {error}") from None
    found: dict[str, Any] = {}
    for node in statements:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = _literal(value, path)
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                raise ParityError(f"{path.name}: line {node.lineno} is no literal; write NAME = value")
    method, hp = found.pop("METHOD", None), found.pop("HYPERPARAMETERS", None)
    if found or not isinstance(method, str) or not _is_hp(hp):
        raise ParityError(f"{path.name}: set METHOD to a name, HYPERPARAMETERS to numbers by name, no more")
    return Champion(method, hp)


def _literal(node: ast.expr, path: Path) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ParityError(f"{path.name}: line {node.lineno} is no literal; write the value itself") from None


def _is_hp(hp: object) -> bool:
    if not isinstance(hp, dict):
        return False
    return all(isinstance(name, str) and type(value) in {int, float} for name, value in hp.items())
