"""`python -m harness report`: recorded runs as one self-contained page, for the morning.

Promises: only reads, but for the page; each run is audited as it is now, and what does not hold is on the page. Does
not cover: measuring findings again (`verify --rerun`), and deciding about them (`review`).
"""

import json
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.cli import Parser
from harness.commands import counted
from harness.commands.profiled import DEFAULT_PROFILES
from harness.commands.reported import find_run, known_runs
from harness.errors import BadInputError
from harness.finding.prose import show_code
from harness.flags import steps_above_zero
from harness.git import Repository
from harness.report.page import Made, render
from harness.report.source import RunSource
from harness.run import harness_hash

OUT = Path("results/report.html")


@dataclass(frozen=True, slots=True)
class ReportArguments:
    """What was asked for; --help says what each means."""

    runs: tuple[str, ...]
    out: Path | None
    profiles: int
    json: bool


def main(argv: list[str], root: Path) -> int:
    """Write the page; 0 when it is written, whatever it has to say."""
    arguments = _arguments(argv)
    repository = Repository.open(root, allow_in_progress=True)
    names = _names(repository, arguments.runs)
    sources = [find_run(repository, name, arguments.profiles, _say) for name in names]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    made = Made(at, shlex.join(["python", "-m", "harness", "report", *argv]), harness_hash())
    path = root / OUT if arguments.out is None else arguments.out
    size = _write(path, render(sources, made))
    print(_document(path, size, sources) if arguments.json else "\n".join([*map(_line, sources), _written(path, size)]))
    return 0


def _arguments(argv: list[str]) -> ReportArguments:
    parser = Parser(prog="python -m harness report", description=_ABOUT)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="these runs, in this order (default: all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"where the page goes (default: {OUT})")
    asked = parser.add_mutually_exclusive_group()
    how = "profile the newest N findings before and after, in the sandbox (default: %(default)s, a second each)"
    asked.add_argument("--profiles", type=steps_above_zero, default=DEFAULT_PROFILES, metavar="N", help=how)
    asked.add_argument("--no-profile", action="store_const", dest="profiles", const=0, help="measure nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    found = parser.parse_args(argv)
    return ReportArguments(tuple(dict.fromkeys(found.runs)), found.out, found.profiles, found.json)


_ABOUT = (
    "Write one self-contained HTML page of recorded runs: what was found and how sure that is, what was tried and "
    "died, what it cost, and whether the record holds. It needs no server and no network: open it from the disk."
)


def _names(repository: Repository, asked: tuple[str, ...]) -> tuple[str, ...]:
    known = known_runs(repository)
    for name in asked:
        if name not in known:
            raise BadInputError(f"report {name}: no such run here; known are: {', '.join(known) or '(none)'}")
    return asked or known


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(path: Path, page: str) -> int:
    """The page as bytes; how many."""
    data = page.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"--out {path}: {error.strerror}; name a file that can be written") from None
    return len(data)


def _problems(source: RunSource) -> int:
    return len(source.audit.problems) + len(source.unreadable)


def _line(source: RunSource) -> str:
    wrong = _problems(source)
    held = f"{counted(wrong, 'problem')}: see the page" if wrong else "everything holds"
    name = show_code(source.name)
    return f"run {name}: {counted(len(source.rows), 'row')}, {counted(len(source.published), 'finding')}; {held}"


def _written(path: Path, size: int) -> str:
    return f"{path} ({size / 1000:,.0f} kB): open it in a browser"


def _document(path: Path, size: int, sources: list[RunSource]) -> str:
    runs = [
        {
            "run": source.name,
            "rows": len(source.rows),
            "findings": len(source.published),
            "holds": not _problems(source),
            "problems": [*source.unreadable, *map(str, source.audit.problems)],
        }
        for source in sources
    ]
    return json.dumps({"command": "report", "file": str(path), "bytes": size, "runs": runs}, indent=2, allow_nan=False)
