"""What a child does to itself before it touches a candidate: resource limits, no core, dies with its parent.

Runs inside the child, before any job is read. `python confine.py MEMORY_MB CPU_S FILE_BYTES PARENT -- COMMAND...`
confines itself and then becomes the command. Promises: address space, processor time, file size and core dumps are
limited, and the child is killed when its parent dies (Linux). Does not cover: system calls and files; the full sandbox
deepens this module. Standard library only.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


def confine(memory_mb: int, cpu_s: int, *, file_bytes: int, parent: int) -> None:
    """Limit this process for good. `parent` is the process id that must still be our parent."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_CPU, cpu_s)
    if sys.platform == "linux":  # macOS ignores RLIMIT_AS, and has no prctl
        _limit(resource.RLIMIT_AS, memory_mb * 2**20)
        libc = ctypes.CDLL(None, use_errno=True)
        for option, value in ((PR_SET_PDEATHSIG, signal.SIGKILL), (PR_SET_NO_NEW_PRIVS, 1)):
            if libc.prctl(option, value, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
        if os.getppid() != parent:  # it died before prctl took effect
            os.kill(os.getpid(), signal.SIGKILL)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    separator = sys.argv.index("--")
    memory, cpu, file_size, expected_parent = (int(a) for a in sys.argv[1:separator])
    confine(memory, cpu, file_bytes=file_size, parent=expected_parent)
    os.execv(sys.argv[separator + 1], sys.argv[separator + 1 :])  # noqa: S606 - a list, no shell
