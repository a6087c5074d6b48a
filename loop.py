"""The driver: propose, try, gate, record. `python loop.py --budget 20`; `--help` lists the rest."""

import os
import time
from pathlib import Path

from harness import briefing, cli, experiment
from harness.console import Console, summary
from harness.errors import ProposerPausedError
from harness.interrupt import Interrupt
from harness.proposers import Proposer, build, choose
from harness.records import Briefing
from harness.run import Run, check_meter, open_run, proposals

ROOT = Path(__file__).resolve().parent


def main(arguments: cli.LoopArguments) -> int:
    """Run experiments until the budget, the hours or the user says stop; returns the exit code."""
    console = Console()
    name, notice = choose(arguments.proposer, os.environ)
    console.say(notice)
    if note := check_meter():
        console.say(note)
    with open_run(ROOT, cli.wanted(arguments, name)) as run, Interrupt(console.say) as interrupt:
        console.say(cli.opening(run))
        proposer = build(name, root=ROOT, task=run.bench.task, seed=cli.proposer_seed(run), options=cli.options(arguments, run, os.environ))
        stopped = loop(run, proposer, console, interrupt, arguments)
        console.say(summary(run, stopped))
    return 130 if interrupt.asked else int(stopped.startswith("paused"))


def loop(run: Run, proposer: Proposer, console: Console, interrupt: Interrupt, arguments: cli.LoopArguments) -> str:
    """One experiment after another; returns why it stopped."""
    deadline = time.monotonic() + arguments.max_hours * 3600
    experiment.publish_pending(run)
    if not run.ledger.rows:
        console.begin("0", "baseline")
        console.baseline(experiment.run_baseline(run, console.stage))
    while (done := len(proposals(run.ledger.rows))) < arguments.budget:
        if interrupt.asked:
            return "interrupted; the same command goes on"
        if time.monotonic() > deadline:
            return f"out of time (--max-hours {arguments.max_hours:g}); the same command goes on"
        try:
            one_experiment(run, proposer, console, f"{done + 1}/{arguments.budget}")
        except ProposerPausedError as pause:
            return f"paused: {pause}"
    experiment.close(run)
    return "budget used"


def one_experiment(run: Run, proposer: Proposer, console: Console, position: str) -> None:
    """Propose, try, gate, record."""
    incumbent = run.incumbent()
    if experiment.null_is_due(run):
        attempt, position = experiment.null_attempt(), "null"
    else:
        attempt = experiment.ask(run, incumbent, proposer, brief(run))
    console.begin(position, attempt.title)
    console.end(experiment.try_attempt(run, incumbent, attempt, console.stage))


def brief(run: Run) -> Briefing:
    """What the proposer is told."""
    rows, incumbent = run.ledger.rows, run.incumbent()
    return briefing.assemble(
        prompts=ROOT / "prompts",
        sources=incumbent.sources,
        incumbent=incumbent.screen,
        baseline=rows[0].evidence.screen[0].candidate,
        experiments=rows,
        number=len(rows),
        remaining=run.settings.budget - len(proposals(rows)),
        task=run.bench.task,
        discoveries=experiment.discoveries(run),
        read_only={"sparse_parity/model.py": run.bench.trusted["sparse_parity/model.py"]},
    )


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(cli.loop_arguments())))
