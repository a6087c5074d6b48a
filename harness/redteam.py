"""The attack suite of this repository, and whether the harness as it stands has withstood it.

Promises: a run whose proposer costs money begins only where the harness has passed the suite, or its quick part, as it
is now; what has passed is known by the hash of the harness, in the repository's private folder. The suite lies in
tests/attacks, which is trusted as the harness is. Does not cover: what the attacks are.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.errors import ArdentError
from harness.git import Repository
from harness.ledger import write_durably
from harness.run import Run, harness_hash

SUITE = "tests/attacks/suite.py"
PASSED = "redteam-passed"
COSTS_MONEY = frozenset({"claude"})


def suite(root: Path) -> Any:
    """The module tests.attacks.suite of the project at `root`.

    Raises:
        ArdentError: it is not there.
    """
    if not (root / SUITE).is_file():
        raise ArdentError(f"{SUITE}: is missing, so nothing can be attacked; run this in a clone of the repository")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return import_module("tests.attacks.suite")


def has_passed(repository: Repository) -> bool:
    """Whether the harness as it is now has passed."""
    path = repository.private_dir() / PASSED
    return path.is_file() and path.read_text("ascii", "replace").strip() == harness_hash()


def note_passed(repository: Repository) -> None:
    """Remember the harness as it is now."""
    write_durably(repository.private_dir() / PASSED, harness_hash().encode("ascii"))


def before_spending(root: Path, run: Run, say: Callable[[str], None]) -> None:
    """Try the quick part of the suite if the run's proposer costs money and the harness changed since it last passed.

    Raises:
        ArdentError: an attack is not refused as it must be, or an honest control is not kept.
    """
    if run.settings.proposer not in COSTS_MONEY or has_passed(run.repository):
        return
    attacks = suite(root)
    chosen = attacks.quick()
    say(f"redteam: the harness is new or has changed, so {len(chosen)} attacks come before the first token")
    for result in attacks.refusals(chosen):
        if result.objection:
            raise ArdentError(
                f"redteam: the attack {result.name!r} is not refused as it must be ({result.objection}); "
                "nothing was spent; see: python -m harness redteam"
            )
    say(f"redteam: all {len(chosen)} refused")
    note_passed(run.repository)
