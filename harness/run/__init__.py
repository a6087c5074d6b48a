"""A run: its settings, secret, ledger and branch, and the incumbent that they add up to.

Promises: everything that a run needs lies in the repository's private folder and on `research/<run>`; the incumbent is
derived from ledger and branch, never remembered. Does not cover: how its parts are called (`names`), opening it
(`opening`), whether ledger and branch belong together (`branch`), what an experiment is (`experiment`).
"""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness import ledger as ledgers
from harness import memory_trace, sandbox
from harness.edits import is_editable
from harness.errors import ArdentError, BadInputError
from harness.gate import TRUSTED_FOLDERS, Bench, Incumbent
from harness.git import Repository
from harness.judge import slack_after
from harness.profiling.rows import profile_rows
from harness.records import Experiment, Pair, Slack
from harness.run.names import LEDGER, SETTINGS, branch_of, ref_of
from harness.run.worktime import WorkTime
from harness.totals import Tally, is_kept, total

HARNESS = Path(__file__).resolve().parents[1]
PROSE_READERS = {"claude"}  # proposers that read the briefing's text, for which the incumbent is profiled


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was started with. `secret` (hex) draws its instances; it never leaves the private folder.

    Attributes:
        baseline: commit that the run started from.
        seed: the user's --seed, None for a random secret.
        budget: proposals asked for, the last --budget given.
        replay: the run whose recorded proposals are repeated, or empty.
        takes_seeds: the replayed run's secret is not known here, so its instances come from the seeds in its rows.
        sandbox: what the doctor's short form saw before the first experiment.
        max_hours, max_usd: the last --max-hours and --max-usd given, None for none. They bind the command, not the run.
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
    sandbox: str = ""
    takes_seeds: bool = False
    max_hours: float | None = None
    max_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for on the command line; None means not said."""

    run: str | None
    task: str
    proposer: str
    seed: int | None
    budget: int
    replay: str = ""
    max_hours: float | None = None
    max_usd: float | None = None


@dataclass(slots=True)
class Standing:
    """Where the rows have brought the incumbent.

    Attributes:
        pair: what decided last, of the baseline or the newest kept proposal. It is known to both sides, so that the
            next screen needs no measurement of the incumbent.
        slack: how far the incumbent lies above the best seen.
    """

    pair: Pair | None = None
    slack: Slack = field(default_factory=Slack)

    def add(self, row: Experiment) -> None:
        """Take in the next row."""
        if self.pair is not None and not is_kept(row):
            return
        pairs = row.evidence.confirm if self.pair else row.evidence.screen
        try:
            self.slack = slack_after(self.slack, row.verdict, pairs) if self.pair else self.slack
            self.pair = pairs[-1]
        except (IndexError, KeyError):
            raise ArdentError(
                f"{LEDGER}: experiment {row.number} was {row.verdict.outcome} without the pairs that it takes; "
                "see: python -m harness verify"
            ) from None


@dataclass(slots=True)
class Run:
    """An open run."""

    repository: Repository
    folder: Path
    settings: Settings
    ledger: ledgers.Ledger
    bench: Bench
    harness_sha256: str
    is_resumed: bool
    worked: WorkTime
    _code: dict[str, dict[str, str]] = field(default_factory=dict)
    _profiles: dict[str, str] = field(default_factory=dict)

    @property
    def branch(self) -> str:
        """Name of the research branch."""
        return branch_of(self.settings.run)

    @property
    def ref(self) -> str:
        """The research branch as a full ref."""
        return ref_of(self.settings.run)

    def tip(self) -> str:
        """The commit that the research branch points to."""
        tip = self.repository.ref(self.ref)
        if tip is None:
            raise ArdentError(f"{self.branch}: the branch is gone; start the same command again for how to restore it")
        return tip

    def code(self, commit: str) -> dict[str, str]:
        """The editable files of a commit, path to text."""
        if commit not in self._code:  # a commit never changes, and git takes 10 ms to show one
            self._code[commit] = editable_files(self.repository, commit)
        return dict(self._code[commit])

    def incumbent(self) -> Incumbent:
        """What the next candidate must beat, derived from the ledger and the branch."""
        tip, standing = self.tip(), total(self.ledger.rows, Standing)
        pair = standing.pair
        assert pair is not None
        return Incumbent(tip, self.code(tip), pair.seed, pair.candidate, standing.slack)

    def profile(self, incumbent: Incumbent) -> str:
        """The incumbent's profile for the briefing, taken once an incumbent; empty where no proposer reads one."""
        if self.settings.proposer not in PROSE_READERS:
            return ""
        if incumbent.commit not in self._profiles:
            rows = profile_rows(self.bench.program(incumbent.sources), self.bench.task, incumbent.screen_seed)
            self._profiles[incumbent.commit] = "\n".join(rows)
        return self._profiles[incumbent.commit]

    def check_harness(self) -> None:
        """Stop if the trusted code is not the one that the run began with: its measurements would not compare."""
        rows = self.ledger.rows
        if harness_hash() != self.harness_sha256 or (rows and rows[-1].harness_sha256 != self.harness_sha256):
            raise ArdentError(
                f"harness/ is not what run {self.settings.run} was measured with so far: undo that change and start "
                "the same command again, or begin another run with --run NAME"
            )


