"""What a report is made from: one recorded run and everything that was found beside it, as plain records.

Promises: holds data and does no work. Does not cover: finding it (`commands.reported`), and what the page says of it
(`view`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.profiling import Profile
from harness.records import Experiment
from harness.settings import GateRules
from harness.verify import Problem

Mark = Literal["broken", "warning", "note", "good"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence with what it is: `broken` means that what follows cannot be believed."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer wrote into a finding's front matter, and where that finding lies."""

    status: str
    by: str
    at: str
    note: str
    where: str


@dataclass(frozen=True, slots=True)
class ProfilePair:
    """Profiles of an incumbent and of the candidate that beat it: as many first steps on one instance.

    Attributes:
        missing: why there are none; then both are None.
    """

    before: Profile | None = None
    after: Profile | None = None
    steps: int = 0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What lies beside a kept row.

    Attributes:
        diff: parent to candidate as git prints it; `diff_source` says where it is from when not from git.
        commit: that published it, empty where none is known.
        path: of the finding; empty when the run has no name for files.
    """

    diff: str
    diff_source: str
    commit: str
    path: str
    review: Review | None
    profile: ProfilePair


@dataclass(frozen=True, slots=True)
class Audit:
    """What `python -m harness verify` finds, without measuring."""

    derived: int = 0
    consistent: int = 0
    findings: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the integrity section."""

    name: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class RunSource:
    """One run.

    Attributes:
        chained: the rows' hash chain holds; False: the rows were read one by one, and nothing binds them together.
        unreadable: lines of the ledger that hold no row, each named.
        rules: of the run's task, None where that is not here.
        budget: proposals asked for, None where the run's settings are not here.
        state: whether the run is going on, finished or stopped.
        started, proposer: from the settings, for a run that has no row yet.
    """

    name: str
    rows: tuple[Experiment, ...] = ()
    chained: bool = True
    unreadable: tuple[str, ...] = ()
    audit: Audit = Audit()
    rules: GateRules | None = None
    budget: int | None = None
    state: Statement = Statement("note", "")
    facts: tuple[Fact, ...] = ()
    published: Mapping[int, Published] = field(default_factory=dict)
    started: str = ""
    proposer: str = ""
