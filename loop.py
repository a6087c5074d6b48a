"""The driver: propose, try, gate, record. `python loop.py --budget 20`; `--help` lists the rest."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from harness import briefing, cli, experiment
from harness.console import Console, summary
from harness.errors import ProposerPausedError
from harness.gate import MODEL, Incumbent
from harness.interrupt import Interrupt
from harness.proposers import Proposer, build, choose
from harness.records import Briefing
from harness.run import Run, check_meter, proposals
from harness.run.opening import open_run

ROOT = Path(__file__).resolve().parent


class Ending(NamedTuple):
    """Why the loop ended, and its exit code."""

    reason: str
    code: int


def main(arguments: cli.LoopArguments) -> int:
    """Run experiments until the budget, the hours or the user says stop; returns the exit code."""
    name, notice = choose(arguments.proposer, os.environ)
    wanted, note = cli.wanted(arguments, name), check_meter()
    with Interrupt() as interrupt, Console() as console, open_run(ROOT, wanted) as run:
        for line in filter(None, (notice, note, cli.opening(run))):
            console.say(line)
        options = cli.options(arguments, run, os.environ)
        proposer = build(name, root=ROOT, task=run.bench.task, seed=cli.proposer_seed(run), options=options)
        try:
            ending = loop(run, proposer, console, interrupt, arguments.max_hours)
        except ProposerPausedError:
            console.say(summary(run, "paused"))
            raise
        console.say(summary(run, ending.reason))
    return ending.code


def loop(run: Run, proposer: Proposer, console: Console, interrupt: Interrupt, max_hours: float) -> Ending:
    """One experiment after another."""
    deadline = time.monotonic() + max_hours * 3600
    experiment.publish_pending(run)
    if not run.ledger.rows and not interrupt.asked:
        console.begin("0")
        console.title("baseline")
        console.baseline(experiment.run_baseline(run, console.stage))
    budget = run.settings.budget
    while (done := len(proposals(run.ledger.rows))) < budget:
        if interrupt.asked:
            return Ending("interrupted; the same command goes on", 130)
        if time.monotonic() > deadline:
            return Ending(f"out of time (--max-hours {max_hours:g}); the same command goes on", 0)
        one_experiment(run, proposer, console, f"{done + 1}/{budget}")
    experiment.close(run)
    return Ending("budget used", 0)


def one_experiment(run: Run, proposer: Proposer, console: Console, position: str) -> None:
    """Propose, try, gate, record."""
    incumbent = run.incumbent()
    if experiment.null_is_due(run):
        console.begin("null")
        attempt = experiment.null_attempt()
    else:
        console.begin(position)
        attempt = experiment.ask(run, incumbent, proposer, brief(run, incumbent))
    console.title(attempt.title)
    console.end(experiment.try_attempt(run, incumbent, attempt, console.stage, console.instance))


def brief(run: Run, incumbent: Incumbent) -> Briefing:
    """What the proposer is told."""
    rows = run.ledger.rows
    return briefing.assemble(
        prompts=ROOT / "prompts",
        sources=incumbent.sources,
        incumbent=incumbent.screen,
        baseline=rows[0].evidence.screen[0].candidate,
        experiments=rows,
        number=len(rows),
        remaining=run.settings.budget - len(proposals(rows)),
        task=run.bench.task,
        discoveries=experiment.discoveries(run, incumbent),
        profile=run.profile(incumbent),
        read_only={MODEL: run.bench.trusted[MODEL]},
    )


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(cli.loop_arguments())))
