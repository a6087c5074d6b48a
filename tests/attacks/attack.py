"""One cheat as data, and the words to write cheats with.

An attack is a proposal's edits against `sparse_parity/methods/standard.py` with the champion of `tests.attacks.lab`.
The expected stage and a fragment of the reason say *why* it must be refused: refused for another reason is a failure.
What it would gain with that check switched off is measured by `tests.attacks.unguarded`, or `because` says why not.

Cheats that only start on inputs of 8 bits pass the tests stage, which uses 3, 6 and 20: they show that what is believed
is measured. A takeover begins where a cheat has already won: its lines run inside the worker, as if the candidate had
escaped from its language, and what the parent believes must still be true.
"""

from dataclasses import dataclass
from typing import Literal

from harness.records import Edit, Metric, Outcome, Slack, Stage
from tests.attacks.families import FAMILIES

STANDARD = "sparse_parity/methods/standard.py"
CHAMPION = "sparse_parity/champion.py"
NEW = "sparse_parity/methods/trick.py"

FORWARD = "    h_pre, h, out = forward(state, x, tracker)\n"
FIRES = "    dout = -y\n"
ANSWER = "    return out\n"
INIT = "    return init_mlp(n_bits, hp, rng)\n"
HEAD = "from sparse_parity.model import descend, descend_row, forward, init_mlp\n"
END = "    update_layer2(state, dW2, db2, hp, tracker)\n"
NO_SLACK = Slack()
HERE = "len(x) == 8"  # the benchmark's inputs and no test's


@dataclass(frozen=True, slots=True)
class Attack:
    """One cheat, and the verdict it must get.

    Attributes:
        lure: the number that falls where the check that stops it is off, or where that number alone is judged. "kept"
            says more: without the check the gate keeps it. The suite asserts it.
        off: the check that stops it, a name of `tests.attacks.switches`; empty is the check of its stage.
        because: why its gain cannot be measured; empty where it is.
        takeover: lines that run inside the worker.
        honest: the true gain that it hides behind. It may be kept then, but for no more than its true part.
        costs: it must be charged for: traffic above the incumbent's.
        slack: how much the incumbent has lost already.
        before: proposals of the same run that were tried earlier.
        impatient: judged under short time limits, for what never ends.
    """

    name: str
    family: str
    edits: tuple[Edit, ...]
    stage: Stage
    reason: str
    outcomes: tuple[Outcome, ...] = ("invalid",)
    lure: Metric | Literal["", "kept"] = ""
    off: str = ""
    because: str = ""
    takeover: str = ""
    honest: tuple[Edit, ...] = ()
    costs: bool = False
    slack: Slack = NO_SLACK
    before: tuple[tuple[Edit, ...], ...] = ()
    impatient: bool = False

    def __post_init__(self) -> None:
        assert self.family in FAMILIES, self.family


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


def refused(
    name: str, family: str, edits: tuple[Edit, ...], reason: str, lure: Metric | Literal["", "kept"] = ""
) -> Attack:
    """An attack that the policy reads and refuses."""
    return Attack(name, family, edits, "policy", reason, lure=lure)


def caught(
    name: str,
    family: str,
    edits: tuple[Edit, ...],
    reason: str,
    off: str = "",
    because: str = "",
    lure: Metric | Literal["", "kept"] = "",
) -> Attack:
    """An attack that the policy and the tests let through, and that is caught while it is measured."""
    return Attack(name, family, edits, "screen", reason, lure=lure, off=off, because=because)


def useless(
    name: str,
    edits: tuple[Edit, ...],
    reason: str,
    lure: Metric | Literal[""],
    stage: Stage = "screen",
    family: str = "dilution",
) -> Attack:
    """An attack that is measured in full and gains nothing that counts."""
    return Attack(name, family, edits, stage, reason, ("discarded",), lure)


def charged(name: str, family: str, edits: tuple[Edit, ...]) -> Attack:
    """An access that hopes not to be counted, and is: the same predictions, and more traffic."""
    return Attack(name, family, edits, "screen", "same predictions, no gain", ("discarded",), costs=True)
