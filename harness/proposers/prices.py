"""What a reply cost, and what the next one may cost at most, from prompts/prices.yaml.

Promises: a model without a price has an unknown cost (None), never 0; a malformed file is a BadInputError.
Does not cover: discounts, batches, or prices that changed after the file's date.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from harness.errors import BadInputError
from harness.proposers.documents import read_yaml

RATES = ("input", "write_5m", "write_1h", "cache_read", "output")
# What cached input costs as a share of input, where a price is given as input and output alone: the list's largest.
SHARES = (1.25, 2.0, 0.1)
# Tokens that the server adds to a request for its tool, and its own count's slack: well above what is documented.
EXTRA_TOKENS, EXTRA_SHARE = 1_000, 0.02
_DATE_SUFFIX = re.compile(r"-\d{8}$")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply. `input` excludes the cached ones, as the API reports it."""

    input: int = 0
    write_5m: int = 0
    write_1h: int = 0
    cache_read: int = 0
    output: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that went in."""
        return self.input + self.write_5m + self.write_1h + self.cache_read


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; above `long_prompt` prompt tokens all of it costs `long_factor` times."""

    input: float
    write_5m: float
    write_1h: float
    cache_read: float
    output: float
    long_prompt: float = float("inf")
    long_factor: float = 1.0

    def dollars(self, usage: Usage) -> float:
        """What `usage` costs."""
        per_million = (
            usage.input * self.input
            + usage.write_5m * self.write_5m
            + usage.write_1h * self.write_1h
            + usage.cache_read * self.cache_read
            + usage.output * self.output
        )
        return per_million / 1e6 * (self.long_factor if usage.prompt > self.long_prompt else 1.0)

    def worst(self, prompt_tokens: float, max_tokens: int) -> float:
        """The most that a request of so many tokens may cost: every prompt token written to the dearest cache,
        every output token used.
        """
        tokens = int(prompt_tokens * (1 + EXTRA_SHARE)) + EXTRA_TOKENS
        dearest = max(self.input, self.write_5m, self.write_1h, self.cache_read)
        factor = self.long_factor if tokens > self.long_prompt else 1.0
        return (tokens * dearest + max_tokens * self.output) / 1e6 * factor


def simple_price(input_: float, output: float) -> Price:
    """A price in USD per million tokens, input and output; the cache at the usual shares of input."""
    write_5m, write_1h, read = (input_ * share for share in SHARES)
    return Price(input_, write_5m, write_1h, read, output)


def read_prices(path: Path) -> Mapping[str, Price]:
    """Prices by model name. Raises BadInputError."""
    models = _read_list(path)["models"]
    if not isinstance(models, dict):
        raise BadInputError(f"{path}: models: must map model names to prices")
    return {str(name): _read_price(f"{path}: models: {name}", raw) for name, raw in models.items()}


def read_date(path: Path) -> str:
    """The day of the price list, ISO 8601. Raises BadInputError."""
    return str(_read_list(path)["dated"])


def _read_list(path: Path) -> Mapping[str, object]:
    documents = read_yaml(path, "the price list")
    if len(documents) != 1 or not isinstance(documents[0], dict) or set(documents[0]) != {"dated", "models"}:
        raise BadInputError(f"{path}: must hold `dated` and `models`, and nothing else")
    dated = documents[0]["dated"]
    if not isinstance(dated, dt.date):
        raise BadInputError(f"{path}: dated: {dated!r} is not a date; write one such as 2026-11-01")
    return documents[0]


def find_price(prices: Mapping[str, Price], model: str) -> Price | None:
    """The price of `model`; a dated name such as model-20261101 has the price of the undated one."""
    return prices.get(model) or prices.get(_DATE_SUFFIX.sub("", model))


def _read_price(where: str, raw: object) -> Price:
    if not isinstance(raw, dict):
        raise BadInputError(f"{where}: must hold {', '.join(RATES)}")
    for key in raw:
        if key not in {*RATES, "long_prompt"}:
            raise BadInputError(
                f"{where}: unknown field {key!r}; the fields are {', '.join(RATES)}, long_prompt"
            )
    rates = [_read_number(where, rate, raw.get(rate)) for rate in RATES]
    if "long_prompt" not in raw:
        return Price(*rates)
    tier = raw["long_prompt"]
    if not isinstance(tier, dict) or set(tier) != {"above", "factor"}:
        raise BadInputError(f"{where}: long_prompt: must hold `above` (tokens) and `factor`")
    return Price(
        *rates, *(_read_number(f"{where}: long_prompt", key, tier[key]) for key in ("above", "factor"))
    )


def _read_number(where: str, field: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not isfinite(raw) or raw < 0:
        raise BadInputError(f"{where}: {field}: must be a number of at least 0, not {raw!r}")
    return float(raw)
