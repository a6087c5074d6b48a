"""Candidates without an effect, through the whole gate: how often is one kept, and how long does each stage take?

Each candidate is new code (no duplicate) that does what the champion does: one statement more that computes nothing,
independent statements in another order, weights drawn in another order, or other random numbers. They take the places
1 to 20 of runs, each through `gate.judge_candidate` with real children, two at a time, on a task of 8 bits with the
default task's rules. One line a candidate is appended to the file; an interrupted run goes on where it was. Does not
cover: the loop and git.

    python -m benchmarks.no_effect [--candidates 1000] [--file PATH] [--json]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median

import msgspec

from benchmarks.pool import METHODS, ROOT, Variant, make_bench, sources_of
from harness import gate
from harness.gate import Bench, Context, Incumbent
from harness.records import Slack
from harness.settings import Task
from harness.task import load

CACHE = Path.home() / ".cache" / "ardent"
METHOD = f"{METHODS}standard.py"
CONTRACT = "tests/sparse_parity/test_contract_method.py"  # the other files test the package around the candidate
RUN = 20  # candidates of one run
INIT = "    return init_mlp(n_bits, hp, rng)\n"
STEP = "    h_pre, h, out = forward(state, x, tracker)\n"
OTHER_ORDER = """\
    spare = {tag}.0
    hidden = int(hp["hidden"])
    spread1 = (2.0 / n_bits) ** 0.5
    spread2 = (2.0 / hidden) ** 0.5
    return {
        "W2": [rng.gauss(0.0, spread2) for _ in range(hidden)],
        "b1": [0.0 for _ in range(hidden)],
        "W1": [[rng.gauss(0.0, spread1) for _ in range(n_bits)] for _ in range(hidden)],
        "b2": 0.0,
    }
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to change nothing: what is replaced in the standard method. `{tag}` makes each candidate new code."""

    name: str
    old: str
    new: str


KINDS = (
    Kind("a statement more", STEP, STEP + "    spare = {tag}.0\n"),
    Kind(
        "another order",
        '    dout = -y\n    tracker.write("dout", 1)\n',
        '    tracker.write("dout", 1)\n    spare = {tag}.0\n    dout = -y\n',
    ),
    Kind("weights drawn in another order", INIT, OTHER_ORDER),
    Kind("other random numbers", INIT, "    for _ in range({tag}):\n        spare = rng.random()\n" + INIT),
)


class Row(msgspec.Struct, frozen=True):
    """One candidate's fate."""

    number: int
    kind: str
    outcome: str
    stage: str
    reason: str
    instances: int
    seconds: dict[str, float]


def small_task() -> Task:
    """Eight bits, two of them secret, with the rules of the default task: a measurement takes a tenth of a second."""
    small = {"n_bits": 8, "k_sparse": 2, "n_train": 200, "n_validation": 200, "n_test": 200, "check_every": 50}
    limits = {"max_epochs": 20, "min_reads": 100, "time_limit_s": 20.0, "memory_mb": 512}
    return replace(load(ROOT, "parity20"), name="small", **small, **limits)


def run(path: Path, count: int) -> list[Row]:
    """The first `count` candidates; those that the file has are not tried again."""
    bench = make_bench(small_task())
    trusted = {p: t for p, t in bench.trusted.items() if not p.startswith("tests/") or p == CONTRACT}
    bench = replace(bench, trusted=trusted)
    sources = sources_of(Variant("champion", hidden=24), trusted)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = _read(path)[:count]
    with path.open("ab") as out, ThreadPoolExecutor(max_workers=2) as workers:
        for row in workers.map(lambda number: _tried(number, sources, bench), range(len(rows), count)):
            rows.append(row)
            out.write(msgspec.json.encode(row) + b"\n")
            out.flush()
            if len(rows) % 50 == 0:
                print(f"  {len(rows)} of {count}, kept {sum(r.outcome == 'kept' for r in rows)}", file=sys.stderr)
    return rows


def _tried(number: int, sources: Mapping[str, str], bench: Bench) -> Row:
    kind = KINDS[number % len(KINDS)]
    text = sources[METHOD]
    if text.count(kind.old) != 1:
        raise ValueError(f"{kind.name}: {kind.old!r} is not in {METHOD} exactly once; mend benchmarks/no_effect.py")
    candidate = {**sources, METHOD: text.replace(kind.old, kind.new.replace("{tag}", str(number + 1)))}
    seed, measured = gate.measure_baseline(sources, bench, f"incumbent/{number // RUN}")
    incumbent = Incumbent("", sources, seed, measured, Slack())
    trial = gate.judge_candidate(candidate, incumbent, bench, Context(f"candidate/{number}", {}, number % RUN))
    verdict, drawn = trial.verdict, len(trial.evidence.confirm) + len(trial.evidence.lapses)
    seconds = dict(trial.seconds_by_stage)
    return Row(number, kind.name, verdict.outcome, verdict.stage, verdict.reason, drawn, seconds)


def _read(path: Path) -> list[Row]:
    rows: list[Row] = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        row = msgspec.json.decode(line, type=Row)
        if row.number == len(rows):
            rows.append(row)
    return rows


def summary(rows: list[Row]) -> dict[str, object]:
    """Fates by kind, and seconds by stage."""
    kinds = {k.name: Counter(f"{r.outcome} at {r.stage}" for r in rows if r.kind == k.name) for k in KINDS}
    stages = {stage: [r.seconds[stage] for r in rows if stage in r.seconds] for r in rows for stage in r.seconds}
    drawn = [r.instances for r in rows if r.stage == "confirm"]
    return {
        "candidates": len(rows),
        "kept": sum(r.outcome == "kept" for r in rows),
        "confirm_instances_mean": fmean(drawn) if drawn else None,
        "fates": {name: dict(fates) for name, fates in kinds.items()},
        "seconds": {s: {"median": median(v), "max": max(v), "count": len(v)} for s, v in stages.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Candidates without an effect, through the whole gate.")
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--file", type=Path, default=CACHE / "no-effect.jsonl", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    found = summary(run(arguments.file, arguments.candidates))
    print(json.dumps(found, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
