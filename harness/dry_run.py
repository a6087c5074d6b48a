"""`python loop.py --dry-run`: the next briefing as it stands, how long it is, and what the run would cost.

Promises: nothing is written, nor sent (but the free count that --count-tokens asks for); what is an estimate is called
one. A run that has begun shows exactly what would be sent, its incumbent's profile included.
Does not cover: how much the model will think, which is most of what its answers cost.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import briefing
from harness.brief import gather, gather_unmeasured
from harness.briefing import Layout, tokens
from harness.cli import DRY_BUDGET, LoopArguments, options
from harness.errors import ArdentError
from harness.proposers.answer import text_sha256
from harness.proposers.bill import recorded_cost
from harness.proposers.options import ProposerOptions
from harness.proposers.readiness import FirstCall, first_call
from harness.records import Cost, Experiment
from harness.run import Run, proposals_done
from harness.run.opening import peek_run
from harness.totals import Spend, total

# Of one experiment, thinking and repairs included, until the run's own ledger knows better.
ASSUMED_OUTPUT_TOKENS = 6_000
ASSUMED_CALLS = 1.25
LEAST_ROWS = 3  # from so many rows on, their mean is taken


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the rest of a run would cost; dollars are None where the price is unknown.

    Attributes:
        section_tokens: by section of the briefing, estimated at 3.5 characters a token.
        experiments: left in the budget.
        is_measured: `dollars_an_experiment` is the mean of this run's own rows, else rests on the assumptions above.
        bought: how many experiments are left for --max-usd; None without one.
    """

    run: str
    number: int
    prompt_sha256: str
    section_tokens: dict[str, int]
    first_call: FirstCall
    experiments: int
    dollars_an_experiment: float | None
    is_measured: bool
    dollars_in_all: float | None
    max_usd: float | None
    bought: int | None


def dry_run(root: Path, arguments: LoopArguments, name: str, environ: Mapping[str, str]) -> str:
    """What `--dry-run` prints. Raises BadInputError."""
    run = peek_run(root, arguments.run, arguments.task, name, arguments.budget)
    laid = _lay_out(run, root / "prompts", arguments.of_model.briefing_tokens)
    knobs = options(arguments, run, environ)
    called = first_call(root / "prompts", knobs, laid.system, laid.prompt, count=arguments.count_tokens)
    forecast = _forecast(run, laid, knobs, called)
    if arguments.look == "json":
        document = {**asdict(forecast), "system": laid.system, "prompt": laid.prompt}
        return json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    table = _table(forecast, asked=arguments.count_tokens)
    return "\n".join([laid.system, "", laid.prompt, "", *table, *_costs(forecast)])


def next_briefing(root: Path, task: str, proposer: str) -> tuple[str, str] | None:
    """System and prompt of the next call of a run of that task, by default settings; None where there can be none."""
    try:
        run = peek_run(root, None, task, proposer, DRY_BUDGET)
        laid = _lay_out(run, root / "prompts", briefing.TOKEN_BUDGET)
    except ArdentError:
        return None
    return laid.system, laid.prompt


def _lay_out(run: Run, prompts: Path, token_budget: int) -> Layout:
    if not run.ledger.rows:
        return briefing.lay_out(gather_unmeasured(run, run.settings.baseline, prompts, token_budget))
    return briefing.lay_out(gather(run, run.incumbent(), prompts, token_budget))


def _forecast(run: Run, laid: Layout, knobs: ProposerOptions, called: FirstCall) -> Forecast:
    rows = run.ledger.rows
    own = total(rows, Spend).billed
    is_measured = own.count >= LEAST_ROWS
    assumed = called.expected_dollars(ASSUMED_CALLS, ASSUMED_OUTPUT_TOKENS)
    each = own.value / own.count if is_measured else assumed
    left = max(run.settings.budget - proposals_done(rows), 0)
    return Forecast(
        run=run.settings.run,
        number=max(len(rows), 1),
        prompt_sha256=text_sha256(laid.system, laid.prompt),
        section_tokens={"instructions": tokens(laid.system)} | {name: tokens(text) for name, text in laid.sections},
        first_call=called,
        experiments=left,
        dollars_an_experiment=each,
        is_measured=is_measured,
        dollars_in_all=None if each is None else each * left,
        max_usd=knobs.max_usd,
        bought=_bought(knobs.max_usd, each, rows, recorded_cost(knobs.transcripts, len(rows))),
    )


def _bought(ceiling: float | None, each: float | None, rows: Sequence[Experiment], now: Cost) -> int | None:
    """`now`: what the next experiment has cost already."""
    if ceiling is None or not each:
        return None
    spend = total(rows, Spend)
    spent = spend.dollars.value + spend.lost.value + (now.dollars or 0.0) + (now.lost_dollars or 0.0)
    return max(int((ceiling - spent) / each), 0)


def _table(forecast: Forecast, *, asked: bool) -> list[str]:
    """Tokens by section, in the order of the request; `asked`: the server should have counted."""
    called = forecast.first_call
    lines = [
        f"dry run: experiment {forecast.number} of run {forecast.run}, briefing {forecast.prompt_sha256}",
        "  tokens (an estimate, 3.5 characters each):",
        *(f"    {name:<14} {count:>7,}" for name, count in forecast.section_tokens.items()),
    ]
    estimated = "estimated: the server gave no count" if asked else "estimated"
    how = "counted by the server" if called.is_counted else estimated
    in_all = f"{called.input_tokens:>7,}  ({how}, the tool's {called.tool_tokens:,} included)"
    return [*lines, f"    {'in all':<14} {in_all}"]


def _costs(forecast: Forecast) -> list[str]:
    called, each = forecast.first_call, forecast.dollars_an_experiment
    if called.worst_dollars is None or each is None or forecast.dollars_in_all is None:
        return [f"  cost unknown: {called.model} has no price; add it to prompts/prices.yaml or give --price IN/OUT"]
    basis = f"assumed: {ASSUMED_CALLS:g} calls, {ASSUMED_OUTPUT_TOKENS:,} tokens of output, instructions from the cache"
    if forecast.is_measured:
        basis = "the mean of this run"
    in_all = f"{forecast.experiments} experiments about ${forecast.dollars_in_all:.2f}"
    lines = [
        f"  {called.model} at list prices of {called.prices_dated}: about ${each:.2f} an experiment ({basis})",
        f"  the first call costs at most ${called.worst_dollars:.2f}; {in_all}",
    ]
    if forecast.bought is not None:
        lines.append(f"  --max-usd {forecast.max_usd:g}: this budget buys about {forecast.bought} experiments")
    return lines
