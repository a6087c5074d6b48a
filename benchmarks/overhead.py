"""The harness's own time per experiment: all but the model, the tests and the measurements.

Runs real experiments, with real git and a real ledger, in a small copy of the project: proposals that the policy
refuses, duplicates, and two that are kept. What is counted is the wall-clock of the loop's turn (briefing, edits,
policy, commits, ledger, finding, publishing, printing) minus the stages tests, screen and confirm. Goal: a median of at
most 60 ms.

    python -m benchmarks.overhead [--experiments 40] [--json]
"""

import argparse
import io
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import loop
from harness import experiment
from harness.brief import brief
from harness.console import Console
from harness.proposers.scripted import ScriptedProposer
from harness.run import Run, Wanted
from harness.run.opening import open_run
from tests.harness.project import make_project
from tests.harness.scripts import DUPLICATE, KEPT, KEPT_TOO, POLICY, write_script

MEASURED = ("tests", "screen", "confirm")


def time_turn(run: Run, proposer: ScriptedProposer, console: Console) -> tuple[str, float]:
    """The stage that ended one experiment, and the harness's own milliseconds."""
    began = time.perf_counter()
    tell = partial(brief, run, prompts=loop.ROOT / "prompts")
    loop.one_experiment(run, proposer, tell, console, "1/1")
    spent = time.perf_counter() - began
    row = run.ledger.rows[-1]
    own = spent - sum(seconds for stage, seconds in row.seconds_by_stage if stage in MEASURED)
    return ("kept" if row.verdict.outcome == "kept" else row.verdict.stage), own * 1000


def measure(experiments: int) -> dict[str, list[float]]:
    """Milliseconds of each experiment, by the stage that ended it."""
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="ardent-overhead-") as folder:
        root = make_project(Path(folder))
        script = write_script(root.parent / "script.jsonl", [KEPT, *[POLICY, DUPLICATE] * (experiments // 2), KEPT_TOO])
        proposer = ScriptedProposer.open(script)
        wanted = Wanted(run="overhead", task="tiny", proposer="scripted", seed=1, budget=experiments + 2)
        with open_run(root, wanted) as run:
            experiment.run_baseline(run, lambda _: None)
            console = Console(io.StringIO())
            for _ in proposer.entries:
                stage, milliseconds = time_turn(run, proposer, console)
                spent.setdefault(stage, []).append(milliseconds)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description="The harness's own milliseconds per experiment.")
    parser.add_argument("--experiments", type=int, default=40, help="experiments that end before a measurement")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    spent = measure(arguments.experiments)
    rows = {
        stage: {"count": len(ms), "median_ms": statistics.median(ms), "min_ms": min(ms), "max_ms": max(ms)}
        for stage, ms in {**spent, "all": [each for ms in spent.values() for each in ms]}.items()
    }
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'ended by':<12}{'count':>6}{'median':>10}{'min':>10}{'max':>10}   (ms)")
    for stage, row in rows.items():
        print(f"{stage:<12}{row['count']:>6}{row['median_ms']:>10.1f}{row['min_ms']:>10.1f}{row['max_ms']:>10.1f}")


if __name__ == "__main__":
    main()
