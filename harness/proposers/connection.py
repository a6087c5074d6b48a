"""Sending one request to the Messages API, with retries that end.

Promises: every failure becomes a TransientError (worth another try), or a ProposerPausedError (the run pauses
and goes on with the same command); trouble on the way is never a failed idea. Waits honour Retry-After up to
a cap, and end with a deadline.
Does not cover: what the reply says.
"""

import datetime as dt
import email.utils
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import anthropic
import tenacity

from harness.errors import ProposerPausedError
from harness.proposers.options import ProposerOptions
from harness.proposers.secret import Access

T = TypeVar("T")
RETRIED_STATUS = (408, 409, 429)
FIRST_WAIT_S = 1.0
MAX_EXPONENT = 10
RESUME = "the same command resumes the run"


class TransientError(Exception):
    """Trouble that may pass: `retry_after_s` is what the server asked for, 0 when it did not."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


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
    try:
        # The explicit timeout also lifts the SDK's demand to stream long answers.
        response = client.messages.with_raw_response.create(**request, timeout=timeout_s)
        return response.text()
    except anthropic.APIStatusError as error:
        raise _judge_status(error, access) from None
    except anthropic.APITimeoutError:
        raise TransientError(f"no answer within {timeout_s:g} s") from None
    except anthropic.APIConnectionError as error:
        raise TransientError(_one_line(f"no connection ({error.__cause__ or error})", access)) from None
    except anthropic.AnthropicError as error:
        raise ProposerPausedError(_one_line(f"claude: {error}; {RESUME}", access)) from None


def retry(call: Callable[[], T], options: ProposerOptions, access: Access) -> T:
    """Call until it succeeds, up to the options' attempts and deadline. Raises ProposerPausedError when
    neither is left.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        wait=lambda state: _wait_s(state, options.wait_cap_s),
        stop=tenacity.stop_after_attempt(max(options.attempts, 1))
        | tenacity.stop_before_delay(options.total_wait_s),
        reraise=True,
    )
    try:
        return retrying(call)
    except TransientError as error:
        tries = retrying.statistics.get("attempt_number", 1)
        message = f"claude: {access.base_url} failed {tries} times, last: {error}; {RESUME}"
        raise ProposerPausedError(_one_line(message, access)) from None


def _wait_s(state: tenacity.RetryCallState, cap_s: float) -> float:
    """Exponential with jitter, at least what the server asked for, at most the cap."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, TransientError) else 0.0
    backoff = FIRST_WAIT_S * 2.0 ** min(state.attempt_number - 1, MAX_EXPONENT) * random.uniform(0.5, 1.0)
    return min(max(backoff, asked), cap_s)


def _judge_status(error: anthropic.APIStatusError, access: Access) -> Exception:
    status = error.status_code
    told = _one_line(f"HTTP {status}: {error.message}", access)
    if status in RETRIED_STATUS or status >= 500:
        if "spend_limit" not in str(error.body):
            return TransientError(told, _retry_after_s(error.response.headers))
        return ProposerPausedError(f"claude: the account's spend limit is reached ({told}); {RESUME}")
    if status in {401, 403}:
        return ProposerPausedError(
            f"claude: the key was refused ({told}); mend ANTHROPIC_API_KEY, then {RESUME}"
        )
    return ProposerPausedError(
        f"claude: the request was refused ({told}); mend the flag or the server, then {RESUME}"
    )


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
    return " ".join(access.redact(text).split())[:500]
