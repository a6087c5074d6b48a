"""What a child does to itself before it touches a candidate: layer by layer, from the kernel's and for good.

Promises: `confine` sets up every layer that this kernel and user have, in the one order that works, and says which are
in force; a required layer that cannot be set up is an OSError. Which layer stops what: docs/gate.md, and
`python -m harness doctor` shows it. Does not cover: what a process had been given before. Standard library only: the
child imports this.
"""

import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from harness.confine import landlock, seccomp, syscalls

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
NOBODY = 65534
CAPABILITIES_V3 = 0x20080522
NEW_USER, NEW_NET, NEW_PID, NEW_MOUNT, NEW_IPC = 0x10000000, 0x40000000, 0x20000000, 0x20000, 0x8000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE, MNT_DETACH = 1, 2, 4, 8, 0x4000, 0x40000, 2

REQUIRED = frozenset({"seccomp", "rlimits", "empty environment", "closed descriptors"})
OPTIONAL = ("namespaces", "empty root", "nobody", "no capabilities", "landlock", "audit hook")

# Events of the audit hook (PEP 578) that mean to leave the process; prefixes, but for the first.
OUTWARD: tuple[str, ...] = ("open", "os.", "socket.", "subprocess.", "ctypes.", "shutil.", "fcntl.", "mmap.")
OUTWARD += ("resource.", "pty.", "tempfile.", "syslog.", "signal.", "glob.", "pathlib.", "_posixsubprocess.")


class Orders(NamedTuple):
    """How one child is confined.

    Attributes:
        memory_mb, cpu_s: address space and processor time.
        parent: process id that must still be our parent, 0 if it cannot be seen from here.
        descriptors: the only ones that it will read and write.
        off: layers left out, for the doctor and for tests; no candidate runs without a required one.
        hollow: layers that only claim to be in force: what the doctor must notice.
    """

    memory_mb: int
    cpu_s: int
    parent: int
    descriptors: tuple[int, ...]
    off: frozenset[str] = frozenset()
    hollow: frozenset[str] = frozenset()


def confine(orders: Orders) -> tuple[str, ...]:
    """Confine this process for good; the layers in force. OSError if a required one cannot be had."""
    os.setsid()
    die_with(orders.parent)
    syscalls.prctl(PR_SET_NO_NEW_PRIVS, 1)
    layers: dict[str, Callable[[], bool]] = {
        "nobody": become_nobody,
        "no capabilities": drop_capabilities,
        "landlock": _deny_files,
        "rlimits": lambda: _limit_all(orders.memory_mb, orders.cpu_s),
        "seccomp": lambda: _filter_calls(orders.descriptors),
        "audit hook": _refuse_aloud,
    }
    # This order: each layer needs calls that a later one forbids.
    return tuple(name for name, layer in layers.items() if set_up(name, layer, orders.off, orders.hollow))


def set_up(name: str, layer: Callable[[], bool], off: frozenset[str], hollow: frozenset[str]) -> bool:
    """Whether the layer is in force now, or claims to be. OSError if it is required and cannot be had."""
    if name in off or name in hollow:
        return name in hollow
    try:
        return layer()
    except OSError as error:
        if name in REQUIRED:
            raise OSError(error.errno, f"{name}: {error.strerror}") from None
        return False


def die_with(parent: int) -> None:
    """Be killed when the parent ends: the thread that started us, in fact. Changed credentials undo it."""
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:  # it died before prctl took effect
        os.kill(os.getpid(), signal.SIGKILL)


def set_dumpable(*, dumpable: bool) -> None:
    """Whether others of our user may look into this process: its memory, and in /proc its environment."""
    syscalls.prctl(PR_SET_DUMPABLE, int(dumpable))


# -- once, for all children ---


def prepare(descriptors: tuple[int, ...]) -> None:
    """Make what each child would make alike, so that its fork shares it."""
    with suppress(OSError):  # no table for this machine: the child says so
        seccomp.candidate_code(descriptors)


def adopt_orphans() -> None:
    """Become the parent of what a child leaves behind, so that it can be found and killed."""
    syscalls.prctl(PR_SET_CHILD_SUBREAPER, 1)


def enter_namespaces() -> bool:
    """No network, no other processes, no shared memory of others: for what this process forks from here on."""
    flags = NEW_NET | NEW_PID | NEW_MOUNT | NEW_IPC
    if os.geteuid() == 0:
        try:
            syscalls.call("unshare", flags)
        except PermissionError:  # root of a container: without the capability
            pass
        else:
            return True
    syscalls.call("unshare", NEW_USER | flags)
    return True


def enter_empty_root() -> bool:
    """Change to a root folder in which there is nothing, and let go of the old one. Needs a mount namespace."""
    syscalls.call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    syscalls.call("mount", b"none", b"/tmp", b"tmpfs", flags, b"size=4k,nr_inodes=1,mode=555")
    os.chdir("/tmp")  # noqa: S108 - as above
    syscalls.call("pivot_root", b".", b".")
    syscalls.call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    return True


# -- each child for itself ---


def become_nobody() -> bool:
    """Give up root. Whether there was anything to give up."""
    if os.geteuid() != 0:
        return False
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # new credentials have undone it
    return True


def drop_capabilities() -> bool:
    """Hold none: root of a user namespace has them all in it, and root keeps none through an exec either."""
    syscalls.call("capset", struct.pack("Ii", CAPABILITIES_V3, 0), bytes(24))
    return True


def _deny_files() -> bool:
    landlock.restrict()
    return True


def _limit_all(memory_mb: int, cpu_s: int) -> bool:
    limit_resources(memory_mb, cpu_s, file_bytes=0)
    limit(resource.RLIMIT_NPROC, 0)
    limit(resource.RLIMIT_MEMLOCK, 0)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    limit(resource.RLIMIT_NOFILE, 0)  # those open stay open; there is never a new one
    return True


def limit_resources(memory_mb: int, cpu_s: int, *, file_bytes: int) -> None:
    """The limits that a command has too: address space, processor time, file size, no core.

    Processor time ends with SIGXCPU, which says why; a second later with SIGKILL.
    """
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, file_bytes)
    limit(resource.RLIMIT_CPU, cpu_s, cpu_s + 1)
    limit(resource.RLIMIT_AS, memory_mb * 2**20)


def limit(which: int, soft: int, hard: int | None = None) -> None:
    """Lower one limit; it can only be lowered."""
    _, highest = resource.getrlimit(which)
    hard = soft if hard is None else hard
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(which, (soft, hard))


def _filter_calls(descriptors: tuple[int, ...]) -> bool:
    seccomp.confine_candidate(descriptors)
    return True


def _refuse_aloud() -> bool:
    """No boundary, but a clear message before the kernel says EPERM."""

    def refuse(event: str, _arguments: Any) -> None:
        if event.startswith(OUTWARD):
            raise PermissionError(f"{event}: a candidate has only its own memory")

    sys.addaudithook(refuse)
    return True
