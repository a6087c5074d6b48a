"""A run: its settings, secret, ledger and branch, opened fresh or taken up where it was left.

Promises: everything that a run needs lies in the repository's private folder and on `research/<run>`; the user's checkout,
index and HEAD are never touched; one process at a time works on a run; what a killed process left undone is finished when the
run is opened again. Does not cover: what an experiment is (`experiment`).
"""

import hashlib
import json
import platform
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness import ledger as ledgers
from harness import memory_trace, sandbox
from harness import task as tasks
from harness.edits import is_editable
from harness.errors import ArdentError, BadInputError
from harness.gate import TRUSTED_FOLDERS, Bench, Incumbent
from harness.git import Repository
from harness.judge import slack_after
from harness.records import Experiment, Slack

SETTINGS = "run.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
HARNESS = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was started with. `secret` (hex) draws its instances; it never leaves the private folder.

    Attributes:
        baseline: commit that the run started from.
        seed: the user's --seed, None for a random secret.
        budget: proposals asked for so far, the largest --budget given.
        replay: the run whose recorded proposals are repeated, or empty.
    """

    run: str
    task: str
    task_sha256: str
    proposer: str
    baseline: str
    secret: str
    seed: int | None
    budget: int
    started: str
    replay: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for on the command line; None means not said."""

    run: str | None
    task: str
    proposer: str
    seed: int | None
    budget: int
    replay: str = ""


@dataclass(slots=True)
class Run:
    """An open run. `incumbent` changes when an experiment is kept."""

    repository: Repository
    folder: Path
    settings: Settings
    ledger: ledgers.Ledger
    bench: Bench
    harness_sha256: str
    is_resumed: bool

    @property
    def branch(self) -> str:
        """Name of the research branch."""
        return f"research/{self.settings.run}"

    @property
    def ref(self) -> str:
        """The research branch as a full ref."""
        return f"refs/heads/{self.branch}"

    def tip(self) -> str:
        """The commit that the research branch points to."""
        tip = self.repository.ref(self.ref)
        if tip is None:
            raise ArdentError(f"{self.branch}: the branch is gone; restore it with: git branch {self.branch} <commit>")
        return tip

    def incumbent(self) -> Incumbent:
        """What the next candidate must beat, derived from the ledger and the branch."""
        tip = self.tip()
        rows = self.ledger.rows
        pair, slack = rows[0].evidence.screen[0], Slack()
        for row in kept(rows):
            # The pair that decided last is known to both: the next screen needs no measurement of the incumbent.
            pair, slack = row.evidence.confirm[-1], slack_after(slack, row.verdict)
        return Incumbent(tip, editable_files(self.repository, tip), pair.seed, pair.candidate, slack)

    def check_harness(self) -> None:
        """Stop if the trusted code changed while the run was going on: its measurements would not compare."""
        if harness_hash() != self.harness_sha256:
            raise ArdentError("harness/ changed while the run was going on; start the same command again")


def kept(rows: tuple[Experiment, ...]) -> list[Experiment]:
    """The experiments that advanced the branch: kept proposals. A kept null row advances nothing."""
    return [r for r in rows if r.kind == "proposal" and r.verdict.outcome == "kept"]


def proposals(rows: tuple[Experiment, ...]) -> list[Experiment]:
    """The experiments that count against the budget."""
    return [r for r in rows if r.kind == "proposal"]


def editable_files(repository: Repository, commit: str) -> dict[str, str]:
    """The editable files of a commit, path to text."""
    files = repository.files(commit, ["sparse_parity"])
    return {path: text for path, text in files.items() if is_editable(path)}


def trusted_files(repository: Repository, commit: str) -> dict[str, str]:
    """The package and the contract tests at a commit.

    Raises:
        ArdentError: the commit lacks them.
    """
    files = {path: text for path, text in repository.files(commit, TRUSTED_FOLDERS).items() if path.endswith(".py")}
    for needed in ("sparse_parity/model.py", "sparse_parity/champion.py"):
        if needed not in files:
            raise ArdentError(f"commit {commit[:12]}: {needed} is missing; run from a commit that has the whole package")
    return files


