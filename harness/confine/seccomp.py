"""Two seccomp filters: what a candidate's process may ask of the kernel, and what the contract tests may not.

Promises: the candidate's is an allow-list: memory without execution, its two descriptors, its own end; the rest is
refused with EPERM, and what no honest program does kills the process (SIGSYS), which can neither be caught nor hidden.
The tests' is a deny-list, so much weaker. Another architecture's calls, x32's among them, kill. Does not cover: what
lies in memory already. Numbers: `syscalls`. Standard library only: the child imports this.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal, NamedTuple

from harness.confine import syscalls

Names = tuple[str, ...]

PR_SET_SECCOMP, MODE_FILTER = 22, 2
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # opcodes of linux/bpf_common.h
X32 = 0x40000000
INSTRUCTION = struct.Struct("=HBBI")
PROT_EXEC, MAP_ANONYMOUS = 4, 0x20

_MEMORY: Names = ("munmap", "brk", "mremap", "madvise")
_OF_ITSELF: Names = ("exit", "exit_group", "futex", "sched_yield", "getpid", "gettid", "clock_gettime")
_OF_ITSELF += ("restart_syscall", "close", "nanosleep", "clock_nanosleep")
_SIGNALS: Names = ("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack")  # the report of a crash needs them
NEVER_HONEST: Names = ("ptrace", "bpf", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot")
NEVER_HONEST += ("io_uring_setup", "io_uring_enter", "io_uring_register", "process_vm_readv", "process_vm_writev")
NEVER_HONEST += ("open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "kcmp")
NEVER_HONEST += ("pidfd_open", "pidfd_send_signal", "pidfd_getfd", "kexec_load", "kexec_file_load", "init_module")
NEVER_HONEST += ("finit_module", "delete_module", "perf_event_open", "userfaultfd", "keyctl", "add_key")
NEVER_HONEST += ("request_key", "reboot", "swapon", "swapoff", "open_by_handle_at", "iopl", "ioperm", "acct")
_STARTS_OR_KILLS: Names = ("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "execve", "execveat")
# A group that a process of the tests could leave would outlive its kill.
_NOT_FOR_TESTS: Names = ("socket", "connect", "bind", "listen", "setsid", "setpgid", "personality", "shmget")
_NOT_FOR_TESTS += ("quotactl", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "settimeofday", "clock_settime")
_NOT_FOR_TESTS += ("sethostname", "name_to_handle_at")


class Check(NamedTuple):
    """One test of an argument: equal to `value`, none of its bits, or any of its bits. The low 32 bits count."""

    argument: int
    how: Literal["equal", "none of", "any of"]
    value: int


class Instruction(NamedTuple):
    """One instruction of classic BPF: opcode, how far to jump if true and if false, constant."""

    code: int
    if_true: int
    if_false: int
    constant: int


def confine_candidate(descriptors: Sequence[int]) -> None:
    """Apply the allow-list; only these descriptors can be read and written. There is no way back."""
    before, after = candidate_code(tuple(descriptors))
    # The one rule that is the process's own: it may signal itself, to end with the signal of its crash.
    own = _encoded(_checked("tgkill", [Check(0, "equal", os.getpid())], ALLOW))
    install(before + own + after)


def confine_tests() -> None:
    """Apply the deny-list, to this process and all that it starts."""
    own_limits = [Check(0, "equal", 0)]  # prlimit of process 0 is of oneself; of another it could kill the harness
    rules = [*_each(NEVER_HONEST, KILL), *_each(_NOT_FOR_TESTS, REFUSE)]
    rules += [*_checked("prlimit64", own_limits, ALLOW), *_each(["prlimit64"], REFUSE)]
    install(_encoded([*_preamble(), *rules, _give(ALLOW)]))


@cache
def candidate_code(descriptors: tuple[int, ...]) -> tuple[bytes, bytes]:
    """The candidate's program, before and after the one rule that is the process's own. Cached: a fork shares it."""
    rules = _each([*_MEMORY, *_OF_ITSELF, *_SIGNALS], ALLOW)
    for descriptor in descriptors:
        for name in ("read", "write", "sendto", "recvfrom"):
            rules += _checked(name, [Check(0, "equal", descriptor)], ALLOW)
    anonymous = [Check(2, "none of", PROT_EXEC), Check(3, "any of", MAP_ANONYMOUS)]
    rules += _checked("mmap", anonymous, ALLOW)
    rules += _checked("mprotect", [Check(2, "none of", PROT_EXEC)], ALLOW)
    after = [*_each([*NEVER_HONEST, *_STARTS_OR_KILLS, "tgkill"], KILL), _give(REFUSE)]
    return _encoded([*_preamble(), *rules]), _encoded(after)


def install(code: bytes) -> None:
    """Give the program to the kernel. OSError if it has no seccomp or does not take it."""
    buffer = ctypes.create_string_buffer(code, len(code))
    length = len(code) // INSTRUCTION.size
    syscalls.prctl(PR_SET_SECCOMP, MODE_FILTER, struct.pack("HxxxxxxP", length, ctypes.addressof(buffer)))


def _encoded(program: Iterable[Instruction]) -> bytes:
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in program)


def _preamble() -> list[Instruction]:
    """Another architecture has other numbers: it is killed, and so is x32, which has this one's with a bit set."""
    return [
        Instruction(LOAD, 0, 0, 4),
        Instruction(EQUAL, 1, 0, syscalls.architecture()),
        _give(KILL),
        Instruction(LOAD, 0, 0, 0),
        Instruction(AT_LEAST, 0, 1, X32),
        _give(KILL),
    ]


def _each(names: Iterable[str], verdict: int) -> list[Instruction]:
    pairs = [(Instruction(EQUAL, 0, 1, number), _give(verdict)) for number in syscalls.numbers(names)]
    return [instruction for pair in pairs for instruction in pair]


def _checked(name: str, checks: Sequence[Check], verdict: int) -> list[Instruction]:
    """`verdict` if the call is `name` and all checks hold; else the number is loaded again for the next rule."""
    rule = [_give(verdict), Instruction(LOAD, 0, 0, 0)]
    for check in reversed(checks):
        past = len(rule) - 1  # to the reload
        jumps = {"equal": (EQUAL, 0, past), "any of": (ANY_BIT, 0, past), "none of": (ANY_BIT, past, 0)}
        code, if_true, if_false = jumps[check.how]
        rule = [
            Instruction(LOAD, 0, 0, 16 + 8 * check.argument),  # little-endian: the low half
            Instruction(code, if_true, if_false, check.value),
            *rule,
        ]
    return [
        instruction
        for number in syscalls.numbers([name])
        for instruction in (Instruction(EQUAL, 0, len(rule), number), *rule)
    ]


def _give(verdict: int) -> Instruction:
    return Instruction(RETURN, 0, 0, verdict)
