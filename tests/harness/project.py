"""A small copy of this project in a repository of its own, in which a gate takes about two seconds.

The task `tiny` is solved after exactly 300 samples, whatever the instance, so half the hidden units is a win at the
first look. Its error rate is loose on purpose: with three pairs no strict interval would be narrow enough.
"""

import io
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from harness import commands
from harness.cli import guarded

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("harness", "prompts", "sparse_parity", "tasks", "tests/sparse_parity")
FILES = (".gitignore", "loop.py")
SKIPPED = shutil.ignore_patterns("__pycache__", "*.c", "*.pyc")
CHAMPION = "sparse_parity/champion.py"
HIDDEN = 32
CHAMPION_TEXT = f'''"""What the gate measures."""

METHOD = "standard"
HYPERPARAMETERS = {{"hidden": {HIDDEN}, "lr": 0.1, "wd": 0.01}}
'''
TINY = """n_bits: 10
k_sparse: 2
n_train: 150
n_validation: 100
n_test: 100
target: 0.9
check_every: 300
max_epochs: 20
min_reads: 200
time_limit_s: 60
memory_mb: 512
tests_time_limit_s: 60
rules:
  wins: [ard, movement, accuracy]
  min_gain: 0.005
  alpha: 0.2
  exact_gain: 0.0002
  exact_spread: 0.25
  guard_level: 0.2
  first_look: 3
  max_instances: 3
  screen_margin: 0.5
  accuracy_tolerance: 0.1
  traffic_tolerance: 0.01
  predict_tolerance: 0.01
  null_every: 0
"""


def make_project(tmp_path: Path) -> Path:
    """The project in `tmp_path`/project, committed on branch main, with tasks/tiny.yaml and a small champion."""
    root = tmp_path / "project"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=SKIPPED)
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    (root / "tasks" / "tiny.yaml").write_text(TINY)
    (root / CHAMPION).write_text(CHAMPION_TEXT)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "A User")
    git(root, "config", "user.email", "user@example.org")
    commit_all(root, "The package")
    return root


def git(root: Path, *arguments: str) -> str:
    """Output of a git command that must succeed."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(root))
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout.strip()


def commit_all(root: Path, message: str) -> str:
    """Commit everything of the working tree; the hash."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--no-verify", f"--message={message}")
    return git(root, "rev-parse", "HEAD")


def python(root: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run this Python in the project: `python(root, "-m", "harness", "check")`."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=root, env=environment(root), capture_output=True, text=True, timeout=timeout, check=False
    )


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def harness(root: Path, *arguments: str) -> Done:
    """A command of `python -m harness` on that project, in this process: as `python(...)`, in half the time."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(lambda: commands.main(list(arguments), root))
    return Done(code, out.getvalue(), err.getvalue())


def environment(root: Path) -> dict[str, str]:
    """The environment without other repositories, keys and terminals, importing from the project only."""
    foreign = ("GIT_", "ANTHROPIC_", "PYTEST_", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PYTHONPATH": str(root), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def set_hidden(root: Path, hidden: int) -> None:
    """Change the champion's hidden units in the working tree."""
    text = (root / CHAMPION).read_text()
    (root / CHAMPION).write_text(text.replace(f'"hidden": {HIDDEN}', f'"hidden": {hidden}'))
