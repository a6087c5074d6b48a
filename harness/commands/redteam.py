"""`python -m harness redteam`: cheats that the gate must refuse, and honest changes that it must keep.

Promises: exit code 0 only if every attack is refused at the stage and for the reason that it names, and every control
is kept as the win that it is; the repository is not changed. Does not cover: what is in the suite (tests/attacks).
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import redteam
from harness.cli import Parser
from harness.commands import counted
from harness.errors import BadInputError
from harness.git import Repository
from harness.run import check_meter

WIDTHS = (11, 52, 62)


@dataclass(frozen=True, slots=True)
class RedteamArguments:
    """What was asked for; --help says what each means."""

    family: str | None
    json: bool


def main(argv: list[str], root: Path) -> int:
    """Try the suite; 0 if all is as it must be, else 1."""
    arguments = _arguments(argv)
    suite = redteam.suite(root)
    families = suite.FAMILIES
    if arguments.family not in {None, *families}:
        raise BadInputError(f"--family {arguments.family}: no such family; choose one of: {', '.join(families)}")
    check_meter()
    attacks = [a for a in suite.ATTACKS if arguments.family in {None, a.family}]
    controls = suite.CONTROLS if arguments.family is None else ()
    results = list(_watched(suite.results(attacks, _tell), len(attacks), "attack"))
    kept = list(_watched(suite.control_results(controls), len(controls), "control"))
    print(_document(results, kept) if arguments.json else _table(results, kept))
    is_as_it_must = not any(row.objection for row in (*results, *kept))
    if is_as_it_must and arguments.family is None:
        redteam.note_passed(Repository.open(root, allow_in_progress=True))
    return int(not is_as_it_must)


def _arguments(argv: list[str]) -> RedteamArguments:
    parser = Parser(prog="python -m harness redteam", description=_ABOUT)
    parser.add_argument("--family", metavar="F", help="the attacks of one family only, and no controls")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return RedteamArguments(**vars(parser.parse_args(argv)))


_ABOUT = (
    "Try every cheat of tests/attacks on the gate. Each is shown with what it gains where the one check that stops it "
    "is taken out of a copy of the harness, and with the stage and the reason that end it. Then honest changes are "
    "tried, which must be kept as the win that they are. About ten minutes; progress goes to standard error. Exit code "
    "0: every attack is refused and every control is kept. Before a proposer that costs money asks for its first "
    "proposal, the loop tries one attack of each family by itself, unless the harness as it is has passed before."
)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _watched(rows: Any, total: int, noun: str) -> Any:
    """The rows as they come, with one line of progress each on standard error."""
    for number, row in enumerate(rows, 1):
        mark = f"WRONG: {row.objection}" if row.objection else "ok"
        _tell(f"{noun} {number}/{total}  {row.family}: {row.name}  {mark}")
        yield row


def _table(results: Sequence[Any], kept: Sequence[Any]) -> str:
    head = _row("family", "attack", "gains without its check", "with it")
    lines = [head, *(_row(r.family, r.name, r.gain, _end(r)) for r in results)]
    lines += [""] * bool(kept) + [_row("control", r.name, r.gain, _end(r)) for r in kept]
    wrong = [row for row in (*results, *kept) if row.objection]
    said = f"{len(wrong)} not as they must be" if wrong else "every attack refused, every control as it must be"
    lines += ["", f"{counted(len(results), 'attack')}, {counted(len(kept), 'control')}: {said}"]
    return "\n".join(line.rstrip() for line in lines)


def _row(*cells: str) -> str:
    cut = [c if len(c) <= w else c[: w - 1] + "…" for c, w in zip(cells, WIDTHS, strict=False)]
    return "  ".join([*(f"{c:<{w}}" for c, w in zip(cut, WIDTHS, strict=True)), cells[-1]])


def _end(row: Any) -> str:
    if row.objection:
        return f"WRONG: {row.objection}"
    reason = row.reason if len(row.reason) <= 100 else row.reason[:99] + "…"
    return f"{row.stage}: {reason}"


def _document(results: Sequence[Any], kept: Sequence[Any]) -> str:
    rows = {"attacks": [asdict(r) for r in results], "controls": [asdict(r) for r in kept]}
    wrong = sum(bool(r.objection) for r in (*results, *kept))
    return json.dumps({"command": "redteam", "wrong": wrong, **rows}, indent=2, allow_nan=False)
