"""Stop the running loop at random moments, again and again within one run, and compare with a run nobody stopped.

`PYTHONPATH=. python tests/harness/random_kills.py [--kills 100] [--seed 1] [--json]` goes on until that many starts of
the command were stopped before their end: every process of it killed at once as a power cut or the kernel would, or the
loop alone, with its children orphaned; SIGTERM; SIGINT once (the experiment is recorded first) and twice. Each is
followed by the same command, which is stopped too, until one comes to the run's end; then everything is compared as in
the crash matrix, and another run begins. A kill is never told to the loop by anything in it: crash points are off.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.harness.crash_matrix import uninterrupted
from tests.harness.loops import copy_project, make_user_project, processes_of, scripted, started_loop, wait_until
from tests.harness.run_state import differences
from tests.harness.scripts import EVERY_END
from tests.harness.sittings import Scripted, ledger_of

INTERRUPTED = 130
HOW_OFTEN = {"kill all": 5, "kill the loop": 5, "SIGTERM": 1, "SIGTERM twice": 1, "SIGINT": 1, "SIGINT twice": 2}


@dataclass(frozen=True)
class Stop:
    """One start of the command that was stopped: how, when, and how many rows there were then."""

    run: int
    how: str
    seconds: float
    rows: int
    wrong: str


def descendants(pid):
    """The process and all that it and they started, itself last."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[::-1]


def kill_all(loop):
    """Kill every process of the command at once: stopped first, so that none can react to the end of another."""
    os.kill(loop.pid, signal.SIGSTOP)
    found = descendants(loop.pid)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def send(loop, how):
    """Stop the running loop in that way."""
    if how == "kill all":
        kill_all(loop)
    elif how == "kill the loop":
        loop.kill()
    else:
        name, _, twice = how.partition(" ")
        loop.send_signal(signal.Signals[name])
        if twice:
            with suppress(subprocess.TimeoutExpired):
                loop.wait(0.05)  # two at once are one to the kernel
            loop.send_signal(signal.Signals[name])


def stop_once(root, entries, how, seconds):
    """Start the command, and stop it in that way after so long; None if it ended before, else what was wrong."""
    with started_loop(root, *scripted(root, entries), start_new_session=True) as loop:
        with suppress(subprocess.TimeoutExpired):
            loop.wait(seconds)
        ended = loop.poll()
        if ended is None:
            send(loop, how)
        _, error = loop.communicate(timeout=120)
    if how != "kill the loop":  # there the next command finds what the loop had started still at work
        wait_until(lambda: processes_of(root) == [])
    if ended is not None or loop.returncode == 0:  # it was ending on its own
        return None if loop.returncode == 0 else error.decode()
    return wrong_end(how, loop.returncode, error.decode())


def wrong_end(how, code, error):
    """What was wrong with the end of a command that was stopped in that way; empty if nothing."""
    if how.startswith("kill"):
        return "" if code == -signal.SIGKILL else f"exit code {code}: {error}"
    # Before the loop listens, and while Python ends, a signal does what it does to any program.
    early = {-signal.SIGTERM, -signal.SIGINT}
    fine = code == INTERRUPTED or (code in early and "bug" not in error)
    return "" if fine else f"exit code {code}: {error}"


def stopped_run(root, entries, rng, longest, number):
    """Stop the command at random moments until it comes to the run's end; yields each stop."""
    kept = ledger_of(root)
    while True:
        how = rng.choices(list(HOW_OFTEN), HOW_OFTEN.values())[0]
        seconds = rng.uniform(0, longest)
        wrong = stop_once(root, entries, how, seconds)
        if wrong is None:
            return
        if not ledger_of(root).startswith(kept):
            wrong = wrong or "a row was lost"
        kept = ledger_of(root)
        yield Stop(number, how, round(seconds, 3), kept.count(b"\n"), wrong)


def stopped_runs(project, folder, entries, kills, rng):
    """Stop runs until there were that many kills; yields each stop, and (run, what differs) at each run's end."""
    how, began = Scripted(entries), time.monotonic()
    expected, _ = uninterrupted(project, folder / "whole", how)
    longest = (time.monotonic() - began) / 2  # half a run: three starts or so come to the end of one
    stops = run = 0
    while stops < kills:
        run += 1
        root = copy_project(project, folder / str(run))
        for stop in stopped_run(root, entries, rng, longest, run):
            stops += 1
            yield stop
        last = how.sit(root)
        assert (last.done.returncode, last.done.stderr) == (0, ""), last.done.stderr
        yield run, differences(expected, how.state(root))


def summary(stops, ends):
    """How often it was stopped in each way, and what came of it."""
    ways, wrong = Counter(stop.how for stop in stops), [stop for stop in stops if stop.wrong]
    lines = [f"{name:14} {count:4} times" for name, count in sorted(ways.items())]
    rows = Counter(stop.rows for stop in stops)
    lines += [f"rows at the stop: {', '.join(f'{count} with {at}' for at, count in sorted(rows.items()))}"]
    same = sum(not differs for _, differs in ends)
    lines += [f"{len(stops)} stops in {len(ends)} runs; {len(wrong)} with a wrong end; {same} runs came out the same"]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    stops, ends = [], []
    with tempfile.TemporaryDirectory() as folder:
        project = make_user_project(Path(folder))
        for found in stopped_runs(project, Path(folder), EVERY_END, arguments.kills, rng):
            (stops if isinstance(found, Stop) else ends).append(found)
            if not arguments.json:
                print(found, flush=True)
    if arguments.json:
        ended = [{"run": run, "differs": differs} for run, differs in ends]
        print(json.dumps({"seed": arguments.seed, "stops": [asdict(stop) for stop in stops], "runs": ended}))
    else:
        print(summary(stops, ends))
    bad = any(stop.wrong for stop in stops) or any(differs for _, differs in ends)
    if bad:
        print(f"something was wrong; once more with --seed {arguments.seed}", file=sys.stderr)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
