"""A run as it looks from outside, from its ledger and private folder: at work, stopped, killed, or ended.

Promises: only reads, locks nothing; a writer at work is not disturbed. Does not cover: whether the rows are true
(`python -m harness verify`), and the stage in progress, which is on no disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness import ledger as ledgers
from harness.errors import BadInputError
from harness.git import Repository
from harness.ledger.holder import Holder, read_holder
from harness.progress import Watched
from harness.records import Experiment
from harness.run import Settings, harness_hash, proposals_done, read_settings
from harness.run.names import (
    LEDGER,
    LOCK,
    RESULTS,
    SETTINGS,
    is_run_name,
    ledger_path,
    run_folder,
    runs_folder,
)
from harness.run.worktime import Worked, WorkTime
from harness.totals import Tally

State = Literal["running", "unknown", "killed", "stopped", "ended", "recorded"]
"""`unknown`: its process is on another machine. `stopped`: by Ctrl-C, --max-hours or a pause. `recorded`: only its
committed ledger is here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there of a run.

    Attributes:
        settings: None where only a committed ledger is here.
        holder: who works on it, or did when it was killed.
        torn: bytes of a last line that is not whole and that nobody is writing.
        worked_hours: over all starts, as last noted: what --max-hours is held against.
    """

    name: str
    state: State
    rows: Sequence[Experiment]
    settings: Settings | None
    holder: Holder | None
    torn: int
    worked_hours: float = 0.0


def begun_names(repository: Repository) -> list[str]:
    """The runs of this repository's private folder, the one that was worked on last first."""
    folders = [path.parent for path in runs_folder(repository).glob(f"*/{SETTINGS}")]
    return [folder.name for folder in sorted(folders, key=_last_change, reverse=True) if is_run_name(folder.name)]


def recorded_names(repository: Repository) -> list[str]:
    """The runs whose ledger is committed in results/."""
    names = (path.parent.name for path in (repository.root / RESULTS).glob(f"*/{LEDGER}"))
    return sorted(filter(is_run_name, names))


def is_at_work(repository: Repository, name: str) -> bool:
    """Whether a process of this machine works on that run."""
    holder = read_holder(run_folder(repository, name) / LOCK)
    return holder is not None and holder.is_alive is True


def state_of(holder: Holder | None, done: int, budget: int) -> State:
    """Where a run stands whose settings are here, after `done` of `budget` proposals."""
    if holder is None:
        return "ended" if done >= budget else "stopped"
    states: dict[bool | None, State] = {True: "running", False: "killed", None: "unknown"}
    return states[holder.is_alive]


def see_run(repository: Repository, name: str) -> Seen:
    """The run of that name.

    Raises:
        ArdentError: there is none, or its ledger cannot be believed.
    """
    folder = run_folder(repository, name)
    if is_run_name(name) and (folder / SETTINGS).exists():
        return _look_inside(folder, name)
    committed = repository.root / ledger_path(name)
    if is_run_name(name) and committed.exists():
        return Seen(name, "recorded", _read(committed, name)[0], None, None, 0)
    known = ", ".join(sorted({*begun_names(repository), *recorded_names(repository)}))
    raise BadInputError(f"run {name!a}: no such run here; known are: {known or '(none)'}")


def _look_inside(folder: Path, name: str) -> Seen:
    holder = read_holder(folder / LOCK)  # before the ledger: who ended meanwhile has written all of it
    settings = read_settings(folder)
    rows, torn = _read(folder / LEDGER, name)
    state = state_of(holder, proposals_done(rows), settings.budget)
    worked = WorkTime.read(folder, rows).before / 3600
    return Seen(name, state, rows, settings, holder, 0 if state in {"running", "unknown"} else torn, worked)


def _read(path: Path, name: str) -> tuple[Sequence[Experiment], int]:
    """The whole lines of a ledger, and how many bytes come after them: a writer at work, or a crash."""
    try:
        rows = ledgers.Ledger.peek(path, (Tally, Watched, Worked), harness_hash()).rows
        return rows, path.stat().st_size - rows.length if path.exists() else 0
    except ledgers.LedgerError as error:
        raise ledgers.LedgerError(f"run {name}: {error}") from None


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder / SETTINGS, folder / LEDGER) if path.exists())
