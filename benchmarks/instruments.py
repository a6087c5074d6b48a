"""Our numbers beside those of the instruments before it, on one and the same step, and over a whole training.

    python benchmarks/instruments.py [--hidden 100 500] [--training] [--json]

The step is the first of the published 20-bit instance (seed 42) on its fresh net; it fires. `MemTracker`,
`LRUStackTracker`, `values` (every operand a read, every result a cell: the published element level) and `ByteDMD` are
counted here by their definitions, beside the published figures; `trace` is the memory trace on this repository's
methods. `--training` measures those to solution, hidden 500, on the instance that `python -m harness profile` draws,
and standard once more, diluted: the sample written back unchanged before every 50th row.
Does not cover: why they differ; docs/metric.md says so.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.instrument_forms import diluted, sources  # noqa: E402 - found through ROOT
from benchmarks.value_trace import Values, ValueSums, lru_of_buffers, net_of, step_values, sums_of  # noqa: E402
from harness import memory_trace, rewrite, task  # noqa: E402
from harness.gate import Bench  # noqa: E402
from harness.measure import Failure, Program, measure  # noqa: E402
from harness.records import Measurement  # noqa: E402
from sparse_parity.config import EXP_A, Config  # noqa: E402
from sparse_parity.data import draw_instance  # noqa: E402
from sparse_parity.protocol import load_method  # noqa: E402

# Our form's name: the order of the published program, and our method (per-layer is the row loop here).
FORMS = {
    "standard": ("standard", "standard"),
    "fused": ("fused", "fused"),
    "per-layer": ("fused", "buffers"),
    "row loop": ("rows", "perlayer"),
}
DILUTED = "standard, diluted"
# Published: last-write ARD, last-access ARD, LRU mean and DMD of the reads, element by element (claim A-1.3/3.8).
PUBLISHED: Mapping[tuple[int, str], tuple[float, float, float, float]] = {
    (100, "standard"): (9336.556386979148, 2705.6933946138943, 1347.2348159683975, 475344.2957170026),
    (100, "fused"): (9267.885440802218, 2585.231511376154, 1285.851369316671, 462935.25921028183),
    (100, "per-layer"): (9267.885440802218, 2585.231511376154, 1285.851369316671, 462935.25921028183),
    (100, "row loop"): (8308.896570061153, 2491.9812359934667, 1252.0929464048315, 450083.37181383715),
    (500, "standard"): (46640.473838247926, 13385.733471686926, 6640.727732293401, 4859004.677279847),
    (500, "fused"): (46299.610876720864, 12784.748272480558, 6335.2981900005325, 4720253.539895499),
    (500, "per-layer"): (46299.610876720864, 12784.748272480558, 6335.2981900005325, 4720253.539895499),
    (500, "row loop"): (41445.75969045284, 12308.124829908702, 6160.394862672657, 4557652.26531381),
}


@dataclass(frozen=True, slots=True)
class Trace:
    """The memory trace's count of one step. `lru` is the mean depth of all accesses that are no births."""

    reads: int
    writes: int
    births: int
    ard: float
    reuse: float
    lru: float
    dmd: float
    peak: int


@dataclass(frozen=True, slots=True)
class Buffers:
    """A hand-placed record of the step: MemTracker's ARD, and LRUStackTracker's means and DMD of the same events.

    `moved`: reads move what they read to the top, as its first version did; `still`: they leave it, as its last.
    """

    ard: float
    still: tuple[float, float]
    moved: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Step:
    """One form of the step, by every instrument."""

    form: str
    hidden: int
    trace: Trace
    values: ValueSums
    published: tuple[float, float, float, float] | None
    buffers: Buffers


class Events:
    """A tracker that keeps the calls, and MemTracker's sums of them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, int]] = []
        self._clock = self._floats = self._distance = 0
        self._written: dict[str, int] = {}

    def read(self, name: str, size: int) -> None:
        """A read of `size` floats."""
        self.events.append(("read", name, size))
        self._distance += size * (self._clock - self._written[name])
        self._floats += size
        self._clock += size

    def write(self, name: str, size: int) -> None:
        """A write of `size` floats."""
        self.events.append(("write", name, size))
        self._written[name] = self._clock
        self._clock += size

    def ard(self) -> float:
        """Mean distance, weighted by floats."""
        return self._distance / self._floats


def config_of(hidden: int) -> Config:
    """The published 20-bit instance with a layer of that size."""
    return replace(EXP_A, hidden=hidden)


def trace_step(method: str, hidden: int) -> Trace:
    """The memory trace on the step, by this repository's code."""
    config = config_of(hidden)
    train = draw_instance(config).train
    meter = memory_trace.Meter(config.n_bits)
    modules = sources() | {"sparse_parity.tracker": "NO_TRACKER = 0\n"}
    code = rewrite.load(modules, meter)[f"sparse_parity.methods.{method}"]
    state = code["init"](config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 1))
    was, depths, births = meter.counters(), meter.depth_counts(), meter.birth_count()
    meter.begin_step(train.xs[0], train.ys[0])
    code["step"](state, meter.input_buffer(), train.ys[0], config.hp)
    meter.end_step()
    now = meter.counters()
    here = {depth: count - depths.get(depth, 0) for depth, count in meter.depth_counts().items()}
    reads = now["reads"] - was["reads"]
    return Trace(
        reads=reads,
        writes=now["writes"] - was["writes"],
        births=meter.birth_count() - births,
        ard=now["ard_distance"] / now["ard_reads"],
        reuse=(now["reuse"] - was["reuse"]) / reads,
        lru=sum(depth * count for depth, count in here.items()) / sum(here.values()),
        dmd=now["dmd"] - was["dmd"],
        peak=now["peak_cells"],
    )


