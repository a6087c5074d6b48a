"""One cheat as data, and the words to write cheats with.

An attack is a proposal's edits against `sparse_parity/methods/standard.py` with the champion of `tests.attacks.lab`.
The expected stage and a fragment of the reason say *why* it must be refused: refused for another reason is a failure.
`lure` names what the attack buys where only that number is judged; for attacks that are measured, the test asserts it.

Cheats that only start on inputs of 8 bits pass the tests stage, which uses 3, 6 and 20: they show that what is believed
is measured.
"""

from dataclasses import dataclass
from typing import Literal

from harness.records import Edit, Metric, Outcome, Stage

STANDARD = "sparse_parity/methods/standard.py"
CHAMPION = "sparse_parity/champion.py"
NEW = "sparse_parity/methods/trick.py"

FORWARD = "    h_pre, h, out = forward(state, x, tracker)\n"
FIRES = "    dout = -y\n"
ANSWER = "    return out\n"
INIT = "    return init_mlp(n_bits, hp, rng)\n"
HEAD = "from sparse_parity.model import descend, descend_row, forward, init_mlp\n"
END = "    update_layer2(state, dW2, db2, hp, tracker)\n"
HERE = "len(x) == 8"  # the benchmark's inputs and no test's


@dataclass(frozen=True, slots=True)
class Attack:
    """One cheat, and the verdict it must get."""

    name: str
    family: str
    edits: tuple[Edit, ...]
    stage: Stage
    reason: str
    outcomes: tuple[Outcome, ...] = ("invalid",)
    lure: Metric | Literal[""] = ""


def change(old: str, new: str, path: str = STANDARD) -> Edit:
    """Replace a part of a file that occurs once."""
    return Edit("replace", path, old, new)


def before(line: str, *code: str) -> tuple[Edit, ...]:
    """Insert lines of a function before one of its lines."""
    return (change(line, "".join(f"    {part}\n" for part in code) + line),)


def at_top(code: str, *more: Edit) -> tuple[Edit, ...]:
    """Insert lines after the imports, at the module's level."""
    return (change(HEAD, HEAD + code), *more)


def when_measured(line: str, *code: str) -> tuple[Edit, ...]:
    """Insert lines that run on the benchmark and in no test."""
    return before(line, f"if {HERE}:", *(f"    {part}" for part in code))


def refused(name: str, family: str, edits: tuple[Edit, ...], reason: str) -> Attack:
    """An attack that the policy reads and refuses."""
    return Attack(name, family, edits, "policy", reason)


def caught(name: str, family: str, edits: tuple[Edit, ...], reason: str) -> Attack:
    """An attack that the policy and the tests let through, and that is caught while it is measured."""
    return Attack(name, family, edits, "screen", reason)


def useless(name: str, edits: tuple[Edit, ...], reason: str, lure: Metric, stage: Stage = "screen") -> Attack:
    """An attack that is measured in full and gains nothing that counts."""
    return Attack(name, "dilution", edits, stage, reason, ("discarded",), lure)
