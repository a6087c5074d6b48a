"""A thousand candidates in one process, a third of them hostile: what is left behind, and whether the honest differ.

The honest candidates are measured twice: with the hostile ones between them, and alone. Promises: exit code 1 if a
process, a descriptor or a temporary file is left, or if any honest measurement differs in anything but its seconds.
Does not cover: verdicts over several instances (`python -m harness redteam`).
Run: python benchmarks/thousand.py [--candidates 1000] [--json]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import edits  # noqa: E402 - this file is run by its path
from harness.gate import Bench  # noqa: E402
from harness.measure import Failure, Program, measure  # noqa: E402
from harness.records import Measurement  # noqa: E402
from tests.attacks.attack import Attack  # noqa: E402
from tests.attacks.attacks import ATTACKS  # noqa: E402
from tests.attacks.lab import TASK, lab  # noqa: E402

HIDDEN = 24


@dataclass(frozen=True, slots=True)
class Left:
    """What lies around: child processes, open descriptors, temporary files of ours."""

    processes: int
    descriptors: int
    files: int


def left() -> Left:
    """What lies around now."""
    parents = [_parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    files = sum(1 for _ in Path(tempfile.gettempdir()).iterdir())
    return Left(parents.count(os.getpid()), sum(1 for _ in Path("/proc/self/fd").iterdir()), files)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def hostile(bench: Bench) -> list[Program]:
    """Candidates that crash, hang, flood or cheat while they are measured, policy or not."""
    chosen = [a for a in ATTACKS if a.stage in {"screen", "policy"} and not (a.takeover or a.before)]
    programs = []
    for attack in chosen:
        try:
            programs.append(_program(attack, bench))
        except Exception:  # noqa: BLE001, S112 - what does not even parse is no program to run
            continue
    return programs


def _program(attack: Attack, bench: Bench) -> Program:
    return bench.program(edits.apply(lab().incumbent.sources, attack.edits))


def honest(bench: Bench, index: int) -> Program:
    """The published net with a layer of its own size."""
    sources = lab().incumbent.sources
    text = sources["sparse_parity/champion.py"].replace(f"'hidden': {HIDDEN}", f"'hidden': {8 + index % 40}")
    return bench.program({**sources, "sparse_parity/champion.py": text})


def run(bench: Bench, count: int, cheats: Sequence[Program]) -> list[Measurement | Failure]:
    """Measure the honest ones, each on an instance of its own; after every second a hostile one, if there are any."""
    measured = []
    for index in range(count):
        measured.append(measure(honest(bench, index), bench.instance("thousand", str(index)), bench.task))
        if cheats and index % 2:
            measure(cheats[index // 2 % len(cheats)], bench.instance("hostile", str(index)), bench.task)
    return measured


def main() -> int:
    """Measure, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1000, help="in all; a third is hostile (default: 1000)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    bench = replace(lab().bench, task=replace(TASK, time_limit_s=2, n_test=100, memory_mb=256))
    cheats, count = hostile(bench), arguments.candidates * 2 // 3
    measure(honest(bench, 0), bench.instance("warm"), bench.task)
    before, began = left(), time.perf_counter()
    among = run(bench, count, cheats)
    after, seconds = left(), time.perf_counter() - began
    alone = run(bench, count, ())
    different = sum(_values(a) != _values(b) for a, b in zip(among, alone, strict=True))
    failed = sum(isinstance(m, Failure) for m in alone)
    grown = Left(*(max(0, getattr(after, n) - getattr(before, n)) for n in ("processes", "descriptors", "files")))
    report = {"honest": count, "hostile": count // 2, "kinds": len(cheats), "different": different, "failed": failed}
    report |= {"processes": grown.processes, "descriptors": grown.descriptors, "files": grown.files}
    print(json.dumps(report | {"seconds": round(seconds, 1)}, indent=2) if arguments.json else _words(report, seconds))
    return int(bool(different or failed or grown != Left(0, 0, 0)))


def _words(report: dict[str, int], seconds: float) -> str:
    return (
        f"{report['honest']} honest candidates among {report['hostile']} hostile ones of {report['kinds']} kinds in "
        f"{seconds:.0f} s: {report['different']} honest measurements differ from a run without the hostile ones, "
        f"{report['failed']} failed; left: {report['processes']} processes, {report['descriptors']} descriptors, "
        f"{report['files']} temporary files"
    )


def _values(measured: Measurement | Failure) -> Measurement | Failure:
    return measured if isinstance(measured, Failure) else replace(measured, seconds=0.0)


if __name__ == "__main__":
    raise SystemExit(main())
