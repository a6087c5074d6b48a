"""A run with 100,000 rows: its start, appending to it, and the harness's own work at an experiment.

The alternative in the same run is the full read, which decodes and verifies every row (what a start does without a
checkpoint, and what every start did before there was one), and the same run with 100 rows. `loop.py` itself starts,
in a project of its own, with a time limit that stops it before its first experiment. Rows are those of the recorded run
parity20-1, made unkept, with a title, a tree and a reason of their own: in the mix `night` nine of ten were refused
before anything was measured, in the mix `recorded` they are as they were.

Does not cover: a disk that is not in the page cache, and `python -m harness verify`, which reads every row.
`python -m benchmarks.ledger [--rows N] [--mix night|recorded] [--json]`
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import experiment  # noqa: E402 - the path first
from harness.brief import brief  # noqa: E402
from harness.ledger import FIRST_TIP, Ledger, encode, read, tip_of  # noqa: E402
from harness.ledger.checkpoint import place_of  # noqa: E402
from harness.records import Evidence, Experiment, Verdict  # noqa: E402
from harness.run import Run, Wanted, harness_hash  # noqa: E402
from harness.run.names import ledger_path  # noqa: E402
from harness.run.opening import TOTALS, open_run  # noqa: E402
from harness.run.publishing import close  # noqa: E402
from harness.totals import Trees, Tried, total  # noqa: E402
from tests.harness.loops import clean_environment, make_user_project, run_folder, run_loop, scripted  # noqa: E402
from tests.harness.scripts import KEPT  # noqa: E402

RECORDED = ROOT / "results" / "parity20-1" / "ledger.jsonl"
SEED = 1
SHORT = 100
REFUSED = ("edits do not apply", "the same code as experiment", "not allowed here", "the tests fail")
_MARKS = re.compile(rb'"number":\d+|"tip":"[0-9a-f]{64}"|"tree_sha256":"[0-9a-f]*"|"title":"[^"]*"')


@dataclass(frozen=True, slots=True)
class Start:
    """One start of loop.py: seconds from asked for to gone, those of a processor, and the most memory at once."""

    seconds: float
    cpu: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Result:
    """One ledger. Times of an append (of the wall) and of an experiment (of a processor) are medians, in milliseconds.

    Attributes:
        started: with a checkpoint; full: without one.
        opening: processor seconds of `Ledger.open` alone, with a checkpoint.
        prepare: the harness's own work before a proposal is gated: incumbent, briefing, duplicates.
        append: one refused row, durable when it returns; `probe` is the disk's part, a write and sync of as many bytes.
        commit: seconds to make git's copy of the ledger, which each kept experiment does; `stored` is its size, in MB.
        grown: resident megabytes that `appended` rows added to the process.
    """

    rows: int
    megabytes: float
    started: Start
    full: Start
    opening: float
    prepare: float
    append: float
    probe: float
    appended: int
    grown: float
    commit: float
    stored: float


def templates(baseline: Experiment, mix: str) -> list[bytes]:
    """Lines to draw from, as rows of the run that `baseline` began; none was kept, so that its branch stays."""
    _, *recorded = read(RECORDED)
    of_run = {
        name: getattr(baseline, name)
        for name in ("run", "task", "task_sha256", "harness_sha256", "environment", "parent")
    }
    lines = []
    for row in recorded:
        verdict = replace(row.verdict, outcome="discarded", win=None, gain=None)
        measured = replace(row, kind="proposal", number=1, tip=FIRST_TIP, commit="", verdict=verdict, **of_run)
        refused = [replace(measured, verdict=Verdict("invalid", "policy", why), evidence=Evidence()) for why in REFUSED]
        lines += [measured] if mix == "recorded" else [measured, *refused, *refused, *refused[:1]]
    return [encode(row) for row in lines]


def fill(path: Path, baseline: bytes, lines: Sequence[bytes], count: int) -> None:
    """Write a ledger of so many rows, the chain whole."""
    drawn, tip = random.Random(SEED), tip_of(baseline)
    with path.open("wb") as file:
        file.write(baseline)
        for number in range(1, count):
            values = marks_of(number, tip)
            line = _MARKS.sub(lambda found, v=values: v[found[0].split(b'"')[1]], drawn.choice(lines))
            file.write(line)
            tip = tip_of(line)


def marks_of(number: int, tip: str) -> dict[bytes, bytes]:
    """What a row has of its own, by field."""
    return {
        b"number": b'"number":%d' % number,
        b"tip": b'"tip":"%b"' % tip.encode(),
        b"tree_sha256": b'"tree_sha256":"%b"' % tip_of(b"%d" % number).encode(),
        b"title": b'"title":"experiment %d"' % number,
    }


def start(root: Path, budget: int) -> Start:
    """`python loop.py` on that run, stopped before its first experiment."""
    arguments = [*scripted(root, [KEPT], budget=budget), "--max-hours", "1e-9"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(root / "loop.py"), *map(str, arguments)],
        cwd=root,
        env=clean_environment(root),
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"loop.py ended with {process.returncode}")
    return Start(round(seconds, 2), round(usage.ru_utime + usage.ru_stime, 2), round(usage.ru_maxrss / 1024, 1))


def measure(root: Path, baseline: bytes, lines: Sequence[bytes], count: int, appended: int) -> Result:
    """Everything about a ledger of so many rows."""
    path = run_folder(root, "x") / "ledger.jsonl"
    fill(path, baseline, lines, count)
    place_of(path).unlink(missing_ok=True)
    full, starts = start(root, 2 * count), [start(root, 2 * count) for _ in range(5)]
    opening = timed(lambda: Ledger.open(path, TOTALS, harness_hash()), 5)
    megabytes = path.stat().st_size / 1e6
    with open_run(root, Wanted("x", "tiny", "scripted", 1, 2 * count)) as run:
        prepare = timed(lambda: prepare_experiment(run), 9)
        commit = timed(lambda: close(run), 1, time.perf_counter)
        size = run.repository.command.run(
            *("cat-file", "--batch-check=%(objectsize:disk)"), stdin=f"{run.tip()}:{ledger_path('x')}\n".encode()
        )
        before = resident()
        append = timed(lambda: append_copy(run), appended, time.perf_counter)
        grown = resident() - before
        probe = timed(lambda: write(root / "probe", 2_500), 200, time.perf_counter)
    return Result(
        rows=count,
        megabytes=round(megabytes, 1),
        started=min(starts, key=lambda each: abs(each.seconds - statistics.median(s.seconds for s in starts))),
        full=full,
        opening=round(opening, 3),
        prepare=round(1000 * prepare, 2),
        append=round(1000 * append, 3),
        probe=round(1000 * probe, 3),
        appended=appended,
        grown=round(grown, 1),
        commit=round(commit, 2),
        stored=round(int(size) / 1e6, 1),
    )


def prepare_experiment(run: Run) -> None:
    """What is asked of all rows before a candidate is gated."""
    incumbent = run.incumbent()
    experiment.null_is_due(run)
    brief(run, incumbent, ROOT / "prompts")
    assert "f" * 64 not in Tried(total(run.ledger.rows, Trees))


def append_copy(run: Run) -> None:
    """One row more, of 2.2 kB in the mix `night`."""
    rows = run.ledger.rows
    refused = replace(rows[-1], verdict=Verdict("invalid", "policy", "x"), evidence=Evidence())
    run.ledger.append(replace(refused, number=len(rows)))


def write(path: Path, size: int) -> None:
    """The disk's part of an append."""
    with path.open("ab") as file:
        file.write(b"x" * size)
        file.flush()
        os.fsync(file.fileno())


