"""Becomes a command that is confined: what the contract tests run under. Weaker than a candidate's own confinement.

Promises: limits on memory, time, file size and core; no capabilities; a deny-list of system calls (network, ptrace,
signals to others, mounts, leaving the group); and where Landlock is, files can only be read below the interpreter's
folders and the working folder, and only be written below the latter. Does not cover: reading what the user may read
where Landlock is missing, and starting processes: docs/gate.md.
Usage: launch.py MEMORY_MB CPU_S FILE_BYTES PARENT PATH... -- COMMAND...
"""

import os
import sys

SEPARATOR = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
sys.path[:0] = sys.argv[5:SEPARATOR]  # started with -S -P

from harness import confine  # noqa: E402 - from there
from harness.confine import landlock, seccomp, syscalls  # noqa: E402 - as above

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/opt")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def main() -> None:
    """Confine this process and become the command."""
    memory_mb, cpu_s, file_bytes, parent = (int(a) for a in sys.argv[1:5])
    command = sys.argv[SEPARATOR + 1 :]
    confine.limit_resources(memory_mb, cpu_s, file_bytes=file_bytes)
    confine.die_with(parent)
    syscalls.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
    confine.drop_capabilities()
    nothing: frozenset[str] = frozenset()
    confine.set_up("landlock", lambda: only_below(readable_folders(command[0]), os.curdir), nothing, nothing)
    seccomp.confine_tests()
    os.execv(command[0], command)  # noqa: S606 - a list, no shell


def readable_folders(program: str) -> list[str]:
    """Where the interpreter, its packages and the system's libraries lie."""
    interpreter = os.path.dirname(os.path.dirname(os.path.realpath(program)))  # noqa: PTH120 - no pathlib here
    return [*SYSTEM, sys.prefix, sys.base_prefix, interpreter, os.path.dirname(os.path.dirname(program))]  # noqa: PTH120


def only_below(readable: list[str], writable: str) -> bool:
    """Let files be read below these folders only, and be written below that one."""
    landlock.restrict(readable, [writable, *DEVICES])
    return True


if __name__ == "__main__":
    main()
