"""What confining a child costs: a run in the sandbox against a bare fork of as much loaded code, and a fresh exec.

A run is all of it: asked for, forked, confined, heard of, killed with its group, and looked after. The bare fork sends
one byte over a socket pair and is waited for. `off` is a run with every layer left out. All four are timed in turns, so
that the machine's other work meets all alike; what counts are medians and quartiles of the differences. Goal: at most
5 ms over the bare fork.

    python -m benchmarks.sandbox [--runs 200] [--json]
"""

import argparse
import gc
import json
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from harness import confine, marks, memory_trace, rewrite
from harness.sandbox.zygote import PYTHON, Zygote

LOADED = (marks, memory_trace, rewrite)  # what the bare fork has in memory, as a candidate's has
LAYERS = (*confine.REQUIRED, *confine.OPTIONAL)


def bare_fork() -> None:
    """A child that says one byte and ends."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        theirs.send(b"!")
        os._exit(0)
    ours.recv(1)
    os.waitpid(pid, 0)
    ours.close()
    theirs.close()


def fresh_exec() -> None:
    """A Python that does nothing: the least that a process a candidate could cost without a zygote."""
    subprocess.run([*PYTHON, "-c", "pass"], env={}, check=True)


@contextmanager
def contenders() -> Iterator[dict[str, Callable[[], None]]]:
    """What is timed, by name."""
    with ExitStack() as stack:
        confined, free = (stack.enter_context(closing(Zygote(off=off))) for off in ((), LAYERS))
        yield {
            "bare fork": bare_fork,
            "sandbox": lambda: confined.begin(512, 60).end(),
            "off": lambda: free.begin(512, 60).end(),
            "exec": fresh_exec,
        }


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds of each contender, in turns; the first turn, which loads what is loaded late, is not counted."""
    spent: dict[str, list[float]] = {}
    gc.freeze()
    with contenders() as chosen:
        for turn in range(runs + 1):
            for name, contender in chosen.items():
                began = time.perf_counter()
                contender()
                if turn:
                    spent.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    return spent


def summary(spent: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, quartiles and least of each, and of its differences to the bare fork of the same turn."""
    rows = {}
    for name, milliseconds in spent.items():
        low, median, high = statistics.quantiles(milliseconds, n=4)
        over = statistics.median(m - bare for m, bare in zip(milliseconds, spent["bare fork"], strict=True))
        rows[name] = {"median": median, "low": low, "high": high, "least": min(milliseconds), "over_bare": over}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Milliseconds a sandboxed run takes, beside a bare fork.")
    parser.add_argument("--runs", type=int, default=200, help="turns; each times every contender once")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    rows = summary(measure(arguments.runs))
    if arguments.json:
        print(json.dumps({"runs": arguments.runs, "milliseconds": rows}))
        return
    print(f"{'':<12}{'median':>9}{'quartiles':>18}{'least':>9}{'over a bare fork':>19}   (ms)")
    for name, row in rows.items():
        quartiles = f"{row['low']:.2f} to {row['high']:.2f}"
        print(f"{name:<12}{row['median']:>9.2f}{quartiles:>18}{row['least']:>9.2f}{row['over_bare']:>19.2f}")


if __name__ == "__main__":
    main()
