"""The runs that this repository has recorded: local ledgers, those committed in results/, those on research branches.

Promises: only reads; the copies of one ledger are compared, and the longest is what is looked at. Does not cover:
whether the rows hold (`verify`) and what was published (`published`).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from harness import ledger as ledgers
from harness import task as tasks
from harness.errors import ArdentError, BadInputError
from harness.git import Repository
from harness.records import Experiment
from harness.run import Settings, editable_files, read_settings
from harness.run.names import (
    BRANCHES,
    LEDGER,
    RESULTS,
    SETTINGS,
    branch_of,
    is_run_name,
    ledger_path,
    ref_of,
    run_folder,
    runs_folder,
)
from harness.settings import Task
from harness.verify import Draws, Problem, differences
from harness.verify.first_task import read_first_task

LOCAL = "the local ledger"
WORKING_TREE = "the working tree"
_SEED = re.compile(rb'(?<="seed":")[0-9a-f]{64}(?=")')


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's ledger and findings lie together: the working tree, or the tip of its research branch.

    Attributes:
        read: bytes of the file at a path, None if there is none.
        rows: of the ledger there.
    """

    label: str
    read: Callable[[str], bytes | None]
    rows: tuple[Experiment, ...]


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run as it was found. `problems` holds what already speaks against its ledger; then `rows` may be empty."""

    name: str
    rows: tuple[Experiment, ...]
    places: tuple[Place, ...]
    draws: Draws | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """The editable files of commits, each read from git once."""

    repository: Repository
    _known: dict[str, dict[str, str] | None] = field(default_factory=dict)

    def at(self, commit: str) -> dict[str, str] | None:
        """Path to text; None if that commit is not in this repository."""
        if commit not in self._known:
            there = has_commit(self.repository, commit)
            self._known[commit] = editable_files(self.repository, commit) if there else None
        return self._known[commit]


def run_names(repository: Repository, only: str | None) -> tuple[str, ...]:
    """The runs that have a ledger in the private folder, in results/ or on their branch; or the one asked for.

    Raises:
        BadInputError: there is no ledger of that run.
    """
    folders = (runs_folder(repository), repository.root / RESULTS)
    found = {path.parent.name for folder in folders for path in folder.glob(f"*/{LEDGER}")}
    names = sorted(found | {name for name in branch_names(repository) - found if _is_on_branch(repository, name)})
    if only is not None and only not in names:
        raise BadInputError(f"--run {only}: no ledger of such a run here; known are: {', '.join(names) or '(none)'}")
    return tuple(names) if only is None else (only,)


def branch_names(repository: Repository) -> set[str]:
    """The runs that have a research branch."""
    return {ref.removeprefix(BRANCHES) for ref in repository.list_refs(BRANCHES.rstrip("/"))}


def _is_on_branch(repository: Repository, name: str) -> bool:
    """Whether the branch of that name holds a ledger: a user's own need not."""
    return is_run_name(name) and repository.has_file(ref_of(name), ledger_path(name))


def read_run(repository: Repository, name: str) -> RecordedRun:
    """The run called `name`, its copies compared."""
    if not is_run_name(name):
        return RecordedRun(name, (), (), None, (Problem(None, "run", "not a name for a run"),))
    readers = _readers(repository, name)
    local = _bytes(run_folder(repository, name) / LEDGER)
    copies = {LOCAL: local} if local is not None else {}
    committed = {label: read(ledger_path(name)) for label, read in readers.items()}
    copies |= {label: data for label, data in committed.items() if data is not None}
    rows, problems = _verified(copies)
    if problems or not rows:
        return RecordedRun(name, (), (), None, tuple(problems))
    longest = LOCAL if LOCAL in copies else max(copies, key=lambda label: len(copies[label]))
    problems = [p for label in copies if label != longest for p in _strays(copies, longest, label)]
    problems += [Problem(row.number, "run", f"is {row.run!r}") for row in rows[longest][:1] if row.run != name]
    places = tuple(Place(label, readers[label], rows[label]) for label in copies if label != LOCAL)
    return RecordedRun(name, rows[longest], places, _draws(repository, name), tuple(problems))


def twins(repository: Repository, run: RecordedRun) -> tuple[str, ...]:
    """The other runs here that confirmed something on this one's instances: a replay, or what it repeats.

    One seed draws other instances for a task of another size.
    """
    seeds = {pair.seed.encode() for row in run.rows for pair in row.evidence.confirm[:1]}
    first = run.rows[0].evidence.screen[:1]
    return tuple(
        name
        for name in run_names(repository, None)
        if name != run.name and is_run_name(name) and first
        if (data := _ledger_bytes(repository, name)) and _holds(data, first[0].seed.encode(), seeds)
        if _may_draw_alike(repository, run.rows[0], data)
    )


def _ledger_bytes(repository: Repository, name: str) -> bytes:
    local = _bytes(run_folder(repository, name) / LEDGER) or _bytes(repository.root / ledger_path(name))
    tip = None if local else repository.ref(ref_of(name))
    return local or (repository.file_bytes(tip, ledger_path(name)) if tip else None) or b""


