"""A full disk at each write: the loop stops with one line, and goes on to the same end when there is space again.

`PYTHONPATH=. python tests/harness/full_disk.py [--inodes] [--all-on-it] [--proposer claude] [--json]`, as root: a
project on a small tmpfs that has room for one page (with `--inodes`: one file) more at each trial, until a run goes
through. Each trial must end with exit code 1 and one line that says what to do; leave the ledger as it was or longer by
whole rows, and no missing object; and come to the state of an undisturbed run once the disk has space.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from tests.harness.crash_matrix import uninterrupted
from tests.harness.loops import clean_environment, copy_project, make_user_project, scripted
from tests.harness.project import git
from tests.harness.run_state import differences
from tests.harness.scripts import KEPT, POLICY
from tests.harness.sittings import Scripted, ledger_of, paid

PAGE = 4096
PLENTY = 2**28


@dataclass(frozen=True)
class Trial:
    """What a run said that had `room` pages or files to write; `wrong` is empty where all was as it must be."""

    room: int
    said: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Disk:
    """A tmpfs whose size is set while it is in use."""

    place: Path

    def leave(self, *, pages=None, inodes=None):
        """Leave room for that much more; None: plenty."""
        used = os.statvfs(self.place)
        size = PLENTY if pages is None else (used.f_blocks - used.f_bfree + pages) * used.f_frsize
        files = 2**20 if inodes is None else used.f_files - used.f_ffree + inodes
        mount("-o", f"remount,size={size},nr_inodes={files}", str(self.place))


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@contextmanager
def disk(place):
    """A new one, empty."""
    place.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={PLENTY},nr_inodes={2**20},mode=0700", "tmpfs", str(place))
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def try_room(project, folder, how, room, expected, unit, *, elsewhere):
    """One trial; None when the room was enough."""
    with disk(folder) as small:
        root = copy_project(project, small.place)
        how.begin(root)
        before = ledger_of(root)
        with temporary_elsewhere(root) if elsewhere else nullcontext():
            prepare(root, how)
            small.leave(**{unit: room})
            full = how.sit(root, None)
            small.leave()
        if full.done.returncode == 0:
            return None
        wrong = [*wrong_end(full.done), *wrong_state(root, before)]
        last = how.sit(root, None)
        if (last.done.returncode, last.done.stderr) != (0, ""):
            return Trial(room, full.done.stderr.strip(), (*wrong, f"then stopped: {last.done.stderr.strip()}"))
        wrong += [*differences(expected, how.state(root)), *how.wrongs(root, [full, last])]
        return Trial(room, full.done.stderr.strip(), tuple(wrong))


def wrong_end(done):
    """What was wrong with how the command ended."""
    if done.returncode != 1:
        yield f"exit code {done.returncode}"
    if len(done.stderr.splitlines()) != 1 or not done.stderr.startswith("error: "):
        yield "not one line"
    if "space" not in done.stderr.replace("No space left on device", "") and "mend that" not in done.stderr:
        yield "no way out is named"


def wrong_state(root, before):
    """What was half-written."""
    after = ledger_of(root)
    path = root / ".git" / "ardent" / "runs" / "x" / "ledger.jsonl"
    if not after.startswith(before):
        yield "a row was lost"
    if path.exists() and path.read_bytes() != after:
        yield "the ledger ends with half a row"
    if git(root, "fsck", "--connectivity-only", "--no-dangling"):
        yield "an object is missing"


@contextmanager
def temporary_elsewhere(root):
    """The folder for temporary files is a disk of its own: what is written to the repository fills the small one."""
    with disk(root.parent / "home" / "tmp"):
        yield


def prepare(root, how):
    """Write what is not the loop's while there is room."""
    clean_environment(root)
    if isinstance(how, Scripted):
        scripted(root, how.entries)


def every_trial(project, folder, how, unit, rooms, *, elsewhere):
    """More and more room, until it is enough."""
    expected, _ = uninterrupted(project, folder / "whole", how)
    for room in rooms:
        trial = try_room(project, folder / f"disk {room}", how, room, expected, unit, elsewhere=elsewhere)
        if trial is None:
            return
        yield trial


def kind(said):
    """An error line without what differs from trial to trial."""
    return re.sub(r"/\S*|[0-9a-f]{12,}|'[^']*'", "*", said.removeprefix("error: "))[:150]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--proposer", choices=("scripted", "claude"), default="scripted")
    parser.add_argument("--inodes", action="store_true", help="room for files instead of pages")
    parser.add_argument("--all-on-it", action="store_true", help="the folder for temporary files too")
    parser.add_argument("--first", type=int, default=0, help="room of the first trial")
    parser.add_argument("--step", type=int, default=1, help="pages or files more at each trial")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    model = paid(1) if arguments.proposer == "claude" else nullcontext(Scripted([KEPT, POLICY]))
    trials = []
    with tempfile.TemporaryDirectory() as name, model as how:
        folder = Path(name)
        project = make_user_project(folder)
        rooms = count(arguments.first, arguments.step)
        unit, elsewhere = "inodes" if arguments.inodes else "pages", not arguments.all_on_it
        for trial in every_trial(project, folder, how, unit, rooms, elsewhere=elsewhere):
            trials.append(trial)
            if not arguments.json:
                print(f"{trial.room:4} {unit}: {', '.join(trial.wrong) or 'fine'}: {trial.said}", flush=True)
    if arguments.json:
        print(json.dumps([asdict(trial) for trial in trials]))
    else:
        for said, often in Counter(kind(trial.said) for trial in trials).most_common():
            print(f"{often:4} times  {said}")
        print(f"{len(trials)} trials, {sum(not trial.wrong for trial in trials)} fine")
    return int(any(trial.wrong for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
