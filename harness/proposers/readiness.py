"""Whether the model can be asked, and what the first call would cost, without spending anything.

Promises: nothing is sent unless it is asked for, and then only the count of tokens, which is free; no row holds a key.
Does not cover: whether the account has credit; only a paid call shows that.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.briefing import tokens
from harness.errors import ArdentError, BadInputError
from harness.proposers.bill import open_bill
from harness.proposers.connection import count_input, open_client
from harness.proposers.options import ProposerOptions
from harness.proposers.prices import Usage, read_date
from harness.proposers.request import build_request
from harness.proposers.secret import DEFAULT_BASE_URL, NO_ACCESS, Access, read_access
from harness.proposers.transcripts import Transcripts

State = Literal["ok", "note", "fault"]
PRICES = "prices.yaml"
USUAL_KEY = "sk-ant-"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing looked at: `told` says what was found, and the fix where there is one."""

    name: str
    state: State
    told: str


@dataclass(frozen=True, slots=True)
class FirstCall:
    """What asking for one proposal would take. Dollars are None where the price is unknown.

    Attributes:
        input_tokens: the whole request, as the server counts it (`is_counted`) or estimated from its characters.
        tool_tokens: those of the tool, which is sent along; estimated.
        cached_dollars, input_dollars: of one call with the instructions from the cache, and of its changing part.
        output_price: dollars for one token of output.
        worst_dollars: the most that the call may cost, all of --max-tokens used.
    """

    model: str
    prices_dated: str
    input_tokens: int
    is_counted: bool
    tool_tokens: int
    cached_dollars: float | None
    input_dollars: float | None
    output_price: float | None
    worst_dollars: float | None

    def expected_dollars(self, calls: float, output_tokens: float) -> float | None:
        """What an experiment of so many calls costs that answer with so many tokens together."""
        if self.cached_dollars is None or self.input_dollars is None or self.output_price is None:
            return None
        return calls * (self.cached_dollars + self.input_dollars) + output_tokens * self.output_price


def first_call(prompts: Path, options: ProposerOptions, system: str, prompt: str, *, count: bool) -> FirstCall:
    """What the call with this briefing would take; `count` asks the server, for free.

    Raises BadInputError: the price list or the ceiling makes no sense, or `count` has no key.
    """
    access = read_access(options.environ) if count else NO_ACCESS
    bill = open_bill(prompts / PRICES, options, Transcripts(options.transcripts, access))
    request = build_request(system, [{"role": "user", "content": prompt}], options)
    of_tool = tokens(json.dumps(request["tools"]))
    stable = tokens(system) + of_tool
    counted = _count(access, request, options) if count else None
    in_all = counted or stable + tokens(prompt)
    price = bill.price
    return FirstCall(
        model=options.model,
        prices_dated=read_date(prompts / PRICES),
        input_tokens=in_all,
        is_counted=counted is not None,
        tool_tokens=of_tool,
        cached_dollars=price.dollars(Usage(cache_read=stable)) if price else None,
        input_dollars=price.dollars(Usage(input=max(in_all - stable, 0))) if price else None,
        output_price=price.dollars(Usage(output=1)) if price else None,
        worst_dollars=bill.worst(request, counted),
    )


def check(prompts: Path, options: ProposerOptions, briefing: tuple[str, str] | None, *, reach: bool) -> tuple[Row, ...]:
    """The rows of `python -m harness doctor`: key, address, model, prices and what the first call would cost.

    `briefing` is the next one, system and prompt, or None where there is none; `reach` sends one request, for
    a count of tokens.
    """
    rows = [_key_row(options), _price_row(prompts, options)]
    if briefing is not None and rows[-1].state != "fault":
        rows.append(_cost_row(prompts, options, briefing))
    if reach and rows[0].state == "ok":
        rows.append(_reach_row(options))
    return tuple(rows)


def _key_row(options: ProposerOptions) -> Row:
    try:
        access = read_access(options.environ)
    except BadInputError as error:
        return Row("key", "note" if "is not set" in str(error) else "fault", str(error))
    if access.base_url != DEFAULT_BASE_URL:
        return Row("key", "ok", f"requests go to {access.base_url}")
    if not access.key.startswith(USUAL_KEY):
        return Row("key", "fault", f"ANTHROPIC_API_KEY: does not begin with {USUAL_KEY}; copy it again")
    return Row("key", "ok", f"set, {len(access.key)} characters, of the usual shape")


def _price_row(prompts: Path, options: ProposerOptions) -> Row:
    try:
        bill = open_bill(prompts / PRICES, options, Transcripts(options.transcripts, NO_ACCESS))
        dated = read_date(prompts / PRICES)
    except ArdentError as error:
        return Row("prices", "fault", str(error))
    if bill.price is None:
        fix = "give --price IN/OUT, or add it to prompts/prices.yaml"
        return Row("prices", "note", f"{options.model}: cost unknown, so --max-usd will not start; {fix}")
    return Row("prices", "ok", f"{options.model}: {bill.price.input:g} in, {bill.price.output:g} out, of {dated}")


def _cost_row(prompts: Path, options: ProposerOptions, briefing: tuple[str, str]) -> Row:
    called = first_call(prompts, options, *briefing, count=False)
    if called.worst_dollars is None:
        return Row("first call", "note", f"about {called.input_tokens:,} tokens in, cost unknown")
    return Row("first call", "ok", f"about {called.input_tokens:,} tokens in, at most ${called.worst_dollars:.2f}")


def _reach_row(options: ProposerOptions) -> Row:
    access = read_access(options.environ)
    request = build_request("Ping.", [{"role": "user", "content": "Ping."}], options)
    counted = _count(access, request, options)
    if counted is None:
        why = "no connection, key or model, or no such call"
        told = f"{access.base_url} does not count tokens for {options.model}: {why}"
        return Row("server", "note", told)
    return Row("server", "ok", f"{access.base_url} answers, takes the key and knows {options.model}")


def _count(access: Access, request: dict[str, object], options: ProposerOptions) -> int | None:
    with open_client(access) as client:
        return count_input(client, request, options.timeout_s)