def _holds(data: bytes, first: bytes, seeds: set[bytes]) -> bool:
    """Whether a ledger begins with that seed and has one of those; as text, because decoding a row takes 0.4 ms."""
    return first in data.partition(b"\n")[0] and not seeds.isdisjoint(_SEED.findall(data))


def _may_draw_alike(repository: Repository, first: Experiment, other: bytes) -> bool:
    """Whether the tasks of the row and of the other ledger are of one size, or one of them is not known."""
    try:
        drawn = [task_of(repository, row) for row in (first, ledgers.decode(other.partition(b"\n")[0] + b"\n", 0))]
    except ledgers.LedgerError:
        return True
    return None in drawn or len({(task.n_bits, task.k_sparse) for task in drawn if task}) == 1


def _readers(repository: Repository, name: str) -> dict[str, Callable[[str], bytes | None]]:
    readers: dict[str, Callable[[str], bytes | None]] = {WORKING_TREE: lambda path: _bytes(repository.root / path)}
    tip = repository.ref(ref_of(name))
    if tip is not None:
        readers[branch_of(name)] = commit_reader(repository, tip)
    return readers


def commit_reader(repository: Repository, commit: str) -> Callable[[str], bytes | None]:
    """Reads the file at a path in that commit, each once: git takes 20 ms."""
    return cache(lambda path: repository.file_bytes(commit, path))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArdentError(f"{path}: {error.strerror}; make it readable") from None


def _verified(copies: Mapping[str, bytes]) -> tuple[dict[str, tuple[Experiment, ...]], list[Problem]]:
    rows: dict[str, tuple[Experiment, ...]] = {}
    problems = []
    for label, data in copies.items():
        try:
            rows[label] = ledgers.verify_bytes(data, LEDGER)
        except ledgers.LedgerError as error:
            problems.append(Problem(None, label, str(error)))
    for whole in list(rows)[:1]:  # a broken copy beside a whole one: the whole one knows what it said
        problems += [p for label in copies if label not in rows for p in _edited(copies, label, whole)]
    return rows, problems


def _edited(copies: Mapping[str, bytes], label: str, whole: str) -> list[Problem]:
    """Where a copy whose chain is broken first differs from one whose chain holds."""
    row, field, what = first_difference(copies[label], copies[whole])
    return [Problem(row, field, f"{what} in {whole}; {label} was changed")] if field else []


def _strays(copies: Mapping[str, bytes], longest: str, label: str) -> list[Problem]:
    """A copy of the ledger is the whole of it, or its beginning."""
    if copies[longest].startswith(copies[label]):
        return []
    row, field, differs = first_difference(copies[longest], copies[label])
    what = f"has another row there ({field}: {differs})" if field else "has rows that are missing there"
    return [Problem(row, "ledger", f"{label} {what}: {longest} must be equal to it, or go on from it")]


def first_difference(ours: bytes, theirs: bytes) -> tuple[int, str, str]:
    """Where two ledgers first differ: row, field and how; the tip only if nothing else. No field: one goes on."""
    pairs = list(zip(ours.split(b"\n")[:-1], theirs.split(b"\n")[:-1], strict=False))
    row = next((at for at, (one, other) in enumerate(pairs) if one != other), len(pairs))
    try:
        differing = [(json.loads(one), json.loads(other)) for one, other in pairs[row : row + 1]]
    except ValueError:
        return row, "line", "not JSON"
    found = [each for one, other in differing for each in differences(one, other, "")]
    return row, *min(found, key=lambda one: (one[0] == "tip", one[0]), default=("", ""))


def _draws(repository: Repository, name: str) -> Draws | None:
    folder = run_folder(repository, name)
    if not (folder / SETTINGS).exists():
        return None
    settings: Settings = read_settings(folder)
    return None if settings.takes_seeds else Draws(bytes.fromhex(settings.secret))


def task_of(repository: Repository, first: Experiment, *, committed: bool = False) -> Task | None:
    """The task that the run was measured with: of the working tree, or of its baseline commit; None if neither is.

    `committed`: of HEAD instead of the working tree.
    """
    if not re.fullmatch(r"[\w.-]+", first.task, re.ASCII):
        return None
    path = f"{tasks.FOLDER}/{first.task}.yaml"
    here = repository.file_bytes("HEAD", path) if committed else _bytes(repository.root / path)
    for data in (here, _at_commit(repository, first.commit, path)):
        task = _task_in(data or b"", first)
        if task is not None:
            return task
    return None


def _task_in(data: bytes, first: Experiment) -> Task | None:
    """The task of the row, if those bytes are its file."""
    try:
        text = data.decode("utf-8")
        if first.schema == 1:
            return read_first_task(text, first.task, first.task_sha256)
        task = tasks.parse(text, first.task)
    except (BadInputError, UnicodeDecodeError):
        return None
    return task if tasks.task_hash(task) == first.task_sha256 else None


def _at_commit(repository: Repository, commit: str, path: str) -> bytes | None:
    return repository.file_bytes(commit, path) if has_commit(repository, commit) else None


def has_commit(repository: Repository, commit: str) -> bool:
    """Whether that commit is in this repository."""
    try:
        return repository.resolve(commit) == commit
    except ArdentError:
        return False
