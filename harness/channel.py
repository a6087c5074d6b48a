"""Messages between the harness and a child: length-prefixed strict JSON over one socket.

Promises: a message is complete or an error; its size is capped before it is read; NaN, infinities, duplicate keys
and anything that is not one JSON object are refused. Does not cover: what the object says; callers check its fields.
Standard library only: the worker imports this inside the sandbox.
"""

import json
import math
import socket
import struct
import threading
import time
from typing import Any

HEADER = struct.Struct("!I")
LARGEST_MESSAGE = 64 * 2**20  # bytes; a job with all sources and samples is far below
PATIENCE_S = 0.2  # between two looks at whether the receiver has been cancelled


class ChannelError(Exception):
    """The other side closed, was too late, or sent something that is not a message."""


def send(sock: socket.socket, message: dict[str, Any]) -> None:
    """Send one message."""
    sock.sendall(framed(message))


def framed(message: dict[str, Any]) -> bytes:
    """One message as it goes over the socket."""
    data = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(data)) + data


def receive(
    sock: socket.socket,
    *,
    deadline: float | None = None,
    cap: int = LARGEST_MESSAGE,
    cancelled: threading.Event | None = None,
) -> dict[str, Any]:
    """Receive one message; `deadline` is a time.monotonic() value, None waits for ever.

    Raises:
        ChannelError: closed, cancelled, larger than `cap` bytes, or malformed.
        TimeoutError: the deadline has passed.
    """
    (size,) = HEADER.unpack(_receive_exactly(sock, HEADER.size, deadline, cancelled))
    if size > cap:
        raise ChannelError(f"a message of {size} bytes is over the cap of {cap}")
    return parse(_receive_exactly(sock, size, deadline, cancelled))


def parse(data: bytes) -> dict[str, Any]:
    """One strict JSON object. Raises ChannelError."""
    try:
        message = json.loads(
            data.decode("ascii"), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"malformed message: {error}") from None
    if type(message) is not dict:
        raise ChannelError("malformed message: not an object")
    return message


def _receive_exactly(
    sock: socket.socket, size: int, deadline: float | None, cancelled: threading.Event | None
) -> bytes:
    parts: list[bytes] = []
    missing = size
    while missing:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(min(left, PATIENCE_S))
        if cancelled is not None and cancelled.is_set():
            raise ChannelError("cancelled")
        try:
            part = sock.recv(min(missing, 2**20))
        except TimeoutError:
            continue
        if not part:
            raise ChannelError("closed")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not finite")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate key")
    return unique
