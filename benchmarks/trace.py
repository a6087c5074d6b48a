"""What the memory trace costs: the same training on plain lists and on traced lists, in one process.

`python benchmarks/trace.py [--hidden 12 64 200 500] [--steps N] [--whole] [--json]`. The program is the standard method
of this repository on the seeds' task (n = 20, k = 3). The alternative that the ratio is against is the untraced run;
`flat` is the ratio without LRU depths (all counts but DMD), `profiled` the one with every access attributed to its line
and buffer; the naive reference (a sorted list as the LRU stack) runs a few steps only. Times are CPU seconds, the
median of the repeats. `--whole` runs six epochs of 500 samples (or N steps), once, without the profile and the naive
reference.
"""

import argparse
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import interpreter, marks, memory_trace, rewrite  # noqa: E402 - found through ROOT
from sparse_parity.methods import standard  # noqa: E402

N_BITS, SECRET, SAMPLES, EPOCHS = 20, (0, 3, 8), 500, 6


@dataclass(frozen=True, slots=True)
class Row:
    """One net. Seconds are for `steps` training steps."""

    hidden: int
    steps: int
    accesses: int
    plain_s: float
    traced_s: float
    ratio: float
    flat_ratio: float
    million_accesses_per_s: float
    profiled_ratio: float | None
    naive_ratio: float | None


def samples() -> list[tuple[list[float], float]]:
    """The training samples, seeded."""
    rng = random.Random(42)
    inputs = [[rng.choice([-1.0, 1.0]) for _ in range(N_BITS)] for _ in range(SAMPLES)]
    return [(x, x[SECRET[0]] * x[SECRET[1]] * x[SECRET[2]]) for x in inputs]


def seconds_of(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    gc.disable()
    began = time.process_time()
    work()
    spent = time.process_time() - began
    gc.enable()
    return spent


def train_plain(hp: dict[str, float], steps: int) -> None:
    """The untraced run."""
    state = standard.init(N_BITS, 3, hp, random.Random(43))
    data = samples()
    for i in range(steps):
        x, y = data[i % SAMPLES]
        standard.step(state, x, y, hp)


def train_traced(meter: Any, hp: dict[str, float], steps: int, *, profiled: bool = False) -> None:
    """The same over a meter."""
    modules = {
        "sparse_parity.model": (ROOT / "sparse_parity/model.py").read_text(),
        "sparse_parity.tracker": "NO_TRACKER = 0\n",
        "sparse_parity.methods.standard": (ROOT / "sparse_parity/methods/standard.py").read_text(),
    }
    trees = {}
    if profiled:
        marked = marks.mark(modules)
        meter.begin_profile(len(marked.places), len(marked.holders), marked.fields)
        trees = marked.trees
    method = rewrite.load(modules, meter, trees)["sparse_parity.methods.standard"]
    state = method["init"](N_BITS, 3, hp, random.Random(43))
    data = samples()
    for i in range(steps):
        x, y = data[i % SAMPLES]
        meter.begin_step(x, y)
        method["step"](state, meter.input_buffer(), y, hp)
        meter.end_step()


def reference_meter() -> Any:
    """The naive reference, which the interpreter counts by."""
    return interpreter.Trace(N_BITS)


def timed(hp: dict[str, float], steps: int, *, depths: bool = True, profiled: bool = False) -> tuple[float, int]:
    """CPU seconds and accesses of one traced training."""
    meter = memory_trace.Meter(N_BITS, depths)
    seconds = seconds_of(lambda: train_traced(meter, hp, steps, profiled=profiled))
    return seconds, meter.traffic()


def measure(hidden: int, steps: int, repeats: int, *, whole: bool = False) -> Row:
    """One row of the table."""
    hp = {"hidden": hidden, "lr": 0.1, "wd": 0.01}
    plain, traced, flat, profiled, accesses = [], [], [], [], 0
    for _ in range(repeats):  # in turn, so that all see the same machine
        plain.append(seconds_of(lambda: train_plain(hp, steps)))
        spent, accesses = timed(hp, steps)
        traced.append(spent)
        flat.append(timed(hp, steps, depths=False)[0])
        if not whole:
            profiled.append(timed(hp, steps, profiled=True)[0])
    few = 2
    naive = None if whole else seconds_of(lambda: train_traced(reference_meter(), hp, few))
    return Row(
        hidden=hidden,
        steps=steps,
        accesses=accesses,
        plain_s=statistics.median(plain),
        traced_s=statistics.median(traced),
        ratio=ratio(traced, plain),
        flat_ratio=ratio(flat, plain),
        million_accesses_per_s=accesses / statistics.median(traced) / 1e6,
        profiled_ratio=ratio(profiled, plain) if profiled else None,
        naive_ratio=naive / seconds_of(lambda: train_plain(hp, few)) if naive is not None else None,
    )


def ratio(seconds: list[float], plain: list[float]) -> float:
    """The median over the repeats."""
    return statistics.median(s / p for s, p in zip(seconds, plain, strict=True))


def line(row: Row) -> str:
    """One row as text; what was not run is a dash."""
    profiled = "-" if row.profiled_ratio is None else f"{row.profiled_ratio:.2f}"
    naive = "-" if row.naive_ratio is None else f"{row.naive_ratio:,.0f}x"
    return (
        f"{row.hidden:>6} {row.steps:>7,} {row.accesses:>12,} {row.plain_s:>8.2f} {row.traced_s:>8.2f} "
        f"{row.ratio:>6.2f} {row.flat_ratio:>6.2f} {row.million_accesses_per_s:>6.1f} {profiled:>8} {naive:>8}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[12, 64, 200, 500])
    parser.add_argument("--steps", type=int, default=0, help="training steps a run (default: about half a second's)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help=f"{EPOCHS} epochs, once each")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    steps, repeats = (given.steps or EPOCHS * SAMPLES, 1) if given.whole else (given.steps, given.repeats)
    rows = [measure(h, steps or max(200, 250_000 // h), repeats, whole=given.whole) for h in given.hidden]
    if given.json:
        facts = {"compiled": memory_trace.compiled, "python": sys.version.split()[0]}
        print(json.dumps({**facts, "rows": [asdict(r) for r in rows]}, allow_nan=False))
        return
    print(f"meter compiled: {memory_trace.compiled}; Python {sys.version.split()[0]}; CPU seconds, medians")
    heads = ("hidden", "steps", "accesses", "plain s", "traced s", "ratio", "flat", "M/s", "profiled", "naive")
    print("{:>6} {:>7} {:>12} {:>8} {:>8} {:>6} {:>6} {:>6} {:>8} {:>8}".format(*heads))
    for row in rows:
        print(line(row))


if __name__ == "__main__":
    main()
