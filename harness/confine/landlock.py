"""Landlock: no file by path, no TCP, no signal to others, whatever user one is.

Promises: `restrict` denies everything that this kernel's Landlock knows, but for the folders given. Does not cover:
stat, chmod, UDP, fork, memory files: seccomp does. Raw system calls; struct layouts from linux/landlock.h. Standard
library only: the child imports this.
"""

import os
import struct
from collections.abc import Iterable
from contextlib import suppress

from harness.confine import syscalls

PATH_BENEATH, VERSION = 1, 1
READ_AND_RUN = 0b1101  # execute, read file, read folder
OF_A_FILE = 0b1100_0000_0000_0111  # what may be said of a single file: execute, write, read, truncate, ioctl


def version() -> int:
    """The kernel's Landlock ABI. OSError where there is none."""
    return syscalls.call("landlock_create_ruleset", 0, 0, VERSION)


def restrict(readable: Iterable[str] = (), writable: Iterable[str] = ()) -> None:
    """Deny this process all files but those below `readable` and `writable`. no_new_privs must be set."""
    abi = version()
    files = _file_rights(abi)
    network = 0b11 if abi >= 4 else 0  # bind and connect TCP
    scope = 0b11 if abi >= 6 else 0  # abstract sockets and signals
    attributes = struct.pack("QQQ", files, network, scope)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    rules = syscalls.call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for path, rights in [*((p, READ_AND_RUN) for p in readable), *((p, files) for p in writable)]:
            _allow(rules, path, rights)
        syscalls.call("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)


def _file_rights(abi: int) -> int:
    """Every right over files that this version knows: 13 at first, then refer, truncate, and ioctl."""
    bits = {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)
    return int(2**bits - 1)


def _allow(rules: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError):  # a folder that is not there needs no rule
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            known = rights if os.path.isdir(path) else rights & OF_A_FILE  # noqa: PTH112 - pathlib is slow to load
            syscalls.call("landlock_add_rule", rules, PATH_BENEATH, struct.pack("=Qi", known, folder), 0)
        finally:
            os.close(folder)
