"""The parent's side of the zygote: started afresh, asked for runs, and gone when we are.

Promises: the zygote is a fresh exec with an environment made from nothing; a run's processes are killed when its `Run`
ends or is forgotten, for the zygote sees its sockets close; the zygote ends when it is stopped or this process dies.
Does not cover: what is said over a run's socket.
"""

import array
import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from harness import channel, confine
from harness.errors import ArdentError

HARNESS = Path(__file__).resolve().parents[1]
PYTHON = [sys.executable, "-s", "-P", "-S", "-B"]
ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
CANARY = {**ENVIRONMENT, "CANARY": "sings"}  # what the doctor looks for when that layer is off
MOST_RUNS = 300  # of one zygote; then a fresh one, so that nothing adds up
PATIENCE_S = 30.0  # for a zygote or a child to begin, on a machine under load
MOST_SAID = 65536  # bytes of error output that are looked at
CREDENTIALS = struct.Struct("3i")  # process, user, group


class ZygoteGoneError(Exception):
    """The zygote ended; another one may do."""


class Run:
    """One forked child: its socket, how it is confined, and its end. Ended by `end`."""

    def __init__(self, sock: socket.socket, report: socket.socket, errors: int) -> None:
        self.socket = sock
        self.layers: tuple[str, ...] = ()
        self.pid = 0
        self.returncode: int | None = None
        self._report = report
        self._errors = errors
        self._left = False

    def greet(self) -> None:
        """Wait until the child is confined.

        Raises:
            ArdentError: a layer that it needs cannot be set up.
            ZygoteGoneError: it did not begin.
        """
        try:
            self.socket.settimeout(PATIENCE_S)
            _, ancillary, _, _ = self.socket.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
            greeting = channel.receive(self.socket)
        except (OSError, channel.ChannelError) as error:
            raise ZygoteGoneError(str(error)) from None
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        for _level, _kind, data in ancillary:
            self.pid, _, _ = CREDENTIALS.unpack(data[: CREDENTIALS.size])
        if "refused" in greeting:
            raise ArdentError(f"the sandbox cannot be set up: {greeting['refused'][0]}; see: python -m harness doctor")
        self.layers = tuple(greeting["layers"])

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end; its exit code, negative for a signal, None if it is still running or the zygote is gone."""
        if self.returncode is None:
            self._report.settimeout(timeout)
            with suppress(TimeoutError, OSError, channel.ChannelError):
                report = channel.receive(self._report)
                self.returncode, self._left = report["code"], report["left"]
        return self.returncode

    def said(self) -> str:
        """What it wrote as error output, the last 64 kB at most."""
        with suppress(OSError):  # nothing, or closed already
            return os.read(self._errors, MOST_SAID).decode("utf-8", "replace")
        return ""

    def end(self) -> None:
        """Kill it with its group, and wait until nothing is left.

        Raises:
            ArdentError: something is.
        """
        with suppress(OSError):
            self._report.shutdown(socket.SHUT_WR)
        self.wait(PATIENCE_S)
        self.socket.close()
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1
        self._report.close()
        if self._left:
            raise ArdentError(f"processes of a candidate (group {self.pid}) could not be killed; kill them and go on")


class Zygote:
    """A zygote of `script`, whose runs are confined but for the layers named `off` and `hollow` (see `confine`)."""

    def __init__(
        self, script: str = "worker.py", *, off: Iterable[str] = (), hollow: Iterable[str] = ()
    ) -> None:
        if sys.platform != "linux":
            raise ArdentError("candidates run on Linux only, which can confine them: use a Linux container or machine")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sending = threading.Lock()
        arguments = [str(theirs.fileno()), ",".join(off), ",".join(hollow), *import_paths()]
        with theirs, interrupts_held():
            self.process = subprocess.Popen(
                [*PYTHON, str(HARNESS / script), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=CANARY if "empty environment" in {*off, *hollow} else ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def begin(self, memory_mb: int, cpu_s: int) -> Run:
        """A confined child; `end` it.

        Raises:
            ArdentError: it cannot be confined as it must.
            ZygoteGoneError: there is no zygote any more.
        """
        run = self._ask(memory_mb, cpu_s)
        try:
            run.greet()
        except BaseException:
            run.end()
            raise
        return run

    def _ask(self, memory_mb: int, cpu_s: int) -> Run:
        ours, theirs = socket.socketpair()
        report, reporting = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        said, saying = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        order = json.dumps({"memory_mb": memory_mb, "cpu_s": cpu_s}).encode()
        passed = array.array("i", [theirs.fileno(), reporting.fileno(), saying])
        try:
            with theirs, reporting, self._sending:
                self._control.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
        except OSError as error:
            ours.close()
            report.close()
            os.close(said)
            raise ZygoteGoneError(str(error)) from None
        finally:
            os.close(saying)
        return Run(ours, report, said)

    def close(self) -> None:
        """End it and its runs. Idempotent."""
        self._control.close()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Nursery:
    """Keeps one zygote for all runs of this process: replaced when it is gone, and after `most_runs` runs.

    `off` names layers that are left out, for tests: no candidate runs without a required one.
    """

    def __init__(self, off: Iterable[str] = (), most_runs: int = MOST_RUNS) -> None:
        self._off = frozenset(off)
        self._most_runs = most_runs
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._owner = 0
        self._begun = 0
        self.layers: tuple[str, ...] = ()  # of the last run
        self._running: dict[Zygote, int] = {}

    @contextmanager
    def run(self, memory_mb: int, cpu_s: int) -> Iterator[Run]:
        """A confined child, killed with its group at the end; while it lasts nobody may look into this process.

        Raises:
            ArdentError: it cannot be started or confined as it must.
        """
        begun: tuple[Zygote, Run] | None = None
        try:
            with interrupts_held():  # one in between would leave a zygote that nobody knows
                begun = self._begin(memory_mb, cpu_s)
            self.layers = begun[1].layers
            yield begun[1]
        finally:
            if begun is not None:
                with interrupts_held():
                    self._finish(*begun)

    def stop(self) -> None:
        """End the zygote; the next run begins another one."""
        with interrupts_held(), self._lock:
            self._retire()

    def _begin(self, memory_mb: int, cpu_s: int) -> tuple[Zygote, Run]:
        for _ in range(2):
            zygote = self._lease()
            try:
                return zygote, _confined(zygote.begin(memory_mb, cpu_s))
            except ZygoteGoneError as error:
                trouble = str(error)
                self._release(zygote, is_gone=True)
            except BaseException:
                self._release(zygote)
                raise
        raise ArdentError(f"no child can be started ({trouble}); look for a lack of memory or processes, and try again")

    def _finish(self, zygote: Zygote, run: Run) -> None:
        try:
            run.end()
        finally:
            self._release(zygote)

    def _lease(self) -> Zygote:
        with self._lock:
            if self._owner != os.getpid():  # the first run, or a fork of who had the first one: that zygote is not ours
                self._owner, self._zygote, self._running = os.getpid(), None, {}
                atexit.register(self.stop)
            if self._begun >= self._most_runs:
                self._retire()
            if self._zygote is None:
                self._zygote, self._begun = Zygote(off=self._off), 0
            self._begun += 1
            confine.set_dumpable(dumpable=False)
            self._running[self._zygote] = self._running.get(self._zygote, 0) + 1
            return self._zygote

    def _release(self, zygote: Zygote, *, is_gone: bool = False) -> None:
        with self._lock:
            self._running[zygote] -= 1
            if is_gone and zygote is self._zygote:
                self._retire()
            if not self._running[zygote]:
                del self._running[zygote]
                if zygote is not self._zygote:
                    zygote.close()
            if not self._running:
                confine.set_dumpable(dumpable=True)

    def _retire(self) -> None:
        """Begin no more runs in this zygote; those at work end before it does."""
        old, self._zygote = self._zygote, None
        if old is not None and old not in self._running:
            old.close()


def _confined(run: Run) -> Run:
    """The run, if every required layer confines it. ArdentError if not."""
    if missing := confine.REQUIRED - set(run.layers):
        run.end()
        raise ArdentError(f"the sandbox lacks {', '.join(sorted(missing))}; see: python -m harness doctor")
    return run


def import_paths() -> list[str]:
    """Where a zygote finds the harness; and Cython's shadow module when the meter is not compiled."""
    if any((HARNESS / f"memory_trace{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
        return [str(HARNESS.parent)]
    import cython  # noqa: PLC0415 - only to find it

    return [str(HARNESS.parent), str(Path(cython.__file__).resolve().parent)]


@contextmanager
def interrupts_held() -> Iterator[None]:
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
