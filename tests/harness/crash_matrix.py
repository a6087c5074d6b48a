"""Kill the loop at each passage of a crash point, go on with the same command, and compare with a run nobody killed.

`PYTHONPATH=. python tests/harness/crash_matrix.py [--every N] [--again]` prints a row a passage: the point, the
experiment at work, and whether ledger, branch, refs, findings and working tree came out the same. `--again` kills the
second command too, at the third point that it passes.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.crash_points import VARIABLE
from tests.harness.loops import (
    comparable,
    copy_project,
    make_user_project,
    processes_of,
    rows_of,
    run_loop,
    scripted,
    snapshot,
    wait_until,
)
from tests.harness.project import git
from tests.harness.scripts import EVERY_END

_CHANGING = re.compile(r"[0-9a-f]{12,64}|\d+(?:\.\d+)? s\b|\d{4}-\d\d-\d\d(?:T[\d:+]+)?")
KILLED = -9
HARNESS = Path(__file__).resolve().parents[2] / "harness"


@dataclass(frozen=True)
class Outcome:
    """What became of one trial; `differs` names what was not as in the uninterrupted run."""

    passage: int
    point: str
    experiment: int
    differs: tuple[str, ...]


def points_in_source(folder):
    """The names of the points in the code below a folder; that of a stage up to its dash."""
    reach = re.compile(r'crash_points\.reach\(f?"([a-z-]+)')
    return {name for path in folder.rglob("*.py") for name in reach.findall(path.read_text())}


def final_state(root, run="x"):
    """What a run leaves behind, times and hashes aside, by what it is."""
    tree = git(root, "ls-tree", "-r", "--name-only", f"research/{run}").splitlines()
    texts = {path: git(root, "show", f"research/{run}:{path}") for path in tree if is_generated(path)}
    refs = git(root, "for-each-ref", "--format=%(refname)").splitlines()
    trees = [git(root, "rev-parse", f"{ref}:sparse_parity") for ref in refs if ref.startswith("refs/experiments/")]
    return {
        "ledger": comparable(rows_of(root, run)),
        "commits": git(root, "log", "--format=%s", f"main..research/{run}"),
        "files": tree,
        "findings": {path: steady(path, text) for path, text in texts.items()},
        "refs": refs,
        "candidates": trees,
        "user": snapshot(root),
        "lock": (root / ".git" / "ardent" / "runs" / run / "lock").read_text(),
        "private files": sorted(p.name for p in (root / ".git" / "ardent" / "runs" / run).iterdir()),
        "temporary files": sorted(p.name for p in (root.parent / "home" / "tmp").iterdir()),
    }


def steady(path, text):
    """A generated file without what differs from run to run."""
    if path.endswith(".jsonl"):
        return comparable([json.loads(line) for line in text.splitlines()])
    return comparable([json.loads(text)]) if path.endswith(".json") else _CHANGING.sub("*", text)


def is_generated(path):
    return path.startswith(("findings/", "results/")) or path == "DISCOVERIES.md"


def go(root, entries, kill_at=0):
    """The command, killed at that passage; its exit code and the names of the points that it passed."""
    log = root.parent / "passed"
    log.unlink(missing_ok=True)
    done = run_loop(root, *scripted(root, entries), environment={VARIABLE: f"{kill_at} {log}"})
    wait_until(lambda: processes_of(root) == [])  # what candidate code ran dies with its parent
    return done, log.read_text().splitlines() if log.exists() else []


def uninterrupted(project, folder, entries):
    """The final state of a run that nobody killed, and the points that it passed."""
    root = copy_project(project, folder)
    done, passed = go(root, entries)
    assert (done.returncode, done.stderr) == (0, "")
    return final_state(root), passed


def try_passage(project, folder, entries, number, expected, then=()):
    """Kill at that passage, and the commands after it at those of `then`; then run to the end and compare."""
    root = copy_project(project, folder)
    passed = []
    for kill_at in (number, *then):
        done, names = go(root, entries, kill_at)
        assert done.returncode in (KILLED, 0), done.stderr
        assert done.returncode == KILLED or kill_at != number, "the point was not reached"
        passed += names
    done, names = go(root, entries)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = final_state(root)
    differs = [name for name in expected if found[name] != expected[name]]
    allowed = len(entries) + 1 + len(then)  # the proposal at work may be asked for once more a kill
    if Counter(passed + names)["answered"] > allowed:
        differs.append("a proposal was asked for again")
    before = passed[:number]
    return Outcome(number, before[-1], before.count("row-durable"), tuple(differs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th passage only")
    parser.add_argument("--again", action="store_true", help="kill the second command too, at its third point")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = make_user_project(Path(folder))
        expected, passed = uninterrupted(project, Path(folder) / "whole", EVERY_END)
        print(f"{len(EVERY_END)} proposals pass {len(passed)} crash points of {len(set(passed))} kinds")
        wrong = 0
        then = (3,) if arguments.again else ()
        for number in range(1, len(passed) + 1, arguments.every):
            outcome = try_passage(project, Path(folder) / str(number), EVERY_END, number, expected, then)
            wrong += bool(outcome.differs)
            said = ", ".join(outcome.differs) or "the same"
            print(f"{number:4}  {outcome.point:16} experiment {outcome.experiment:2}  {said}", flush=True)
    print(f"{wrong} differ" if wrong else "all the same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
