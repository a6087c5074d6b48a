"""The API key and the server's address: read once, checked, and kept out of everything that is written.

Promises: a key with a stray newline or space never reaches the network library (whose traceback would print
it), and `redact` removes it, and whatever looks like a key, from a text.
Does not cover: what the user's own debug logging of the SDK prints.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.errors import BadInputError

DEFAULT_BASE_URL = "https://api.anthropic.com"
# Shorter ones are placeholders of local servers ("ollama", "dummy"); redacting those would garble replies.
MIN_SECRET_CHARS = 8
_KEY_SHAPE = re.compile(r"sk-ant-[A-Za-z0-9_-]+")
_REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Access:
    """Where to send requests, and the key to send along; the key is in no repr."""

    base_url: str
    key: str = field(repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine, where no proxy is wanted."""
        return urlsplit(self.base_url).hostname in {"localhost", "127.0.0.1", "::1"}

    def redact(self, text: str) -> str:
        """`text` without the key, plain or as JSON writes it, and without anything shaped like one."""
        if len(self.key) >= MIN_SECRET_CHARS:
            for form in (self.key, json.dumps(self.key)[1:-1]):
                text = text.replace(form, _REDACTED)
        return _KEY_SHAPE.sub(_REDACTED, text)


def read_access(environ: Mapping[str, str]) -> Access:
    """Key and address from the environment. A local server needs no key. Raises BadInputError, without the
    value.
    """
    base_url = _read_base_url(environ.get("ANTHROPIC_BASE_URL", "").strip())
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        key = environ.get(variable, "").strip()
        if key and not _is_printable(key):
            raise BadInputError(f"{variable}: holds a space or an unprintable character; set it again")
        if key:
            return Access(base_url or DEFAULT_BASE_URL, key)
    if not base_url:
        raise BadInputError(
            "ANTHROPIC_API_KEY: is not set; set it, or ANTHROPIC_BASE_URL for a local server, "
            "or use --proposer search"
        )
    return Access(base_url, "none")


def _read_base_url(raw: str) -> str:
    if not raw:
        return ""
    try:
        parts = urlsplit(raw)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and _is_printable(raw)
        usable = usable and parts.port != 0  # a malformed port raises ValueError here
        named = parts.username is not None
    except ValueError:
        usable, named = False, False
    if named:
        raise BadInputError(
            "ANTHROPIC_BASE_URL: holds a user name or password; put the key in ANTHROPIC_API_KEY"
        )
    if not usable:
        raise BadInputError(
            "ANTHROPIC_BASE_URL: is no http or https address; write one such as http://127.0.0.1:8080"
        )
    return raw


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)
