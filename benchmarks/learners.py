"""Every learner of tests/controls on the default task, as a ratio to the standard method on the same instance.

    python benchmarks/learners.py [--only NAME ...] [--seed HEX] [--json]

One measurement each, in the gate's own sandbox, on the instance of that seed. A ratio below 1 is less than standard's.
`solved` and `samples` say whether and when validation reached the task's target; accuracy is on the test set.
Does not cover: noise between instances. These are controls that the meter must take, not claims about learners.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import task  # noqa: E402 - found through ROOT
from harness.measure import Failure, Program, measure  # noqa: E402
from harness.records import Measurement  # noqa: E402
from harness.settings import Task  # noqa: E402

LEARNERS = ROOT / "tests" / "controls" / "learners"
METHODS = ROOT / "sparse_parity" / "methods"
NET = {"hidden": 500, "lr": 0.1, "wd": 0.01}  # the champion's
PLAIN = {"lr": 1.0}  # for those that have nothing to set

HYPERPARAMETERS: Mapping[str, Mapping[str, float]] = {
    "standard": NET,
    "row_fused": NET,
    "tiled": NET | {"tile": 10},
    "lazy_decay": NET,
    "dead_rows": NET,
    "hinge_perceptron": {"hidden": 500, "lr": 0.1},
    "minibatch_sgd": {"hidden": 500, "lr": 0.5, "wd": 0.001, "batch": 8},
    "momentum_sgd": {"hidden": 500, "lr": 0.02, "wd": 0.01, "momentum": 0.8},
    "sign_sgd": {"hidden": 200, "lr": 0.01, "beta": 0.9, "cool": 500},
    "adam": {"hidden": 200, "lr": 0.01},
    "deep_mlp": {"hidden": 100, "hidden2": 50, "lr": 0.05, "wd": 0.001},
    "gf2_elimination": PLAIN,
    "gf2_packed": PLAIN,
    "subset_search": PLAIN,
    "correlation": PLAIN,
    "walsh_hadamard": {"samples": 200},
    "evolution": {"population": 64, "enough": 40},
    "multiplicative_weights": {"penalty": 0.7},
    "averaged_perceptron": PLAIN,
    "hebbian": {"lr": 0.0003},
    "nearest_neighbour": {"memory": 500},
}


@dataclass(frozen=True, slots=True)
class Row:
    """One learner. Counts and ratios are None where there is no measurement; `failure` then says why."""

    learner: str
    solved: bool
    samples: int | None = None
    ard: float | None = None
    dmd: float | None = None
    traffic: float | None = None
    reuse: float | None = None
    accuracy: float | None = None
    peak_cells: int | None = None
    seconds: float | None = None
    failure: str = ""


def program_of(name: str) -> Program:
    """The learner as the gate would load it."""
    file = METHODS / "standard.py" if name == "standard" else LEARNERS / f"{name}.py"
    model = (ROOT / "sparse_parity" / "model.py").read_text("utf-8")
    modules = {"sparse_parity.model": model, f"sparse_parity.methods.{name}": file.read_text("utf-8")}
    return Program(modules, name, HYPERPARAMETERS[name])


def compare(name: str, found: Measurement | Failure, base: Measurement) -> Row:
    """One row of the table; accuracy is a ratio too."""
    if isinstance(found, Failure):
        return Row(name, solved=False, failure=found.reason)
    return Row(
        name,
        found.solved,
        found.samples,
        found.ard / base.ard,
        found.dmd / base.dmd,
        found.traffic / base.traffic,
        found.reuse / base.reuse,
        found.accuracy / base.accuracy,
        found.peak_cells,
        found.seconds,
    )


def show(row: Row) -> str:
    """One line of the table."""
    if row.failure:
        return f"{row.learner:<23}{'-':>7}  {row.failure}"
    ratios = "".join(f"{value:>11.3g}" for value in (row.ard, row.dmd, row.traffic, row.reuse, row.accuracy))
    solved = "yes" if row.solved else "no"
    return f"{row.learner:<23}{solved:>7}{row.samples:>9,}{ratios}{row.peak_cells:>12,}{row.seconds:>9.1f}"


def run(names: list[str], settings: Task, seed: str, *, aloud: bool) -> tuple[Measurement, list[Row]]:
    """Measure standard, then each learner on the same instance; print each line when it is there."""
    instance = task.draw(settings, seed)
    base = measure(program_of("standard"), instance, settings)
    if isinstance(base, Failure):
        sys.exit(f"standard cannot be measured: {base.reason}")
    rows = []
    for name in names:
        rows.append(compare(name, base if name == "standard" else measure(program_of(name), instance, settings), base))
        if aloud:
            print(show(rows[-1]), flush=True)
    return base, rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(HYPERPARAMETERS), default=list(HYPERPARAMETERS))
    parser.add_argument("--seed", default="5eed", help="of the instance, hexadecimal")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    settings = task.load(ROOT, "parity20")
    if not arguments.json:
        heads = ("ARD", "DMD", "traffic", "reuse", "accuracy")
        print(f"{settings.name}, instance {arguments.seed}; ratios to standard: ARD to accuracy")
        columns = "".join(f"{head:>11}" for head in heads)
        print(f"{'learner':<23}{'solved':>7}{'samples':>9}{columns}{'peak cells':>12}{'s':>9}")
    base, rows = run(arguments.only, settings, arguments.seed, aloud=not arguments.json)
    absolute = {"ard": base.ard, "dmd": base.dmd, "traffic": base.traffic, "reuse": base.reuse}
    if arguments.json:
        standard = absolute | {"accuracy": base.accuracy, "samples": base.samples}
        facts = {"task": settings.name, "seed": arguments.seed, "standard": standard}
        print(json.dumps(facts | {"learners": [asdict(row) for row in rows]}, allow_nan=False))
        return
    print("standard: " + ", ".join(f"{name} {value:,.4g}" for name, value in absolute.items()))


if __name__ == "__main__":
    main()
