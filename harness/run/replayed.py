"""What a replay takes from the run that it repeats: its rows, where it began, and its instances.

Promises: only reads. Does not cover: asking for the recorded proposals again (`proposers`), and whether the two runs
are the same (`python -m harness diff`).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import ledger as ledgers
from harness.errors import BadInputError
from harness.git import Repository
from harness.judge import in_order
from harness.records import Experiment
from harness.run import Settings, harness_hash, read_settings
from harness.run.names import LEDGER, SETTINGS, is_run_name, ledger_path, run_folder
from harness.totals import Tally


def as_recorded(settings: Settings, repository: Repository) -> Settings:
    """A replay starts where the recorded run started. Its instances are drawn with that run's secret; where that is not
    known, they are those of its rows.

    Raises:
        BadInputError: nothing is recorded of that run, or on another task.
    """
    first = _first_row(repository.root, settings.replay)
    if (first.task, first.task_sha256) != (settings.task, settings.task_sha256):
        raise BadInputError(
            f"--replay {settings.replay}: it ran on another task or another version of it ({first.task}); "
            f"add --task {first.task}, and bring that version back"
        )
    settings = replace(settings, baseline=repository.resolve(first.commit))
    folder = run_folder(repository, settings.replay)
    if settings.seed is None and (folder / SETTINGS).exists():
        recorded = read_settings(folder)
        return replace(settings, secret=recorded.secret, seed=recorded.seed, takes_seeds=recorded.takes_seeds)
    return replace(settings, takes_seeds=settings.seed is None)


def _first_row(root: Path, name: str) -> Experiment:
    rows = recorded_rows(root, name)
    if not rows:
        raise BadInputError(f"--replay {name}: nothing was measured in that run; name another")
    return rows[0]


def recorded_rows(root: Path, name: str) -> ledgers.StoredRows:
    """The rows of a run of this repository: from its private folder, else from results/<run>/ledger.jsonl.

    Raises:
        BadInputError: there is no such run.
    """
    private = run_folder(Repository.open(root, allow_in_progress=True), name)
    for path in (private / LEDGER, root / ledger_path(name)):
        if is_run_name(name) and path.exists():
            found = ledgers.Ledger.peek(path, (Tally,), harness_hash())
            if found.recovered:
                raise BadInputError(f"--replay {name}: {found.recovered}; start that run again, which sets it aside")
            return found.rows
    raise BadInputError(f"--replay {name}: no such run; see: git branch --list 'research/*'")


def recorded_seeds(rows: Sequence[Experiment]) -> dict[tuple[str, ...], str]:
    """The seed of every instance that a run recorded, by what the gate drew it for."""
    seeds: dict[tuple[str, ...], str] = {}
    for row in rows:
        if row.kind == "baseline":
            seeds[str(row.number), "screen"] = row.evidence.screen[0].seed
        for index, each in enumerate(in_order(row.evidence)):
            seeds[str(row.number), "confirm", row.tree_sha256, str(index)] = each.seed
    return seeds
