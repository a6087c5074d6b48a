"""Children that run candidate code: started, spoken to, and killed as a group.

Promises: a child has its own session, an empty environment, resource limits, no standard streams, and one private
socket; when its context ends, by return, error, time-out or interrupt, no process of its group is left. Its answers are
strict, size-capped JSON with the nonce of the request. Does not cover: limiting system calls and file reads (a later
layer, in `confine`), and what the answers mean.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

from harness import channel

HERE = Path(__file__).resolve().parent
PYTHON = [sys.executable, "-s", "-P", "-S", "-B"]
LARGEST_ANSWER = 8 * 2**20  # bytes; 2,000 predictions take about 40 kB
LAYERS = "session, process group, rlimits, empty environment, private socket, dies with parent"


class ChildError(Exception):
    """The child did not answer as it must: the text says how, for a verdict's reason."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one child: wall-clock seconds in all, and megabytes of address space."""

    seconds: float
    memory_mb: int


class Child:
    """One running worker. Made by `start`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        sock: socket.socket,
        limits: Limits,
        cancelled: threading.Event | None,
    ) -> None:
        self._process = process
        self._socket = sock
        self._limits = limits
        self._cancelled = cancelled
        self._deadline = time.monotonic() + limits.seconds

    def request(self, operation: str, **fields: Any) -> dict[str, Any]:
        """Send one request and return the answer's fields.

        Raises:
            ChildError: the candidate's own error, a time-out, a death, or an answer that is no answer.
        """
        nonce = secrets.token_hex(8)
        try:
            self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
            channel.send(self._socket, {"op": operation, "nonce": nonce, **fields})
            answer = channel.receive(
                self._socket, deadline=self._deadline, cap=LARGEST_ANSWER, cancelled=self._cancelled
            )
        except TimeoutError:
            raise ChildError(f"over the time limit of {self._limits.seconds:g} s") from None
        except (channel.ChannelError, OSError) as error:
            raise ChildError(self._death(error)) from None
        if answer.pop("nonce", None) != nonce:
            raise ChildError("an answer without its question")
        if "error" in answer:
            raise ChildError(printable(str(answer["error"])))
        return answer

    def _death(self, error: Exception) -> str:
        if isinstance(error, channel.ChannelError) and str(error) != "closed":
            return str(error)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        code = self._process.returncode
        if code is not None and code < 0:
            return f"the child was killed by {signal.Signals(-code).name} (memory, processor time, or a crash)"
        return f"the child ended without an answer (exit code {code})"


@contextmanager
def start(limits: Limits, cancelled: threading.Event | None = None) -> Iterator[Child]:
    """Start a worker; kill it and everything in its group at the end. Setting `cancelled` ends a waiting request.

    Raises:
        OSError: the worker cannot be started at all: trouble of the harness.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        arguments = [theirs.fileno(), limits.memory_mb, _cpu_seconds(limits), os.getpid()]
        command = [*PYTHON, str(HERE / "worker.py"), *(str(a) for a in arguments), *_import_paths()]
        with _spawned(command, pass_fds=(theirs.fileno(),)) as process:
            theirs.close()  # or the child's death would not end a waiting request
            yield Child(process, ours, limits, cancelled)


def run(
    command: list[str], limits: Limits, *, cwd: Path, environment: dict[str, str], file_bytes: int
) -> tuple[int, str]:
    """Run a whole command confined; return its exit code and the last 8 kB of what it printed.

    The text is for people: no decision may depend on it.

    Raises:
        ChildError: over the time limit.
    """
    arguments = [str(a) for a in (limits.memory_mb, _cpu_seconds(limits), file_bytes, os.getpid())]
    confined = [*PYTHON, str(HERE / "confine.py"), *arguments, "--", *command]
    with (cwd / ".output").open("w+b") as output:
        with _spawned(confined, stdout=output.fileno(), cwd=cwd, environment=environment) as process:
            try:
                code = process.wait(timeout=limits.seconds)
            except subprocess.TimeoutExpired:
                raise ChildError(f"over the time limit of {limits.seconds:g} s") from None
        output.seek(max(0, output.seek(0, os.SEEK_END) - 8192))
        return code, printable(output.read().decode("utf-8", "replace"), keep_lines=True)


@contextmanager
def _spawned(
    command: list[str],
    *,
    pass_fds: tuple[int, ...] = (),
    stdout: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is killed with its group at the end, at whatever moment an interrupt comes."""
    process = None
    try:
        with _interrupts_held():  # one inside Popen would leave a child that nobody knows
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stdout,
                env=environment or {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
                cwd=cwd or "/",
                pass_fds=pass_fds,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            with _interrupts_held():
                kill_group(process)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """SIGINT and SIGTERM that come inside are handled at the end. Only the main thread runs handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: late.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for came in late:
            signal.raise_signal(came)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and every process of its group, and wait until it is gone. Idempotent."""
    if process.returncode is None:  # not reaped yet, so that its pid and group id are still its own
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _cpu_seconds(limits: Limits) -> int:
    return int(limits.seconds) + 5


def _import_paths() -> list[str]:
    """Where the worker finds the harness; and Cython's shadow module when the meter is not compiled."""
    if any((HERE / f"memory_trace{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
        return [str(HERE.parent)]
    import cython  # noqa: PLC0415 - only to find it

    return [str(HERE.parent), str(Path(cython.__file__).resolve().parent)]


def printable(text: str, *, keep_lines: bool = False, cap: int = 2000) -> str:
    """Text of a candidate made harmless: one line (or lines), no control or direction characters, capped."""
    kept = "".join(c if c.isprintable() or (keep_lines and c == "\n") else " " for c in text)
    return kept[-cap:] if keep_lines else kept[:cap]
