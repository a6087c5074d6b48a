"""The knobs of the proposers, in one frozen record with units.

Does not cover: the knobs of the run (budget, gate, git), which belong to the loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.records import Experiment

DEFAULT_MODEL = "claude-opus-5-5"
RESUME = "the same command resumes the run"
Effort = Literal["low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause of so many seconds before try `attempt` of at most `attempts`, and the trouble that it follows."""

    seconds: float
    attempt: int
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProposerOptions:
    """What a proposer needs beyond the briefing.

    Attributes:
        script: proposals for `scripted`, YAML documents or JSON lines.
        replay: the rows of a recorded run for `replay`, oldest first.
        replayed_transcripts: directory of that run's requests and replies; None where there is none.
        transcripts: directory for the requests and replies of `claude`, one per run; made when needed.
        environ: where the key and the address are read from. Never printed.
        model: the model to ask.
        max_usd: ceiling in dollars over the whole run; None for none.
        price: USD per million tokens of input and of output, in place of the price list's; None for the list's.
        effort: the model's effort level; None leaves it to the server.
        max_tokens: of one reply, thinking included.
        repair_turns: how often the model may mend an answer that is unusable.
        cache_ttl: how long the server keeps the system prompt.
        force_tool: name the tool as the one to use. Models that always think answer that with HTTP 400.
        timeout_s: of one request, from sending it to the last byte of its reply.
        attempts: requests per turn before the run is paused.
        wait_cap_s: longest single wait between two requests, whatever Retry-After says.
        total_wait_s: no further request of the turn once this much time has gone.
        on_wait: told each wait before it begins.
    """

    script: Path | None = None
    replay: Sequence[Experiment] = ()
    replayed_transcripts: Path | None = None
    transcripts: Path = Path("transcripts")
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    model: str = DEFAULT_MODEL
    max_usd: float | None = None
    price: tuple[float, float] | None = None
    effort: Effort | None = None
    max_tokens: int = 32_000
    repair_turns: int = 2
    cache_ttl: Literal["5m", "1h"] = "5m"
    force_tool: bool = False
    timeout_s: float = 600.0
    attempts: int = 8
    wait_cap_s: float = 60.0
    total_wait_s: float = 900.0
    on_wait: Callable[[Wait], None] = lambda _wait: None
