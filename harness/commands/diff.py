"""`python -m harness diff RUN OTHER`: whether two recorded runs are the same, as a replay must be.

Promises: every field of every row is compared, exactly, but names, times, the machine, and the hashes of commits and
rows, which follow from names and times; in place of a commit's hash its code is compared, and the commits of the two
branches one by one. Does not cover: whether either run holds (`python -m harness verify`).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path

from harness.cli import Parser
from harness.commands import counted
from harness.commands.recorded import Code, RecordedRun, read_run, run_names
from harness.errors import BadInputError
from harness.git import Repository
from harness.records import Experiment
from harness.run.commits import published_commits
from harness.run.names import ref_of
from harness.verify import Problem
from harness.verify.comparison import differing, shown

ASIDE = frozenset({"run", "tip", "started", "seconds", "environment", "parent", "commit"})
# The same for every row of a run: where they differ, row 0 says it once.
OF_THE_RUN = frozenset({"schema", "task", "task_sha256", "harness_sha256"})
Published = tuple[tuple[int, str], ...]  # row and commit
SAID = "aside: names, times, the machine, and the hashes of commits and rows"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing two runs: in how many rows and commits, and what differs."""

    run: str
    other: str
    rows: int
    commits: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def main(argv: list[str], root: Path) -> int:
    """Compare two runs. 0 if they are the same, else 1."""
    parser = Parser(prog="python -m harness diff", description=_ABOUT)
    parser.add_argument("run", metavar="RUN", help="a run that has a ledger here")
    parser.add_argument("other", metavar="OTHER", help="another one, such as a replay of it")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    arguments = parser.parse_args(argv)
    repository = Repository.open(root, allow_in_progress=True)
    found = compare(repository, *(_read(repository, name) for name in (arguments.run, arguments.other)))
    if arguments.json:
        print(json.dumps({"command": "diff", "same": not found.problems, **asdict(found)}, indent=2, allow_nan=False))
    else:
        print("\n".join(_lines(found)))
    return int(bool(found.problems))


_ABOUT = (
    "Compare two recorded runs value by value: the audit of a replay. Exit code 0: they are the same, names, times, "
    "machine and hashes aside; 1: they are not, and each difference is named by row and field."
)


def _read(repository: Repository, name: str) -> RecordedRun:
    run_names(repository, name)  # raises where there is none
    run = read_run(repository, name)
    if not run.rows:
        why = str(run.problems[0]) if run.problems else "nothing was measured in it yet"
        raise BadInputError(f"{name}: {why}; see: python -m harness verify --run {name}")
    return run


def compare(repository: Repository, run: RecordedRun, other: RecordedRun) -> Comparison:
    """The two runs row by row, then their branches commit by commit."""
    code, problems = Code(repository), []
    known = {field: (left, right) for field, left, right in differing(run.rows[0], other.rows[0], "")}
    for number, (one, two) in enumerate(zip_longest(run.rows, other.rows)):
        if one is None or two is None:
            lengths = f"{counted(len(run.rows), 'row')} in run {run.name}, {len(other.rows)} in run {other.name}"
            problems.append(Problem(number, "row", lengths))
            break
        for field, left, right in _of_rows(code, one, two):
            if field == "evidence.opinion.words" and None in (run.draws, other.draws):
                continue
            if number == 0 or field not in OF_THE_RUN or known.get(field) != (left, right):
                said = f"{shown(left)} in run {run.name}, {shown(right)} in run {other.name}"
                problems.append(Problem(number, field, said))
    commits = [_published(repository, each) for each in (run, other)]
    if None not in commits:
        problems += _of_branches(code, run, other, *[each or () for each in commits])
    notes = tuple(_notes(code, run, other))
    return Comparison(run.name, other.name, len(run.rows), len(commits[0] or ()), tuple(problems), notes)


def _of_rows(code: Code, one: Experiment, two: Experiment) -> Iterator[tuple[str, object, object]]:
    for field, left, right in differing(one, two, ""):
        is_time = field.endswith(".seconds") or (field.startswith("seconds_by_stage") and isinstance(left, float))
        if field not in ASIDE and not is_time:
            yield field, left, right
    for name in ("parent", "commit"):
        ours, theirs = (code.at(getattr(row, name)) if getattr(row, name) else {} for row in (one, two))
        if None not in (ours, theirs) and ours != theirs:
            yield name, _paths(ours, theirs), _paths(theirs, ours)


def _paths(files: dict[str, str] | None, others: dict[str, str] | None) -> str:
    """The files that the others do not have so."""
    mine, known = files or {}, others or {}
    return f"other code in {', '.join(sorted(p for p in mine if known.get(p) != mine[p])) or 'files that it lacks'}"


def _published(repository: Repository, run: RecordedRun) -> Published | None:
    """What the run's branch holds, oldest first; None where it has none here."""
    ref = ref_of(run.name)
    if repository.ref(ref) is None:
        return None
    commits = published_commits(repository, run.name, run.rows[0].commit, ref)
    return tuple((commit.number, commit.sha) for commit in reversed(commits))


def _of_branches(
    code: Code, run: RecordedRun, other: RecordedRun, ours: Published, theirs: Published
) -> Iterator[Problem]:
    ours_rows, theirs_rows = [number for number, _ in ours], [number for number, _ in theirs]
    if ours_rows != theirs_rows:
        said = f"after rows {ours_rows} in run {run.name}, {theirs_rows} in run {other.name}"
        yield Problem(None, "commits of the branch", said)
        return
    for (number, one), (_, two) in zip(ours, theirs, strict=True):
        if code.at(one) != code.at(two):
            yield Problem(number, "commit on the branch", f"{one[:12]} and {two[:12]} hold different code")


def _notes(code: Code, run: RecordedRun, other: RecordedRun) -> Iterator[str]:
    commits = {commit for each in (run, other) for row in each.rows for commit in (row.parent, row.commit) if commit}
    missing = sum(code.at(commit) is None for commit in commits)
    if missing:
        yield f"{counted(missing, 'commit')} not in this repository; there the recorded hash of the code was compared"
    if None in (run.draws, other.draws) and any(row.evidence.opinion for row in run.rows):
        yield "a secret is not here, so second opinions were asked for on other instances; that they agree was compared"
    if run.rows[0].environment != other.rows[0].environment:
        yield f"measured in: {run.rows[0].environment}; and in: {other.rows[0].environment}"


def _lines(found: Comparison) -> list[str]:
    heads = f"run {found.run} and run {found.other}: "
    if found.problems:
        lines = [f"{heads}{problem}" for problem in found.problems]
        lines.append(f"{heads}{counted(len(found.problems), 'difference')} ({SAID})")
    else:
        compared = f"{counted(found.rows, 'row')}, {counted(found.commits, 'commit')} on the branch"
        lines = [f"{heads}{compared}, no difference ({SAID})"]
    return [*lines, *(f"{heads}note: {note}" for note in found.notes)]
