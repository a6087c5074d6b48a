"""The bill: what was spent, and whether the next call may be made under --max-usd.

Promises: no call is made whose worst case, with all that was spent and all that lost replies may have cost, passes the
ceiling; every reply counts, of use or not. The worst case is first taken from the request's size, one token a byte,
which no tokeniser exceeds; only where that would pass the ceiling is the server asked to count, which is free. A reply
is charged at the price that was written down before its request was sent, whatever model is asked later.
Does not cover: an account's own limits, taxes, and a server that bills more than its list price.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum, isfinite
from pathlib import Path

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers.message import read_message
from harness.proposers.options import RESUME, ProposerOptions
from harness.proposers.prices import Price, Usage, find_price, read_prices, simple_price
from harness.proposers.secret import NO_ACCESS
from harness.proposers.transcripts import Transcripts
from harness.records import Cost, Experiment
from harness.totals import Spend, total

CountInput = Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of one run."""

    options: ProposerOptions
    price: Price | None
    transcripts: Transcripts

    def charge(self, number: int) -> Cost:
        """What all recorded replies of an experiment cost, those included whose request was abandoned by a
        kill, and what the replies that never arrived may have cost.
        """
        recorded, attempts = self.transcripts.replies_of(number), self.transcripts.attempts_of(number)
        read = [(reply, read_message(reply.body, self.options.cache_ttl)) for reply in recorded]
        prices = {(each.stem, each.index): each.price for each in attempts}
        answered = {(reply.stem, reply.attempt): message.usage for reply, message in read if message}
        lost = [each for each in attempts if (each.stem, each.index) not in answered]
        usages = [usage for usage in answered.values() if usage]
        dollars = [_dollars(usage, prices.get(which) or self.price) for which, usage in answered.items()]
        return Cost(
            calls=len(answered),
            input_tokens=sum(usage.prompt for usage in usages),
            output_tokens=sum(usage.output for usage in usages),
            dollars=_sum(dollars),
            cached_tokens=sum(usage.cache_read for usage in usages),
            lost_calls=len(lost),
            lost_dollars=_sum([each.worst for each in lost]),
        )

    def worst(self, request: Mapping[str, object], tokens: int | None = None) -> float | None:
        """The most that the answer to `request` may cost; None where the price is unknown."""
        if self.price is None:
            return None
        size = tokens or len(json.dumps(dict(request), ensure_ascii=False).encode("utf-8", "replace"))
        return self.price.worst(size, self.options.max_tokens)

    def approve(
        self, request: Mapping[str, object], number: int, experiments: Sequence[Experiment], count: CountInput
    ) -> float | None:
        """The worst case of the call that is about to be made. Raises ProposerPausedError if it passes the ceiling."""
        worst = self.worst(request)
        ceiling = self.options.max_usd
        if ceiling is None or worst is None:
            return worst
        spent, lost = self._spent(number, experiments)
        if spent + lost + worst > ceiling:
            worst = self.worst(request, count()) or 0.0
        if spent + lost + worst > ceiling:
            and_lost = f", up to ${lost:.4f} more may have been billed for replies that never arrived," if lost else ""
            raise ProposerPausedError(
                f"--max-usd: ${spent:.4f} is spent{and_lost} and the next call may cost ${worst:.4f}, "
                f"past the ceiling of ${ceiling:.2f}; raise it to --max-usd {_enough(spent + lost + worst)} or more, "
                f"then {RESUME}"
            )
        return worst

    def _spent(self, number: int, experiments: Sequence[Experiment]) -> tuple[float, float]:
        """Dollars of the run so far, experiment `number` included: known, and the most that was lost."""
        now = self.charge(number)
        if now.dollars is None or now.lost_dollars is None:
            raise ProposerPausedError(
                f"--max-usd: the server does not say what it used; drop the flag, then {RESUME}"
            )
        known, lost = sum_dollars(experiments)
        return known + now.dollars, lost + now.lost_dollars


def _enough(dollars: float) -> str:
    """An amount that is not below those dollars, in whole cents."""
    return f"{ceil(dollars * 100) / 100:.2f}"


def recorded_cost(folder: Path, number: int) -> Cost:
    """What the recorded replies of an experiment come to, without a model; `folder` holds the run's transcripts.

    Dollars are None where the price was not written down with a reply.
    """
    return Bill(ProposerOptions(), None, Transcripts(folder, NO_ACCESS)).charge(number)


def open_bill(prices: Path, options: ProposerOptions, transcripts: Transcripts) -> Bill:
    """A bill with the model's price. Raises BadInputError: the ceiling makes no sense, or needs a price."""
    listed = find_price(read_prices(prices), options.model)
    price = simple_price(*options.price) if options.price else listed
    ceiling = options.max_usd
    if ceiling is not None and (not isfinite(ceiling) or ceiling <= 0):
        raise BadInputError(f"--max-usd: {ceiling} is not an amount above 0; write dollars, such as 5")
    if ceiling is not None and price is None:
        raise BadInputError(
            f"--max-usd: the price of {options.model!r} is unknown; give it with --price INPUT/OUTPUT "
            f"(USD per million tokens) or in {prices}, or drop the flag"
        )
    return Bill(options, price, transcripts)


def sum_dollars(experiments: Sequence[Experiment]) -> tuple[float, float]:
    """Dollars of the rows: known, and the most that lost replies may have cost.

    Raises BadInputError: a row's cost is unknown, so no ceiling can be held.
    """
    spend = total(experiments, Spend)
    if spend.unknown is not None:
        raise BadInputError(f"--max-usd: the cost of experiment {spend.unknown} is unknown; drop the flag to go on")
    return spend.dollars.value, spend.lost.value


def _dollars(usage: Usage | None, price: Price | None) -> float | None:
    return None if usage is None or price is None else price.dollars(usage)


def _sum(amounts: Sequence[float | None]) -> float | None:
    """The sum; None if an amount is unknown."""
    known = [amount for amount in amounts if amount is not None]
    return fsum(known) if len(known) == len(amounts) else None
