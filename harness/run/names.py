"""How a run is named, and where what belongs to it lies: its branch, its private folder, its ledger.

Promises: pure; a name that `is_run_name` takes makes a valid branch and a plain folder. Does not cover: whether any of
it is there.
"""

import re
from pathlib import Path

from harness.git import Repository

SETTINGS = "run.json"
LEDGER = "ledger.jsonl"
LOCK = "lock"
TRANSCRIPTS = "transcripts"
BRANCHES = "refs/heads/research/"
RESULTS = "results"
_NAME = re.compile(r"[a-z0-9](?:[._-]?[a-z0-9]){0,40}")  # what git takes in a ref, on a disk that ignores case too


def is_run_name(name: str) -> bool:
    """Whether a run may have that name: one that makes a valid branch and a plain folder."""
    return len(name) <= 41 and _NAME.fullmatch(name) is not None and not name.endswith(".lock")


def branch_of(name: str) -> str:
    """The research branch of a run."""
    return f"research/{name}"


def ref_of(name: str) -> str:
    """The same as a full ref."""
    return f"{BRANCHES}{name}"


def attempts_of(name: str) -> str:
    """The folder of the refs that keep what the run tried."""
    return f"refs/experiments/{name}/"


def ledger_path(name: str) -> str:
    """Where the ledger of a run lies on its research branch."""
    return f"{RESULTS}/{name}/{LEDGER}"


def runs_folder(repository: Repository) -> Path:
    """The private folder of all runs."""
    return repository.private / "runs"


def run_folder(repository: Repository, name: str) -> Path:
    """The private folder of a run."""
    return runs_folder(repository) / name
