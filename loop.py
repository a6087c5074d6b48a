"""The driver: propose, try, gate, record. `python loop.py --budget 20`; `--help` lists the rest."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness import cli, experiment, redteam
from harness.brief import brief
from harness.console import Console, summary
from harness.errors import ProposerPausedError
from harness.gate import Incumbent
from harness.interrupt import Interrupt
from harness.proposers import Proposer, build, choose
from harness.proposers.secret import take_environment
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
    environ = take_environment(os.environ)
    name, notice = choose(arguments.proposer, environ)
    wanted, note = cli.wanted(arguments, name), check_meter()
    if arguments.dry_run:
        from harness.dry_run import dry_run  # noqa: PLC0415 - anthropic only when used, and without its variables

        print(dry_run(ROOT, arguments, name, environ))
        return 0
    with Interrupt() as interrupt, Console() as console, open_run(ROOT, wanted, console.say) as run:
        options, seed = cli.options(arguments, run, environ), cli.proposer_seed(run)
        proposer = build(name, root=ROOT, task=run.bench.task, seed=seed, options=options, experiments=run.ledger.rows)
        for line in filter(None, (notice, note, cli.opening(run))):
            console.say(line)
        redteam.before_spending(ROOT, run, console.say)
        try:
            ending = loop(run, proposer, console, interrupt, arguments)
        except ProposerPausedError:
            console.say(summary(run, "paused"))
            raise
        console.say(summary(run, ending.reason))
    return ending.code


def loop(
    run: Run, proposer: Proposer, console: Console, interrupt: Interrupt, arguments: cli.LoopArguments
) -> Ending:
    """One experiment after another."""
    deadline = time.monotonic() + arguments.max_hours * 3600
    tell = partial(brief, run, prompts=ROOT / "prompts", token_budget=arguments.of_model.briefing_tokens)
    experiment.publish_pending(run)
    if not run.ledger.rows and not interrupt.asked:
        console.begin("0")
        console.title("baseline")
        console.baseline(experiment.run_baseline(run, console.stage))
    budget = run.settings.budget
    while (done := proposals(run.ledger.rows)) < budget:
        if interrupt.asked:
            return Ending("interrupted; the same command goes on", 130)
        if time.monotonic() > deadline:
            return Ending(f"out of time (--max-hours {arguments.max_hours:g}); the same command goes on", 0)
        one_experiment(run, proposer, tell, console, f"{done + 1}/{budget}")
    experiment.close(run)
    return Ending("budget used", 0)


def one_experiment(
    run: Run, proposer: Proposer, tell: Callable[[Incumbent], Briefing], console: Console, position: str
) -> None:
    """Propose, try, gate, record."""
    incumbent = run.incumbent()
    if experiment.null_is_due(run):
        console.begin("null")
        attempt = experiment.null_attempt()
    else:
        console.begin(position)
        attempt = experiment.ask(run, incumbent, proposer, tell(incumbent))
    console.title(attempt.title)
    console.end(experiment.try_attempt(run, incumbent, attempt, console.stage, console.instance))


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(cli.loop_arguments())))
