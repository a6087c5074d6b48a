"""Children that run candidate code: started, spoken to, and killed as a group.

Promises: a child is a fork of a fresh process (`zygote`), confined before it reads a job (`confine`): system calls,
files, memory, time; without an environment, and with one private socket. When its context ends, by return, error,
time-out or interrupt, no process of its group is left. Its answers are strict, size-capped JSON with the nonce of the
request. Does not cover: what the answers mean.
"""

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness import channel
from harness.sandbox.zygote import HARNESS, PYTHON, Nursery, import_paths, interrupts_held

LARGEST_ANSWER = 8 * 2**20  # bytes; 2,000 predictions take about 40 kB
NURSERY = Nursery()
# What a signal means that ends a child.
DEATHS = {
    signal.SIGSYS: "it asked the kernel for what no honest candidate needs",
    signal.SIGXCPU: "processor time",
    signal.SIGKILL: "memory, or processor time",
    signal.SIGSEGV: "a crash",
    signal.SIGABRT: "a crash",
}


class ChildError(Exception):
    """The child did not answer as it must: the text says how, for a verdict's reason."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one child: wall-clock seconds in all, and megabytes of address space."""

    seconds: float
    memory_mb: int


class Process(Protocol):
    """The process of a child: a run of the zygote."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code, negative for a signal; None if it did not end in time."""

    def said(self) -> str:
        """Its error output."""


class Child:
    """One running worker. Made by `start`."""

    def __init__(
        self,
        process: Process,
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
        code = self._process.wait(timeout=1)
        if code is not None and code < 0:
            why = DEATHS.get(signal.Signals(-code), "a crash")
            return f"the child was killed by {signal.Signals(-code).name} ({why}){_last_words(self._process.said())}"
        return f"the child ended without an answer (exit code {code}){_last_words(self._process.said())}"


@contextmanager
def start(
    limits: Limits, cancelled: threading.Event | None = None, nursery: Nursery = NURSERY
) -> Iterator[Child]:
    """Start a worker; kill it and everything in its group at the end. Setting `cancelled` ends a waiting request.

    Raises:
        ArdentError: the worker cannot be started, or not be confined as it must: trouble of the harness.
    """
    with nursery.run(limits.memory_mb, _cpu_seconds(limits)) as process:
        yield Child(process, process.socket, limits, cancelled)


def layers() -> str:
    """The layers that confined the last child, for the ledger; without one, those of a child begun to see."""
    if not NURSERY.layers:
        with start(Limits(5, 512)):
            pass
    return ", ".join(["fresh exec", "own group", *NURSERY.layers])


def run(
    command: list[str], limits: Limits, *, cwd: Path, environment: dict[str, str], file_bytes: int
) -> tuple[int, str]:
    """Run a whole command confined; return its exit code and the last 8 kB of what it printed.

    The text is for people: no decision may depend on it.

    Raises:
        ChildError: over the time limit.
    """
    arguments = [str(a) for a in (limits.memory_mb, _cpu_seconds(limits), file_bytes, os.getpid())]
    confined = [*PYTHON, str(HARNESS / "confine/launch.py"), *arguments, *import_paths(), "--", *command]
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
    command: list[str], *, stdout: int, cwd: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is killed with its group at the end, at whatever moment an interrupt comes."""
    process = None
    try:
        with interrupts_held():  # one inside Popen would leave a child that nobody knows
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stdout,
                env=environment,
                cwd=cwd,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            with interrupts_held():
                kill_group(process)


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


def _last_words(said: str) -> str:
    """The last useful line of error output: for a crash that Python reports, the place and what it was."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    places = [line for line in lines if line.startswith("File ")]
    useful = (fatal + places[:1]) if fatal else lines[-1:]
    return printable(f": {'; '.join(useful)}", cap=300) if useful else ""


def printable(text: str, *, keep_lines: bool = False, cap: int = 2000) -> str:
    """Text of a candidate made harmless: one line (or lines), no control or direction characters, capped."""
    kept = "".join(c if c.isprintable() or (keep_lines and c == "\n") else " " for c in text)
    return kept[-cap:] if keep_lines else kept[:cap]
