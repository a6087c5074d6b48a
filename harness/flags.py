"""The flags of the command lines that more than one place reads, and those of loop.py that concern the model.

Promises: every value is checked while the command line is parsed, with one line that names the flag. Does not cover:
what the values are for.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from harness.briefing import TOKEN_BUDGET
from harness.proposers.options import DEFAULT_MODEL, Effort, ProposerOptions, Wait
from harness.records import Experiment

MOST_SEED = 2**63
MOST_DIGITS = 30  # Python refuses to read some thousands
Ttl = Literal["5m", "1h"]


@dataclass(frozen=True, slots=True)
class ModelFlags:
    """What loop.py was told about the model; --help says what each means."""

    model: str
    max_usd: float | None
    price: tuple[float, float] | None
    effort: Effort | None
    max_tokens: int
    cache_ttl: Ttl
    repair_turns: int
    timeout: float
    briefing_tokens: int
    force_tool: bool

    def options(
        self,
        *,
        transcripts: Path,
        environ: Mapping[str, str],
        script: Path | None = None,
        replay: Sequence[Experiment] = (),
        replayed_transcripts: Path | None = None,
        on_wait: Callable[[Wait], None] = lambda _wait: None,
    ) -> ProposerOptions:
        """The proposer's knobs."""
        return ProposerOptions(
            script=script,
            replay=replay,
            replayed_transcripts=replayed_transcripts,
            transcripts=transcripts,
            environ=environ,
            model=self.model,
            max_usd=self.max_usd,
            price=self.price,
            effort=self.effort,
            max_tokens=self.max_tokens,
            repair_turns=self.repair_turns,
            cache_ttl=self.cache_ttl,
            force_tool=self.force_tool,
            timeout_s=self.timeout,
            on_wait=on_wait,
        )


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Add them to a parser; `read_model_flags` takes them out of what it parsed."""
    defaults = ProposerOptions()
    add = parser.add_argument_group("the model (--proposer claude)").add_argument
    add("--model", default=DEFAULT_MODEL, help="which model (default: %(default)s)")
    add("--max-usd", type=above_zero, metavar="D", help="never spend more than D dollars on a run")
    add("--price", type=_price, metavar="IN/OUT", help="USD per million tokens; default: prompts/prices.yaml")
    add("--effort", choices=get_args(Effort), help="the model's effort (default: the server's)")
    add("--max-tokens", type=whole_number(1_024, 10**6), default=defaults.max_tokens, metavar="N",
        help="of one answer, thinking included (default: %(default)s)")  # fmt: skip
    add("--cache-ttl", choices=get_args(Ttl), default=defaults.cache_ttl, help="of the cache (default: %(default)s)")
    add("--repair-turns", type=whole_number(0, 10), default=defaults.repair_turns, metavar="N",
        help="how often an unusable answer may be mended (default: %(default)s)")  # fmt: skip
    add("--timeout", type=above_zero, default=defaults.timeout_s, metavar="S",
        help="seconds for one answer (default: %(default)g)")  # fmt: skip
    add("--briefing-tokens", type=whole_number(1_000, 10**6), default=TOKEN_BUDGET, metavar="N",
        help="size of the briefing (default: %(default)s)")  # fmt: skip
    add("--force-tool", action="store_true", help="force the tool; some models answer that with HTTP 400")


def read_model_flags(namespace: argparse.Namespace) -> ModelFlags:
    """The model's flags, taken out of the namespace."""
    names = ModelFlags.__dataclass_fields__
    values = {name: getattr(namespace, name) for name in names}
    for name in names:
        delattr(namespace, name)
    return ModelFlags(**values)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        return _whole(text, least, most, f"from {least} to {most}")

    return read


def steps_above_zero(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1, 10**6, "of at least 1")


def whole_seed(text: str) -> int:
    """The value of --seed: a whole number below MOST_SEED."""
    return _whole(text, 0, MOST_SEED - 1, f"from 0 to {MOST_SEED - 1}")


def _whole(text: str, least: int, most: int, which: str) -> int:
    digits = text.lstrip("0") or "0"
    is_plain = text.isascii() and text.isdigit() and len(digits) <= MOST_DIGITS
    if not is_plain or not least <= int(digits) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {which}")
    return int(digits)


def above_zero(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _price(text: str) -> tuple[float, float]:
    try:
        input_, output = (float(part) for part in text.split("/"))
    except ValueError:
        input_, output = -1.0, -1.0
    if not (0 <= input_ < float("inf") and 0 <= output < float("inf")):
        raise argparse.ArgumentTypeError(f"{text!r} is not input and output in USD per million tokens, such as 3/15")
    return input_, output
