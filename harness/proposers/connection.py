"""Sending one request to the Messages API, with retries that end.

Promises: every failure becomes a TransientError (worth another try), or a ProposerPausedError (the run pauses
and goes on with the same command); trouble on the way is never a failed idea. Waits honour Retry-After up to
a cap, and end with a deadline; one request ends with a time limit and a size limit, however slowly its reply drips.
Does not cover: what the reply says.
"""

import datetime as dt
import email.utils
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import anthropic
import httpx2
import tenacity

from harness.errors import ProposerPausedError
from harness.proposers.options import RESUME, ProposerOptions, Wait
from harness.proposers.secret import Access

T = TypeVar("T")
RETRIED_STATUS = (408, 409, 429)
# A gateway that waited in vain: the server behind it may have answered, and billed.
GATEWAY_TIMEOUTS = (504, 524)
# The request never left: nothing can have been billed.
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
COUNTED = ("model", "system", "tools", "tool_choice", "messages")
FIRST_WAIT_S = 1.0
MAX_EXPONENT = 10
MAX_REPLY_BYTES = 32 * 2**20
MAX_TOLD_CHARS = 500


class TransientError(Exception):
    """Trouble that may pass.

    Attributes:
        retry_after_s: what the server asked for, 0 when it did not.
        is_lost: the request arrived, or may have, and its answer did not: it may have been billed.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0, *, is_lost: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_lost = is_lost


@contextmanager
def open_client(access: Access) -> Iterator[anthropic.Anthropic]:
    """A client that retries nothing by itself (it would wait for any Retry-After, up to weeks), closed at the
    end.
    """
    transport = anthropic.DefaultHttpxClient(trust_env=not access.is_loopback)
    with anthropic.Anthropic(
        api_key=access.key, base_url=access.base_url, max_retries=0, http_client=transport
    ) as client:
        yield client


def send(client: anthropic.Anthropic, request: Mapping[str, Any], access: Access, timeout_s: float) -> str:
    """The raw body of a successful reply. Raises TransientError and ProposerPausedError, both without the
    key.
    """
    deadline = time.monotonic() + timeout_s
    try:
        # The explicit timeout also lifts the SDK's demand to stream long answers.
        with client.messages.with_streaming_response.create(**request, timeout=timeout_s) as response:
            return _read_body(response.iter_bytes(), deadline, timeout_s).decode("utf-8", "replace")
    except anthropic.APIStatusError as error:
        raise _judge_status(error, access) from None
    except (anthropic.APITimeoutError, httpx2.TimeoutException) as error:
        raise TransientError(f"no answer within {timeout_s:g} s", is_lost=_is_lost(error)) from None
    except (anthropic.APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
        told = _one_line(f"no connection ({error.__cause__ or error})", access)
        raise TransientError(told, is_lost=_is_lost(error)) from None
    except anthropic.AnthropicError as error:
        raise ProposerPausedError(_one_line(f"claude: {error}; {RESUME}", access)) from None


def count_input(client: anthropic.Anthropic, request: Mapping[str, Any], timeout_s: float) -> int | None:
    """The input tokens of a request as the server counts them, which is free; None when it does not say."""
    counted = {name: request[name] for name in COUNTED}
    try:
        tokens = client.messages.count_tokens(**counted, timeout=timeout_s).input_tokens
    except (anthropic.AnthropicError, httpx2.HTTPError, ValueError, AttributeError):
        return None  # a foreign body: text without fields, or no JSON at all
    return tokens if isinstance(tokens, int) and tokens > 0 else None


def retry(call: Callable[[], T], options: ProposerOptions, access: Access) -> T:
    """Call until it succeeds, up to the options' attempts and deadline. Raises ProposerPausedError when
    neither is left.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        wait=lambda state: _wait_s(state, options.wait_cap_s),
        stop=tenacity.stop_after_attempt(max(options.attempts, 1))
        | tenacity.stop_before_delay(options.total_wait_s),
        before_sleep=lambda state: options.on_wait(_describe_wait(state, options, access)),
        reraise=True,
    )
    try:
        return retrying(call)
    except TransientError as error:
        tries = retrying.statistics.get("attempt_number", 1)
        times = "once" if tries == 1 else f"{tries} times"
        asked = f" (it asks to wait {error.retry_after_s:,.0f} s)" if error.retry_after_s > options.wait_cap_s else ""
        message = f"claude: {access.base_url} failed {times}, last: {error}{asked}; {RESUME}"
        raise ProposerPausedError(_one_line(message, access)) from None


def _read_body(chunks: Iterator[bytes], deadline: float, timeout_s: float) -> bytes:
    """The whole body, unless it is endless or comes too slowly: the client's own limit is on each read alone."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            raise TransientError(f"an answer above {MAX_REPLY_BYTES:,} bytes", is_lost=True)
        if time.monotonic() > deadline:
            raise TransientError(f"no whole answer within {timeout_s:g} s", is_lost=True)
    return bytes(body)


def _is_lost(error: Exception) -> bool:
    return not isinstance(error.__cause__ or error, NEVER_SENT)


def _wait_s(state: tenacity.RetryCallState, cap_s: float) -> float:
    """Exponential with jitter, at least what the server asked for, at most the cap."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, TransientError) else 0.0
    backoff = FIRST_WAIT_S * 2.0 ** min(state.attempt_number - 1, MAX_EXPONENT) * random.uniform(0.5, 1.0)
    return min(max(backoff, asked), cap_s)


def _describe_wait(state: tenacity.RetryCallState, options: ProposerOptions, access: Access) -> Wait:
    error = state.outcome.exception() if state.outcome else None
    return Wait(state.upcoming_sleep, state.attempt_number + 1, options.attempts, _one_line(str(error), access))


def _judge_status(error: anthropic.APIStatusError, access: Access) -> Exception:
    status = error.status_code
    told = _one_line(f"HTTP {status}: {error.message}", access)
    if status in RETRIED_STATUS or status >= 500:
        if "spend_limit" not in str(error.body):
            asked = _retry_after_s(error.response.headers)
            return TransientError(told, asked, is_lost=status in GATEWAY_TIMEOUTS)
        return ProposerPausedError(f"claude: the account's spend limit is reached ({told}); {RESUME}")
    if status in {401, 403}:
        return ProposerPausedError(
            f"claude: the key was refused ({told}); mend ANTHROPIC_API_KEY, then {RESUME}"
        )
    return ProposerPausedError(f"claude: the request was refused ({told}); {_fix(status, told)}, then {RESUME}")


def _fix(status: int, told: str) -> str:
    """What the user can do about a request that the server does not take."""
    said = told.lower()
    if "tool_choice" in said or "tool choice" in said:
        return "drop --force-tool: this model does not take forced tools"
    if status == 413 or "too long" in said or "context window" in said:
        return "lower --briefing-tokens or --max-tokens: the briefing is too long for this model"
    if "credit" in said or "billing" in said:
        return "mend the account's billing"
    if status == 404:
        return "check --model and ANTHROPIC_BASE_URL"
    return "mend the flag or the server"


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds from Retry-After, a number or an HTTP date; 0 when there is none that makes sense."""
    raw = headers.get("retry-after", "")
    try:
        seconds = float(raw)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(raw)
            seconds = (then - dt.datetime.now(tz=then.tzinfo or dt.UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def _one_line(text: str, access: Access) -> str:
    return " ".join(access.redact(text).split())[:MAX_TOLD_CHARS]