def harness_hash() -> str:
    """SHA-256 over the trusted code on disk, compiled or not."""
    digest = hashlib.sha256()
    for path in sorted([*HARNESS.rglob("*.py"), *HARNESS.glob("*.sha256")]):
        digest.update(str(path.relative_to(HARNESS)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def environment() -> str:
    """Python, meter, machine and sandbox in one line, for the ledger."""
    meter = "compiled" if memory_trace.compiled else "uncompiled"
    return (
        f"Python {platform.python_version()}; meter {meter}; {platform.system()} {platform.machine()}; "
        f"sandbox: {sandbox.LAYERS}"
    )


def check_meter() -> str:
    """A note if the meter is not compiled. Raises ArdentError if it was compiled from other source."""
    if not memory_trace.compiled:
        return "note: the meter is not compiled and about 60 times slower; install a C compiler and run: pip install -e ."
    recorded = HARNESS / "memory_trace.sha256"
    actual = hashlib.sha256((HARNESS / "memory_trace.py").read_bytes()).hexdigest()
    if not recorded.exists() or recorded.read_text().strip() != actual:
        raise ArdentError("harness/memory_trace.py: the compiled meter is older than its source; run: pip install -e .")
    return ""


# -- opening --------------------------------------------------------------------------------------------------------


@contextmanager
def open_run(root: Path, wanted: Wanted) -> Iterator[Run]:
    """Open the run that the user wants: a new one, or an unfinished one where it was left.

    Raises:
        ArdentError: the repository, the run or the input is in no state to go on; one line with the fix.
    """
    repository = Repository.open(root)
    task = tasks.load(root, wanted.task)
    runs = repository.private_dir() / "runs"
    runs.mkdir(exist_ok=True)
    name = wanted.run or _choose_name(runs, repository, wanted)
    if not NAME.fullmatch(name):
        raise BadInputError(f"--run {name}: use lower-case letters, digits, dots, dashes (at most 41)")
    folder = runs / name
    is_resumed = (folder / SETTINGS).exists()
    if not is_resumed and repository.ref(f"refs/heads/research/{name}") is not None:
        raise ArdentError(
            f"branch research/{name} exists, but this repository has no record of such a run; choose another --run, "
            f"or delete it with: git branch -D research/{name}"
        )
    folder.mkdir(exist_ok=True)
    with ledgers.exclusive_lock(folder / "lock", f"run {name}"):
        if is_resumed:
            settings = _resumed(folder, wanted, tasks.task_hash(task))
        else:
            settings = _started(name, repository, wanted, tasks.task_hash(task))
        ledgers.write_durably(folder / SETTINGS, json.dumps(asdict(settings), indent=1).encode())
        _ensure_branch(repository, settings)
        bench = Bench(task, trusted_files(repository, settings.baseline), bytes.fromhex(settings.secret))
        ledger = ledgers.Ledger.open(folder / "ledger.jsonl")
        yield Run(repository, folder, settings, ledger, bench, harness_hash(), is_resumed)


def _choose_name(runs: Path, repository: Repository, wanted: Wanted) -> str:
    """The unfinished run of the same task and proposer, else the next free number."""
    number = 1
    while True:
        name = f"{wanted.task}-{number}"
        if (runs / name / SETTINGS).exists():
            settings = read_settings(runs / name)
            if _is_same(settings, wanted) and _proposals_done(runs / name) < settings.budget:
                return name
        elif repository.ref(f"refs/heads/research/{name}") is None:
            return name
        number += 1


def _is_same(settings: Settings, wanted: Wanted) -> bool:
    return (settings.task, settings.proposer, settings.replay) == (wanted.task, wanted.proposer, wanted.replay) and (
        wanted.seed is None or wanted.seed == settings.seed
    )


def _proposals_done(folder: Path) -> int:
    path = folder / "ledger.jsonl"
    return len(proposals(ledgers.Ledger.open(path).rows)) if path.exists() else 0


def read_settings(folder: Path) -> Settings:
    """The settings of the run in that folder."""
    path = folder / SETTINGS
    try:
        return msgspec.convert(json.loads(path.read_text("utf-8")), Settings)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise BadInputError(f"{path}: {error}; the run cannot go on: start another with --run NAME") from None


def _started(name: str, repository: Repository, wanted: Wanted, task_sha256: str) -> Settings:
    seed = wanted.seed
    secret = secrets.token_bytes(32) if seed is None else hashlib.sha256(f"ardent run secret {seed}".encode()).digest()
    return Settings(
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
    )


def _resumed(folder: Path, wanted: Wanted, task_sha256: str) -> Settings:
    settings = read_settings(folder)
    if settings.task_sha256 != task_sha256 or settings.task != wanted.task:
        raise BadInputError(
            f"--run {settings.run}: it was started on another task or another version of tasks/{wanted.task}.yaml; "
            "undo that change, or choose another --run"
        )
    for flag, theirs, ours in (
        ("--proposer", settings.proposer, wanted.proposer),
        ("--seed", settings.seed, settings.seed if wanted.seed is None else wanted.seed),
        ("--replay", settings.replay, wanted.replay),
    ):
        if theirs != ours:
            raise BadInputError(f"{flag} {ours}: run {settings.run} was started with {theirs}; choose another --run")
    return replace(settings, budget=max(settings.budget, wanted.budget))


def _ensure_branch(repository: Repository, settings: Settings) -> None:
    branch = f"research/{settings.run}"
    where = repository.branch_checked_out_at(branch)
    if where is not None:
        raise ArdentError(f"{branch} is checked out in {where}; switch that checkout to another branch first")
    if repository.ref(f"refs/heads/{branch}") is None:
        repository.move_ref(f"refs/heads/{branch}", settings.baseline, None)


def recorded_rows(root: Path, name: str) -> tuple[Experiment, ...]:
    """The rows of a run of this repository: from its private folder, else from results/<run>/ledger.jsonl.

    Raises:
        BadInputError: there is no such run.
    """
    folder = Repository.open(root, allow_in_progress=True).private_dir() / "runs" / name
    for path in (folder / "ledger.jsonl", root / "results" / name / "ledger.jsonl"):
        if path.exists():
            return ledgers.read(path)
    raise BadInputError(f"--replay {name}: no such run; see: git branch --list 'research/*'")

