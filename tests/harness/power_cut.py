"""A power cut at each crash point: what was not synced is gone, and the same command goes on to the same end.

`PYTHONPATH=. python tests/harness/power_cut.py [--fs ext4] [--every N] [--json]`, as root: the project lies on a file
system of its own in an image file, mounted so that only a sync writes to it (its journal is written every 10 minutes).
The loop is killed at a crash point, the image is copied as it is at that moment, which is what the disk would hold, the
copy is mounted (the file system recovers), and the run goes on there and is compared as in the crash matrix. Does not
cover: disks that lie about what they have written, or write it in another order than they were told to.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tests.harness.crash_matrix import Outcome, table
from tests.harness.loops import copy_project, make_user_project, run_folder
from tests.harness.run_state import differences
from tests.harness.scripts import KEPT, POLICY
from tests.harness.sittings import Scripted, ledger_of

SIZES = {"ext4": 2**26, "btrfs": 2**27 + 2**24, "xfs": 2**28 + 2**26}
MAKE = {"ext4": ("mkfs.ext4", "-q", "-F", "-m", "0"), "btrfs": ("mkfs.btrfs", "-q", "-f"), "xfs": ("mkfs.xfs", "-q")}
SLOW = {"ext4": ("-o", "loop,commit=600"), "btrfs": ("-o", "loop,commit=600"), "xfs": ("-o", "loop")}
HOW = Scripted([KEPT, POLICY])


def make_image(path, kind):
    """An empty file system in a file."""
    with path.open("wb") as file:
        file.truncate(SIZES[kind])
    subprocess.run([*MAKE[kind], str(path)], check=True, capture_output=True)


@contextmanager
def mounted(image, place, kind):
    """The image as a folder."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *SLOW[kind], str(image), str(place)], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def copy_image(image, to):
    """As the disk holds it now; holes stay holes."""
    subprocess.run(["cp", "--sparse=always", str(image), str(to)], check=True)
    return to


def prepare(folder, project, kind):
    """An image with the project on it, whole and synced; where the project lies on it."""
    image = folder / "prepared.img"
    make_image(image, kind)
    with mounted(image, folder / "prepared", kind) as place:
        root = copy_project(project, place)
        HOW.begin(root)
        return image, root.relative_to(place)


def cut_at(folder, image, where, number, expected, kind):
    """Kill at that passage, cut the power, and go on; None when the run ended before."""
    with mounted(copy_image(image, folder / "at work.img"), folder / "at work", kind) as place:
        sitting = HOW.sit(place / where, number)
        if not sitting.was_killed:
            return None
        told = ledger_of(place / where)
        left = copy_image(folder / "at work.img", folder / "left.img")
    with mounted(left, folder / "at work", kind) as place:  # the same name, for what names it
        root = place / where
        wrongs = lost_rows(root, told, sitting.passed)
        last = HOW.sit(root)
        if (last.done.returncode, last.done.stderr) != (0, ""):
            wrongs.append(f"stopped: {last.done.stderr.strip()}")
        else:
            wrongs += differences(expected, HOW.state(root))
    return Outcome(sitting.passed[-1], Counter(sitting.passed)["row-durable"], number, tuple(wrongs))


def lost_rows(root, told, passed):
    """What is missing of that which was said to be durable."""
    rows = told.splitlines(keepends=True)
    durable = rows if passed[-1] != "row-written" else rows[:-1]
    with suppress(FileNotFoundError):
        if (run_folder(root, "x") / "ledger.jsonl").read_bytes().startswith(b"".join(durable)):
            return []
    return ["a durable row was lost"] if durable else []


def outcomes(folder, kind, every):
    """Cut the power at every N-th passage."""
    project = make_user_project(folder)
    image, where = prepare(folder, project, kind)
    with mounted(copy_image(image, folder / "whole.img"), folder / "at work", kind) as place:
        whole = HOW.sit(place / where)
        assert (whole.done.returncode, whole.done.stderr) == (0, "")
        expected = HOW.state(place / where)
    for number in range(every, len(whole.passed) + 1, every):
        yield cut_at(folder, image, where, number, expected, kind)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fs", choices=sorted(SIZES), default="ext4")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="cut at every N-th passage only")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    tried = []
    with tempfile.TemporaryDirectory() as name:
        for outcome in outcomes(Path(name), arguments.fs, arguments.every):
            tried.append(outcome)
            if not arguments.json:
                print(f"{outcome.passage:4}  {outcome.point:20} {', '.join(outcome.differs) or 'the same'}", flush=True)
    print(json.dumps([asdict(outcome) for outcome in tried]) if arguments.json else "\n".join(table(tried)))
    return int(any(outcome.differs for outcome in tried))


if __name__ == "__main__":
    sys.exit(main())
