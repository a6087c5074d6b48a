"""What a run leaves behind, so that two runs can be compared: everything, times and the hashes that hold them aside."""

import fcntl
import json
import os
import re
from pathlib import Path

from tests.harness.loops import comparable, processes_of, rows_of, run_folder, snapshot
from tests.harness.project import git

_CHANGING = re.compile(r"[0-9a-f]{12,64}|\d+(?:\.\d+)? s\b|\d{4}-\d\d-\d\d(?:T[\d:+]+)?")
LOST = ("lost_calls", "lost_dollars")  # of a row's cost: what a kill can have made paid for nothing
# What git and the loop call their own temporary files.
TEMPORARY = ("*.lock", "tmp_*", "fast_import_crash_*", ".*.new", ".reserved", "ardent-*")


def final_state(root, run="x", aside=()):
    """What a run leaves behind, by what it is; `aside` names fields of a row that may differ too."""
    tree = git(root, "ls-tree", "-r", "--name-only", f"research/{run}").splitlines()
    texts = {path: git(root, "show", f"research/{run}:{path}") for path in tree if is_generated(path)}
    refs = git(root, "for-each-ref", "--format=%(refname)").splitlines()
    trees = [git(root, "rev-parse", f"{ref}:sparse_parity") for ref in refs if ref.startswith("refs/experiments/")]
    return {
        "ledger": comparable(rows_of(root, run), *aside),
        "commits": git(root, "log", "--format=%s", f"main..research/{run}"),
        "files": tree,
        "findings and evidence": {path: steady(path, text, aside) for path, text in texts.items()},
        "refs": refs,
        "candidates": trees,
        "working tree, index, HEAD, stashes": snapshot(root),
        "worktrees": len(git(root, "worktree", "list").splitlines()),
        "missing objects": git(root, "fsck", "--connectivity-only", "--no-dangling"),
        "lock": (is_locked(run_folder(root, run)), (run_folder(root, run) / "lock").read_text()),
        "processes": processes_of(root),
        "private files": sorted(path.name for path in run_folder(root, run).iterdir()),
        "temporary files": temporary_files(root),
    }


def steady(path, text, aside=()):
    """A generated file without what differs from run to run."""
    if path.endswith(".jsonl"):
        return comparable([json.loads(line) for line in text.splitlines()], *aside)
    return comparable([json.loads(text)], *aside) if path.endswith(".json") else _CHANGING.sub("*", text)


def is_generated(path):
    return path.startswith(("findings/", "results/")) or path == "DISCOVERIES.md"


def is_locked(folder):
    """Whether a process holds the lock on that folder."""
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def temporary_files(root):
    """What should be gone: in the folder for temporary files, and of git's and the loop's below .git."""
    home = root.parent / "home" / "tmp"
    left = [path for pattern in TEMPORARY for path in (root / ".git").rglob(pattern)]
    return sorted(str(path.relative_to(root.parent)) for path in [*(home.iterdir() if home.exists() else ()), *left])


def whole_lines(path: Path):
    """The bytes of a ledger up to its last whole line; nothing where there is none yet."""
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]


def differences(expected, found):
    """The names of what is not as expected."""
    return tuple(name for name in expected if found[name] != expected[name])