def value_step(order: str, hidden: int) -> ValueSums:
    """The published program on values that record their use."""
    config = config_of(hidden)
    train = draw_instance(config).train
    state = load_method("standard").init(config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 1))
    trace = Values()
    step_values(net_of(trace, state, train.xs[0], train.ys[0]), order)
    return sums_of(trace)


def buffer_step(method: str, hidden: int) -> Buffers:
    """The method's own hand-placed calls on the step."""
    config = config_of(hidden)
    train, chosen = draw_instance(config).train, load_method(method)
    state = chosen.init(config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 1))
    tracker = Events()
    chosen.step(state, train.xs[0], train.ys[0], config.hp, tracker)
    still, moved = (lru_of_buffers(tracker.events, reads_move=moves) for moves in (False, True))
    return Buffers(tracker.ard(), still, moved)


def measure_step(form: str, hidden: int) -> Step:
    """One row of the table."""
    order, method = FORMS[form]
    return Step(
        form=form,
        hidden=hidden,
        trace=trace_step(method, hidden),
        values=value_step(order, hidden),
        published=PUBLISHED.get((hidden, form)),
        buffers=buffer_step("perlayer" if method == "buffers" else method, hidden),
    )


def measure_training(form: str) -> Measurement | Failure:
    """A whole training to solution, in the sandbox, hidden 500."""
    modules = diluted(sources()) if form == DILUTED else sources()
    method = "standard" if form == DILUTED else FORMS[form][1]
    secret = hashlib.sha256(b"ardent profile secret 0").digest()
    bench = Bench(task.load(ROOT, "parity20"), {}, secret)
    return measure(Program(modules, method, EXP_A.hp), bench.instance("profile"), bench.task)


def step_lines(step: Step) -> list[str]:
    """A step as lines of text."""
    t, v, b = step.trace, step.values, step.buffers
    rows = [
        ("trace", t.reads, t.writes, t.ard, t.reuse, t.lru, t.dmd),
        ("values", v.reads, v.writes, v.ard, v.reuse, v.lru, v.dmd),
        *([("  published", None, None, *step.published)] if step.published else []),
        ("ByteDMD, 1 byte", v.reads, None, None, None, None, v.bytedmd),
        ("MemTracker", None, None, b.ard, None, None, None),
        ("LRUStackTracker", None, None, None, None, *b.still),
        ("  reads move", None, None, None, None, *b.moved),
    ]
    return [f"{step.form}, hidden {step.hidden}", *(f"  {row[0]:<18}" + "".join(map(_cell, row[1:])) for row in rows)]


def _cell(value: float | None) -> str:
    return f"{'' if value is None else f'{value:,}' if type(value) is int else f'{value:,.1f}':>14}"


def training_line(form: str, found: Measurement | Failure) -> str:
    """A training as a line of text."""
    if isinstance(found, Failure):
        return f"  {form:<18} {found.reason}"
    means = (found.samples, found.ard, found.dmd, found.reuse / found.reads, found.traffic)
    return f"  {form:<18}" + "".join(f"{value:>18,.1f}" for value in means)


def document(steps: list[Step], trainings: Mapping[str, Measurement | Failure]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "steps": [asdict(step) for step in steps],
        "trainings": {form: asdict(found) for form, found in trainings.items()},
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--training", action="store_true", help="also whole trainings, about a minute")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    steps = [measure_step(form, hidden) for hidden in arguments.hidden for form in FORMS]
    trainings = {form: measure_training(form) for form in (*FORMS, DILUTED)} if arguments.training else {}
    if arguments.json:
        print(json.dumps(document(steps, trainings), allow_nan=False))
        return
    heads = ("reads", "writes", "ARD", "reuse", "LRU mean", "DMD")
    print(f"  {'':<18}" + "".join(f"{head:>14}" for head in heads))
    print("\n".join(line for step in steps for line in step_lines(step)))
    if trainings:
        print("to solution" + "".join(f"{head:>18}" for head in ("samples", "ARD", "DMD", "mean reuse", "traffic")))
        print("\n".join(training_line(form, found) for form, found in trainings.items()))


if __name__ == "__main__":
    main()
