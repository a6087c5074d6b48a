"""The API key and the server's address: read once, checked, and kept out of everything that is written.

Promises: once `take_environment` has run, no child process, no library and no reader of this process's environment in
/proc sees an ANTHROPIC_* variable; a key with a stray newline or space never reaches the network library (whose
traceback would print it); `redact` removes the secrets, and whatever looks like a key, from a text.
Does not cover: a debugger attached to this process.
"""

import ctypes
import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import BadInputError

PREFIX = "ANTHROPIC_"
DEFAULT_BASE_URL = "https://api.anthropic.com"
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
SECRETS = (*KEYS, "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_WEBHOOK_SIGNING_KEY")
# Shorter ones are placeholders of local servers ("ollama", "dummy"); redacting those would garble replies.
MIN_SECRET_CHARS = 8
_KEY_SHAPE = re.compile(r"sk-ant-[A-Za-z0-9_-]+")
_REDACTED = "[redacted]"
# Fields of /proc/self/stat, counted from the one after the command's name: env_start and env_end (proc(5)).
_ENV_START, _ENV_END = 47, 48


@dataclass(frozen=True, slots=True)
class Access:
    """Where to send requests, and the key to send along; the key and all other `secrets` are in no repr."""

    base_url: str
    key: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine, where no proxy is wanted."""
        return urlsplit(self.base_url).hostname in {"localhost", "127.0.0.1", "::1"}

    def redact(self, text: str) -> str:
        """`text` without the secrets, plain or as JSON writes them, and without anything shaped like a key."""
        for secret in (self.key, *self.secrets):
            if len(secret) >= MIN_SECRET_CHARS:
                for form in (secret, json.dumps(secret)[1:-1]):
                    text = text.replace(form, _REDACTED)
        return _KEY_SHAPE.sub(_REDACTED, text)


NO_ACCESS = Access(DEFAULT_BASE_URL, "none")


def take_environment(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Move every ANTHROPIC_* variable out of `environ` (of this process, as a rule) into the mapping returned."""
    taken = {name: environ.pop(name) for name in list(environ) if name.startswith(PREFIX)}
    if taken:
        _blank_initial_environment(PREFIX.encode())
    return taken


def _blank_initial_environment(prefix: bytes) -> None:
    """Overwrite this process's copy in /proc/self/environ, which any process of the same user could read.

    Nothing points to these bytes any more: removing a variable removes the pointer, and libc never writes there.
    """
    try:
        fields = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return  # no /proc, nothing to read
    start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    place = 0
    for entry in block.split(b"\0"):
        if entry.startswith(prefix) and start + place + len(entry) <= end:
            ctypes.memset(start + place, 0, len(entry))
        place += len(entry) + 1


def read_access(environ: Mapping[str, str]) -> Access:
    """Key and address from the environment. A local server needs no key. Raises BadInputError, without the
    value.
    """
    base_url = _read_base_url(environ.get("ANTHROPIC_BASE_URL", "").strip())
    secrets = tuple(value for name in SECRETS if (value := environ.get(name, "").strip()))
    for variable in KEYS:
        key = environ.get(variable, "").strip()
        if key and not _is_printable(key):
            raise BadInputError(f"{variable}: holds a space or an unprintable character; set it again")
        if key:
            return Access(base_url or DEFAULT_BASE_URL, key, secrets)
    if not base_url:
        raise BadInputError(
            "ANTHROPIC_API_KEY: is not set; set it, or ANTHROPIC_BASE_URL for a local server, "
            "or use --proposer search"
        )
    return Access(base_url, "none", secrets)


def _read_base_url(raw: str) -> str:
    if not raw:
        return ""
    try:
        parts = urlsplit(raw)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and _is_printable(raw)
        usable = usable and parts.port != 0  # a malformed port raises ValueError here
        telling = parts.username is not None or bool(parts.query or parts.fragment)
    except ValueError:
        usable, telling = False, False
    if telling:
        raise BadInputError(
            "ANTHROPIC_BASE_URL: holds a user name, password or query; put the key in ANTHROPIC_API_KEY"
        )
    if not usable:
        raise BadInputError(
            "ANTHROPIC_BASE_URL: is no http or https address; write one such as http://127.0.0.1:8080"
        )
    return raw


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)