def timed(work: Callable[[], object], repeats: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of that clock, the median of so many."""
    times = []
    for _ in range(repeats):
        began = clock()
        work()
        times.append(clock() - began)
    return statistics.median(times)


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of the long ledger (default: %(default)s)")
    parser.add_argument("--mix", choices=("night", "recorded"), default="night", help="of rows (default: %(default)s)")
    parser.add_argument("--appended", type=int, default=2_000, help="rows to append to each (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = make_user_project(Path(folder))
        done = run_loop(root, *scripted(root, [KEPT]), "--max-hours", "1e-9")
        if done.returncode:
            raise SystemExit(done.stderr)
        path = run_folder(root, "x") / "ledger.jsonl"
        baseline, (first,) = path.read_bytes(), read(path)
        lines = templates(first, given.mix)
        short, long = (measure(root, baseline, lines, count, given.appended) for count in (SHORT, given.rows))
    if given.json:
        document = {"mix": given.mix, "seed": SEED, "short": asdict(short), "long": asdict(long)}
        print(json.dumps(document | {"ratios": ratios(short, long)}, indent=1))
    else:
        report(short, long)
    return 0


def ratios(short: Result, long: Result) -> dict[str, float]:
    """The long ledger against its alternatives."""
    found = {
        "start, CPU: full read / checkpoint": long.full.cpu / long.started.cpu,
        "start, CPU: long / short": long.started.cpu / short.started.cpu,
        "memory at start: long / short": long.started.megabytes / short.started.megabytes,
        "append: long / short": long.append / short.append,
        "experiment: long / short": long.prepare / short.prepare,
    }
    return {name: round(value, 2) for name, value in found.items()}


def report(short: Result, long: Result) -> None:
    said = {
        "rows": [f"{each.rows:,}" for each in (short, long)],
        "MB": [f"{each.megabytes:,.1f}" for each in (short, long)],
        "loop.py starts, s": [f"{each.started.seconds:.2f}" for each in (short, long)],
        "  of a processor, s": [f"{each.started.cpu:.2f}" for each in (short, long)],
        "  the same by full read, CPU s": [f"{each.full.cpu:.2f}" for each in (short, long)],
        "  the ledger's part, s": [f"{each.opening:.3f}" for each in (short, long)],
        "most memory, MB": [f"{each.started.megabytes:.1f}" for each in (short, long)],
        "  the same by full read, MB": [f"{each.full.megabytes:.1f}" for each in (short, long)],
        "an append, ms": [f"{each.append:.2f}" for each in (short, long)],
        "  a bare write and sync, ms": [f"{each.probe:.2f}" for each in (short, long)],
        f"memory for {long.appended:,} more, MB": [f"{each.grown:.1f}" for each in (short, long)],
        "before an experiment, ms": [f"{each.prepare:.1f}" for each in (short, long)],
        "git's copy of the ledger, s": [f"{each.commit:.2f}" for each in (short, long)],
        "  its size, MB": [f"{each.stored:.1f}" for each in (short, long)],
    }
    for name, (one, other) in said.items():
        print(f"{name:<34} {one:>10} {other:>10}")
    for name, ratio in ratios(short, long).items():
        print(f"{name:<34} {ratio:>21}")


if __name__ == "__main__":
    raise SystemExit(main())
