"""Opening a run: a new one, or an unfinished one where it was left.

Promises: one process at a time works on a run; a run of which nothing was measured yet begins afresh, from today's
HEAD and today's files; what is on disk is only believed after the checks of `ledger` and `branch`. Does not cover: what
to do with an open run.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from harness import crash_points, doctor
from harness import ledger as ledgers
from harness import task as tasks
from harness.briefing.ledger import DeadEnds
from harness.errors import ArdentError, BadInputError
from harness.gate import Bench
from harness.git import Repository
from harness.predictions import Score
from harness.progress import Watched
from harness.proposers.search_history import Searched
from harness.run import Run, Settings, Standing, Wanted, harness_hash, read_settings, trusted_files
from harness.run.branch import check_branch, is_closed, is_rejected
from harness.run.names import (
    LEDGER,
    LOCK,
    SETTINGS,
    attempts_of,
    is_run_name,
    ledger_path,
    ref_of,
    run_folder,
)
from harness.run.replayed import as_recorded, recorded_rows, recorded_seeds
from harness.run.worktime import Worked, WorkTime
from harness.settings import Task
from harness.totals import Spend, Tally, Total, Trees

# What is asked of all rows at each experiment, kept in step with the ledger and in its checkpoint.
TOTALS: tuple[type[Total], ...] = (Tally, Trees, Spend, Standing, Score, DeadEnds, Searched, Watched, Worked)
_PROPOSAL = b'"kind":"proposal"'  # text inside a row is escaped: the mark stands once in a proposal's row


@contextmanager
def open_run(root: Path, wanted: Wanted, say: Callable[[str], None] = lambda _: None) -> Iterator[Run]:
    """Open the run that the user wants. Nothing is on its branch until its baseline is measured.

    `say` is told what takes longer than a second.

    Raises:
        ArdentError: the repository, the run or the input is in no state to go on; one line with the fix.
    """
    repository = _open_repository(root)
    task = tasks.load(root, wanted.task)
    repository.private_dir()  # before any folder in it, for it is this user's only
    name = _named(repository, wanted)
    folder = run_folder(repository, name)
    ledgers.make_folder(folder)
    crash_points.reach("folder-made")
    refs = (ref_of(name), attempts_of(name))
    with (
        ledgers.exclusive_lock(folder / LOCK, f"run {name}"),
        repository.alone_on(refs, folder / "git") as repository,
    ):
        crash_points.reach("locked")
        ledger = ledgers.Ledger.open(folder / LEDGER, TOTALS, harness_hash(), say)
        task_sha256 = tasks.task_hash(task)
        if ledger.rows:
            settings = _resumed(folder, wanted, task_sha256)
        else:
            settings = _started(name, repository, wanted, task_sha256)
            settings = replace(settings, sandbox=doctor.examine_briefly().summary())
        run = _run_of(repository, folder, settings, ledger, task)
        run.check_harness()
        check_branch(run)
        if ledger.cut:
            raise ArdentError(ledger.cut)
        ledgers.write_durably(folder / SETTINGS, json.dumps(asdict(settings), indent=1).encode())
        try:
            yield run
        finally:
            ledger.close()
            if not ledger.rows:  # nothing was measured: the name is free again
                (folder / SETTINGS).unlink(missing_ok=True)
                crash_points.reach("settings-gone")
            elif folder.exists():
                run.worked.note()


def peek_run(root: Path, name: str | None, task: str, proposer: str, budget: int) -> Run:
    """The run that would be opened, as it stands: nothing is locked, checked or written, not even a folder.

    Raises:
        ArdentError: the repository, the task or the run cannot be read.
    """
    repository = Repository.open(root, allow_in_progress=True)
    loaded = tasks.load(root, task)
    wanted = Wanted(name, task, proposer, None, budget)
    folder = run_folder(repository, _named(repository, wanted))
    ledger = ledgers.Ledger.peek(folder / LEDGER, TOTALS, harness_hash())
    if ledger.rows:
        settings = replace(read_settings(folder), budget=budget)
    else:
        settings = _started(folder.name, repository, wanted, tasks.task_hash(loaded))
    return _run_of(repository, folder, settings, ledger, loaded)


def _run_of(repository: Repository, folder: Path, settings: Settings, ledger: ledgers.Ledger, task: Task) -> Run:
    seeds = recorded_seeds(recorded_rows(repository.root, settings.replay)) if settings.takes_seeds else {}
    bench = Bench(task, trusted_files(repository, settings.baseline), bytes.fromhex(settings.secret), seeds)
    worked = WorkTime.read(folder, ledger.rows)
    return Run(repository, folder, settings, ledger, bench, harness_hash(), bool(ledger.rows), worked)


def _open_repository(root: Path) -> Repository:
    repository = Repository.open(root)
    if repository.root.resolve() != root.resolve():
        raise ArdentError(
            f"{root}: not the top of its repository, which is {repository.root}; clone Ardent into a folder of its own"
        )
    return repository


def _named(repository: Repository, wanted: Wanted) -> str:
    name = _choose_name(repository, wanted) if wanted.run is None else wanted.run
    if not is_run_name(name):
        raise BadInputError(f"--run {name!r}: use lower-case letters and digits, single . _ - between them, at most 41")
    return name


def _choose_name(repository: Repository, wanted: Wanted) -> str:
    """The unfinished run of the same task and proposer, else the next free number."""
    number = 1
    while True:
        name = f"{wanted.task.lower()}-{number}"
        folder = run_folder(repository, name)
        if (folder / SETTINGS).exists():
            settings = read_settings(folder)
            if _is_same(settings, wanted) and not _is_finished(folder, repository, settings):
                return name
        elif _is_free(repository, name):
            return name
        number += 1


def _is_free(repository: Repository, name: str) -> bool:
    """Whether no branch and no committed ledger (of a run that was merged) has that name."""
    branch = repository.ref(ref_of(name))
    return branch is None and not repository.has_file(repository.head(), ledger_path(name))


def _is_same(settings: Settings, wanted: Wanted) -> bool:
    return (settings.task, settings.proposer, settings.replay) == (wanted.task, wanted.proposer, wanted.replay) and (
        wanted.seed is None or wanted.seed == settings.seed
    )


def _is_finished(folder: Path, repository: Repository, settings: Settings) -> bool:
    """Whether the budget is used and the branch has the whole ledger, or a review closed the run. Only looks."""
    known, more, tip = ledgers.glance(folder / LEDGER, Tally, _PROPOSAL)
    done = more + (known.proposals if known else 0)
    is_done = done >= settings.budget and is_closed(repository, settings, tip)
    return is_done or is_rejected(repository, settings.run)


def _started(name: str, repository: Repository, wanted: Wanted, task_sha256: str) -> Settings:
    seed = wanted.seed
    secret = secrets.token_bytes(32) if seed is None else hashlib.sha256(f"ardent run secret {seed}".encode()).digest()
    settings = Settings(
        run=name,
        task=wanted.task,
        task_sha256=task_sha256,
        proposer=wanted.proposer,
        baseline=repository.head(),
        secret=secret.hex(),
        seed=seed,
        budget=wanted.budget,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        replay=wanted.replay,
        max_hours=wanted.max_hours,
        max_usd=wanted.max_usd,
    )
    return as_recorded(settings, repository) if wanted.replay else settings


def _resumed(folder: Path, wanted: Wanted, task_sha256: str) -> Settings:
    settings = read_settings(folder)
    if settings.task_sha256 != task_sha256 or settings.task != wanted.task:
        raise BadInputError(
            f"--run {settings.run}: it was started on another task or another version of tasks/{settings.task}.yaml; "
            f"add --task {settings.task} and undo that change, or choose another --run"
        )
    for flag, theirs, ours in (
        ("--proposer", settings.proposer, wanted.proposer),
        ("--seed", settings.seed, settings.seed if wanted.seed is None else wanted.seed),
        ("--replay", settings.replay, wanted.replay),
    ):
        if theirs != ours:
            said = "no such flag" if theirs in (None, "") else f"{flag} {theirs}"
            raise BadInputError(f"{flag} {ours}: run {settings.run} was started with {said}; choose another --run")
    return replace(settings, budget=wanted.budget, max_hours=wanted.max_hours, max_usd=wanted.max_usd)
