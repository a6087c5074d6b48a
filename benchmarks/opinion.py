"""What a second opinion on the trace costs: the standard method at several sizes, on instances of the default task.

    python benchmarks/opinion.py [--hidden 12 64 200 500] [--repeats 3] [--json]

Wall-clock seconds of `harness.opinion.second_opinion` as the gate asks for it (worker, interpreter and their start
included), the median of the repeats. The alternative beside it is one whole measurement of the same program.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness.measure import Failure, Program, measure  # noqa: E402 - found through ROOT
from harness.opinion import INSTANCES, second_opinion  # noqa: E402
from harness.settings import Task  # noqa: E402
from harness.task import derive_seed, draw, load  # noqa: E402


@dataclass(frozen=True, slots=True)
class Row:
    """One size: seconds of a second opinion and of one measurement, and what the opinion was."""

    hidden: int
    opinion_s: float
    measurement_s: float
    words: str


def program_of(hidden: int) -> Program:
    folder = ROOT / "sparse_parity"
    names = ("model", "methods.standard")
    modules = {f"sparse_parity.{name}": (folder / f"{name.replace('.', '/')}.py").read_text("utf-8") for name in names}
    return Program(modules, "standard", {"hidden": hidden, "lr": 0.1, "wd": 0.01})


def time_opinion(hidden: int, task: Task, repeats: int) -> Row:
    """Time both, in turn."""
    program, opinions, measurements, words = program_of(hidden), [], [], ""
    for repeat in range(repeats):
        instances = [draw(task, derive_seed(b"benchmark", str(repeat), str(i))) for i in range(INSTANCES)]
        began = time.perf_counter()
        words = second_opinion(program, instances, task).words
        opinions.append(time.perf_counter() - began)
        measured = measure(program, instances[0], task)
        if isinstance(measured, Failure):
            sys.exit(f"standard at hidden {hidden} cannot be measured: {measured.reason}")
        measurements.append(measured.seconds)
    return Row(hidden, statistics.median(opinions), statistics.median(measurements), words)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[12, 64, 200, 500])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    rows = [time_opinion(hidden, load(ROOT, "parity20"), arguments.repeats) for hidden in arguments.hidden]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print(f"{'hidden':>6}{'opinion, s':>12}{'measurement, s':>16}  the last opinion")
    for row in rows:
        print(f"{row.hidden:>6}{row.opinion_s:>12.2f}{row.measurement_s:>16.2f}  {row.words}")


if __name__ == "__main__":
    main()