def kept(rows: Sequence[Experiment]) -> list[Experiment]:
    """The experiments that advanced the branch: kept proposals. A kept null row advances nothing."""
    return [rows[position] for position in total(rows, Tally).kept]


def proposals_done(rows: Sequence[Experiment]) -> int:
    """How many experiments count against the budget."""
    return total(rows, Tally).proposals


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
    for needed in ("sparse_parity/model.py", "sparse_parity/champion.py", "tests/sparse_parity/test_"):
        if not any(path.startswith(needed) for path in files):
            missing = f"commit {commit[:12]}: {needed.removesuffix('test_')} is missing"
            raise ArdentError(f"{missing}; begin at a commit that has the whole package")
    return files


def harness_hash() -> str:
    """SHA-256 over the trusted code on disk, compiled or not, and the tables that it reads."""
    digest = hashlib.sha256()
    for path in sorted([*HARNESS.rglob("*.py"), *HARNESS.glob("*.sha256"), *HARNESS.glob("*.yaml")]):
        digest.update(str(path.relative_to(HARNESS)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def environment() -> str:
    """Python, meter, machine and sandbox in one line, for the ledger."""
    meter = "compiled" if memory_trace.compiled else "uncompiled"
    return (
        f"Python {platform.python_version()}; meter {meter}; {platform.system()} {platform.machine()}; "
        f"sandbox: {sandbox.layers()}"
    )


def check_meter() -> str:
    """A note if the meter is not compiled. Raises ArdentError if it was compiled from other source."""
    if not memory_trace.compiled:
        return "note: the meter is not compiled, so 60 times slower; install a C compiler and run: pip install -e ."
    recorded = HARNESS / "memory_trace.sha256"
    actual = hashlib.sha256((HARNESS / "memory_trace.py").read_bytes()).hexdigest()
    if not recorded.exists() or recorded.read_text().strip() != actual:
        raise ArdentError("harness/memory_trace.py: the compiled meter is older than its source; run: pip install -e .")
    return ""


def read_settings(folder: Path) -> Settings:
    """The settings of the run in that folder.

    Raises:
        BadInputError: they are missing or damaged.
    """
    path = folder / SETTINGS
    try:
        settings = msgspec.convert(json.loads(path.read_text("utf-8")), Settings)
        bytes.fromhex(settings.secret)
    except FileNotFoundError:
        raise BadInputError(f"{path}: is missing, so the run cannot go on; start another with --run NAME") from None
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise BadInputError(f"{path}: {error}; the run cannot go on: start another with --run NAME") from None
    return settings
