"""The briefing over a long ledger: how long it takes, and whether it stays inside its budget.

Its alternative in the same run is a ledger of 100 rows, all of which fit. `python -m benchmarks.briefing`; `--json`.
"""

import argparse
import json
import random
import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import task as tasks  # noqa: E402 - the path first
from harness.briefing import CHARS_PER_TOKEN, TOKEN_BUDGET, Facts, assemble  # noqa: E402
from harness.ledger import read  # noqa: E402
from harness.records import Experiment  # noqa: E402

RECORDED = ROOT / "results" / "parity20-1" / "ledger.jsonl"
SEED = 1


@dataclass(frozen=True, slots=True)
class Result:
    """One ledger: rows in it, milliseconds of processor time (the median), tokens of the briefing, rows shown."""

    rows: int
    milliseconds: float
    tokens: int
    budget: int
    shown: int


def make_ledger(count: int) -> tuple[Experiment, ...]:
    """So many rows, drawn from the recorded run, each with a title and a reason of its own."""
    baseline, *recorded = read(RECORDED)
    drawn = random.Random(SEED)
    rows = [baseline]
    for number in range(1, count):
        row = drawn.choice(recorded)
        verdict = replace(row.verdict, reason=f"{row.verdict.reason}, as in {number}")
        rows.append(replace(row, kind="proposal", number=number, title=f"{row.title} ({number})", verdict=verdict))
    return tuple(rows)


def measure(rows: tuple[Experiment, ...], repeats: int) -> Result:
    """Assemble the briefing that follows these rows."""
    pair = rows[0].evidence.screen[0]
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "sparse_parity/methods").glob("*.py")}
    sources["sparse_parity/champion.py"] = (ROOT / "sparse_parity/champion.py").read_text()
    facts = Facts(
        prompts=ROOT / "prompts",
        sources=sources,
        incumbent=pair.candidate,
        baseline=pair.candidate,
        experiments=rows,
        number=len(rows),
        remaining=20,
        task=tasks.load(ROOT, "parity20"),
        discoveries=(ROOT / "DISCOVERIES.md").read_text(),
    )
    times = []
    for _ in range(repeats):
        began = time.process_time()
        briefing = assemble(facts)
        times.append(1000 * (time.process_time() - began))
    size = len(briefing.system) + len(briefing.prompt)
    shown = sum(f"\n{row.number}. " in briefing.prompt for row in rows)
    return Result(len(rows), round(statistics.median(times), 1), round(size / CHARS_PER_TOKEN), TOKEN_BUDGET, shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="of the long ledger (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=7, help="the median of so many (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    given = parser.parse_args()
    short, long = (measure(make_ledger(count), given.repeats) for count in (100, given.rows))
    ratio = round(long.milliseconds / short.milliseconds, 2)
    if given.json:
        print(json.dumps({"short": asdict(short), "long": asdict(long), "ratio": ratio, "seed": SEED}, indent=1))
        return 0
    print("  rows   CPU ms   tokens (of budget)   rows shown")
    for result in (short, long):
        tokens = f"{result.tokens:,} of {result.budget:,}"
        print(f"{result.rows:>6,} {result.milliseconds:>8.1f}   {tokens:>18} {result.shown:>12}")
    print(f"ratio {ratio}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
