"""The doctor's worker: tries one escape in a child that is confined as a candidate is. Nobody imports this file.

It executes the probe that it is sent (`probes`) and answers whether it went through. No candidate ever reaches it: it
is a script of its own, whose children are forked for the doctor alone. Usage: see `confine.forkserver`.
"""

import ctypes
import fcntl
import mmap
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path[:0] = sys.argv[4:]  # started with -S -P

from harness import channel  # noqa: E402 - all that a probe needs is loaded before it is confined
from harness.confine import forkserver, syscalls  # noqa: E402 - as above

# Made here, for the audit hook would see it later.
SYSCALL = ctypes.CDLL(None).syscall
SYSCALL.restype = ctypes.c_long
BUFFER = ctypes.create_string_buffer(256)
ADDRESS = ctypes.addressof(BUFFER)


def raw(name: str | int, *arguments: int | bytes | None) -> int:
    """A system call, by name or number, without anything around it that the audit hook could see."""
    number = name if isinstance(name, int) else (syscalls.numbers([name]) or [-1])[0]
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = SYSCALL(ctypes.c_long(number), *passed)
    if result < 0:
        raise PermissionError(f"the kernel refused the call {name}")
    return result


KNOWN = {module.__name__: module for module in (ctypes, fcntl, mmap, os, resource, select, socket, struct, subprocess)}
KNOWN |= {module.__name__: module for module in (sys, threading, time)}


def serve(sock: socket.socket) -> None:
    """Try the one probe that is sent."""
    request = channel.receive(sock)
    answer = {"nonce": request["nonce"], "stopped": ""}
    frame = channel.framed(answer)
    names = {**KNOWN, "raw": raw, "address": ADDRESS, "frame": frame, **request["facts"]}
    try:
        exec(request["source"], names)  # noqa: S102 - the harness's own probe
    except BaseException as error:  # noqa: BLE001 - whatever stops it, stops it
        answer["stopped"] = f"{type(error).__name__}: {error}"
    channel.send(sock, answer)


if __name__ == "__main__":
    forkserver.main(serve)
