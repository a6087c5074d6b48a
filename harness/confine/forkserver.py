"""The zygote's side: a process that has everything loaded, and forks one confined child a run.

It is told of a run by one message with three descriptors: the run's socket, a socket to report its end on, and where
its error output goes. Promises: it never reads a job; a child is killed with its group when its report socket closes,
for whatever reason, and all of them when the parent is gone; the report says with what signal or code it ended, and
whether anything of its group is left. Does not cover: what the child does (`serve`). Standard library only.
Usage of a script over it: SCRIPT CONTROL_FD OFF HOLLOW PATH...
"""

import faulthandler
import gc
import json
import os
import random
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from harness import channel, confine

RUN_FD, ERROR_FD = 3, 2
ENVIRONMENT = {"PYTHONHASHSEED", "LC_ALL"}  # what it may hold
PATIENCE_S = 5.0  # for the processes of a killed group to be gone
Serve = Callable[[socket.socket], None]


class Running(NamedTuple):
    """A child at work, and where its end is reported."""

    pid: int
    report: socket.socket


class Layers(NamedTuple):
    """What the command line says about layers, and which of them this process has set up for all its children."""

    off: frozenset[str]
    hollow: frozenset[str]
    in_force: tuple[str, ...] = ()

    def with_set_up(self, name: str, layer: Callable[[], bool]) -> "Layers":
        """The same with this layer set up, where it can be."""
        if confine.set_up(name, layer, self.off, self.hollow):
            return self._replace(in_force=(*self.in_force, name))
        return self


def main(serve: Serve) -> None:
    """Be the zygote of children that `serve`. Returns in the parent of the zygote proper, when that has ended."""
    control = socket.socket(fileno=int(sys.argv[1]))
    off, hollow = (frozenset(filter(None, names.split(","))) for names in sys.argv[2:4])
    layers = Layers(off, hollow).with_set_up("namespaces", confine.enter_namespaces)
    own = os.getpid()
    pid = os.fork()  # a new namespace of processes holds only what is forked into it
    if pid:
        control.close()
        os.waitpid(pid, 0)
        return
    confine.die_with(0 if "namespaces" in layers.in_force else own)
    if "namespaces" in layers.in_force and "namespaces" not in hollow:
        layers = layers.with_set_up("empty root", confine.enter_empty_root)
    layers = layers.with_set_up("empty environment", lambda: set(os.environ) <= ENVIRONMENT)
    layers = layers.with_set_up("closed descriptors", lambda: True)  # each child closes them, see _child_socket
    Listener(control, layers, serve).listen()
    os._exit(0)


class Listener:
    """Listens for runs, forks them, and buries them."""

    def __init__(self, control: socket.socket, layers: Layers, serve: Serve) -> None:
        self._control = control
        self._layers = layers
        self._serve = serve
        self._runs: dict[int, Running] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()

    def listen(self) -> None:
        """Until the parent is gone."""
        confine.adopt_orphans()
        self._waker.setblocking(False)  # noqa: FBT003 - the method takes no keyword
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        confine.prepare((RUN_FD, ERROR_FD))
        gc.collect()
        gc.freeze()  # a child's collection would copy every page of what it shares with us
        for sock in (self._control, self._wake):
            self._selector.register(sock, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    self._wake.recv(4096)
                    self._look_for_the_dead()
                elif key.fileobj is self._control:
                    if not self._begin():
                        self._end_all()
                        return
                else:
                    self._end(key.data)

    def _begin(self) -> bool:
        """Fork the run that the next message asks for; False when there will be no more."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 4096, 3)
        except ConnectionError:
            return False
        if not message:
            return False
        orders = confine.Orders(**json.loads(message), parent=os.getpid(), descriptors=(RUN_FD, ERROR_FD))
        pid = os.fork()
        if pid == 0:
            self._become_child(orders._replace(off=self._layers.off, hollow=self._layers.hollow), descriptors)
        run, report, errors = descriptors
        os.close(run)
        os.close(errors)
        running = Running(pid, socket.socket(fileno=report))
        self._runs[pid] = running
        self._selector.register(running.report, selectors.EVENT_READ, pid)
        return True

    def _become_child(self, orders: confine.Orders, descriptors: list[int]) -> None:
        code = 1
        try:
            with _child_socket(descriptors, keep="closed descriptors" in orders.off | orders.hollow) as sock:
                _greet(sock, orders, self._layers.in_force)
                self._serve(sock)
            code = 0
        except BaseException:  # noqa: BLE001 - the boundary to untrusted code; a child never returns to the zygote
            with suppress(BaseException):
                traceback.print_exc(limit=1)
        finally:
            os._exit(code)

    def _look_for_the_dead(self) -> None:
        for pid in list(self._runs):
            # Looked at and not yet reaped: its group's number is still its own.
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                self._end(pid)
        _reap_orphans(self._runs)

    def _end(self, pid: int) -> None:
        """Kill the run with its group, and report. Idempotent."""
        if pid not in self._runs:
            return
        running = self._runs.pop(pid)
        self._selector.unregister(running.report)
        _kill(pid)
        _, status = os.waitpid(pid, 0)
        report = {"code": os.waitstatus_to_exitcode(status), "left": not _is_gone(pid)}
        with running.report, suppress(OSError):
            channel.send(running.report, report)

    def _end_all(self) -> None:
        for pid in list(self._runs):
            self._end(pid)


def _kill(pid: int) -> None:
    """The process, which may not lead its group yet, and its group."""
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _is_gone(group: int) -> bool:
    """Kill what is left of the group until nothing is."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return True
        with suppress(ChildProcessError):
            os.waitpid(-group, os.WNOHANG)  # what its process left behind became ours
        time.sleep(0.001)
    return False


def _reap_orphans(runs: dict[int, Running]) -> None:
    """What children left behind became ours; a run's own process is reaped where its end is reported."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid in runs:
            return
        os.waitpid(found.si_pid, 0)


def _child_socket(descriptors: list[int], *, keep: bool) -> socket.socket:
    """The run's socket, after every other descriptor but the one for error output was closed."""
    run, _report, errors = descriptors
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(errors, ERROR_FD)
    os.dup2(run, RUN_FD, inheritable=False)
    if not keep:
        os.closerange(RUN_FD + 1, 2**31 - 1)
        os.closerange(0, ERROR_FD)
    faulthandler.enable(ERROR_FD)  # a crash says at which line
    random.seed()  # every child would have the zygote's stream
    return socket.socket(fileno=RUN_FD)


def _greet(sock: socket.socket, orders: confine.Orders, in_force: tuple[str, ...]) -> None:
    """Confine ourselves and say how, or why not. The first byte carries our process id: the kernel writes it."""
    try:
        greeting = {"layers": [*in_force, *confine.confine(orders)]}
    except OSError as error:
        greeting = {"refused": [str(error.strerror)]}
    sock.sendall(b"!")
    channel.send(sock, greeting)
    if "refused" in greeting:
        os._exit(1)
