"""The driver: propose, try, gate, record. `python loop.py --budget 20`; `--help` lists the rest."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness import cli, experiment, redteam
from harness.brief import brief
from harness.console import Limits, View, choose_view
from harness.errors import ProposerPausedError
from harness.gate import Incumbent
from harness.interrupt import Interrupt
from harness.proposers import Proposer, build, choose
from harness.proposers.secret import take_environment
from harness.records import Briefing
from harness.run import Run, check_meter, proposals_done
from harness.run.opening import open_run
from harness.run.publishing import close, publish_pending

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
    view = choose_view(arguments.look)
    with Interrupt(view.interrupted) as interrupt, view, open_run(ROOT, wanted, view.say) as run:
        options, seed = cli.options(arguments, run, environ, view.waiting), cli.proposer_seed(run)
        proposer = build(name, root=ROOT, task=run.bench.task, seed=seed, options=options, experiments=run.ledger.rows)
        for line in filter(None, (notice, note, cli.opening(run))):
            view.say(line)
        redteam.before_spending(ROOT, run, view.say)
        try:
            ending = loop(run, proposer, view, interrupt, arguments)
        except ProposerPausedError:
            view.summary(run, "paused")
            raise
        view.summary(run, ending.reason)
    return ending.code


def loop(run: Run, proposer: Proposer, view: View, interrupt: Interrupt, arguments: cli.LoopArguments) -> Ending:
    """One experiment after another."""
    hours = arguments.max_hours
    view.follow(run, Limits(lambda: hours - run.worked.hours(), arguments.of_model.max_usd))
    tell = partial(brief, run, prompts=ROOT / "prompts", token_budget=arguments.of_model.briefing_tokens)
    publish_pending(run)
    if not run.ledger.rows and not interrupt.asked:
        view.begin("0")
        view.title("baseline")
        view.end(experiment.run_baseline(run, view.stage))
    budget = run.settings.budget
    while (done := proposals_done(run.ledger.rows)) < budget:
        if interrupt.asked:
            return Ending("interrupted; the same command goes on", 130)
        if (worked := run.worked.hours()) >= hours:
            return Ending(f"out of time ({worked:.2f} h worked in all, --max-hours {hours:g}); raise it to go on", 0)
        one_experiment(run, proposer, tell, view, f"{done + 1}/{budget}")
    close(run)
    return Ending("budget used", 0)


def one_experiment(
    run: Run, proposer: Proposer, tell: Callable[[Incumbent], Briefing], view: View, position: str
) -> None:
    """Propose, try, gate, record."""
    incumbent = run.incumbent()
    if experiment.null_is_due(run):
        view.begin("null")
        attempt = experiment.null_attempt()
    else:
        view.begin(position)
        attempt = experiment.ask(run, incumbent, proposer, tell(incumbent))
    view.title(attempt.title)
    view.end(experiment.try_attempt(run, incumbent, attempt, view.stage, view.instance))


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(cli.loop_arguments())))
