"""The repository's survey tables, so far as a list of events makes them: what was recorded, replayed.

Promises: ARD and DMC (the sum over reads of floats times the square root of the distance) of each list, to the digits
that the original programs print. Does not cover: the programs themselves, but for the solver, whose list depends on
how far it has to search.
"""

import math
from dataclasses import replace
from itertools import combinations

from sparse_parity.config import EXP_A, EXP_C
from sparse_parity.published import net_sizes, replay
from sparse_parity.studies.batches import Say
from sparse_parity.studies.buffers import account, forward_only
from sparse_parity.studies.numpy_draws import NumpyDraws
from sparse_parity.tracker import MemTracker, Summary

HARNESS_SGD = (
    "write x, write W1, write b1, read x, read W1, read b1, write h_pre, read h_pre, write h, write W2, write b2, "
    "read h, read W2, read b2, write out, read out, write d_out, read d_out, read W2, read h, write dW2, write db2, "
    "read d_out, read W2, write d_h, read d_h, read h_pre, write d_h_pre, read d_h_pre, read x, write dW1, write db1, "
    "read W1, read dW1, read W2, read dW2, read b1, read db1, read b2, read db2"
)


FORWARD_ONLY = (
    "write W1, write b1, write W2, write b2, write x, write y, read x, read W1, read b1, write h_pre, read h_pre, "
    "write h, read h, read W2, read b2, write out, read out, read y"
)

CODING_STARTS = (
    "write W1, write b1, write W2, write b2, write x, write y, read x, read W1, read b1, write mu1_pre, write mu1, "
    "read mu1, read W2, read b2, write mu2"
)
CODING_SETTLES = (
    "read W1, read mu1, read x, write e0, read W2, read mu2, read mu1, write e1, read y, read mu2, write e2, "
    "read e1, read e0, read W1, read e2, read W2, read mu1_pre, write mu1_pre, write mu1, write mu2"
)
CODING_LEARNS = (
    "read e0, read mu1, read W1, write W1, read e1, read b1, write b1, read e2, read mu1, read W2, write W2, "
    "read e2, read b2, write b2"
)


def cost(summary: Summary) -> float:
    """DMC, of a list whose every read takes the whole buffer."""
    return math.fsum(b.size * math.fsum(math.sqrt(d) for d in b.distances) for b in summary.buffers)


def _ard_and_cost(summary: Summary) -> tuple[float, float]:
    return summary.ard or 0.0, cost(summary)


def replay_harness_sgd(_: Say) -> tuple[float, float]:
    """The hand-written step that stands for SGD in the survey, at 20 bits, hidden 200: ARD and DMC."""
    sizes = {"x": 20, "W1": 4000, "dW1": 4000, "b2": 1, "db2": 1, "out": 1, "d_out": 1}
    return _ard_and_cost(replay(HARNESS_SGD, sizes, 200))


def replay_elimination(_: Say) -> tuple[float, float]:
    """All that the survey records of elimination over GF(2): its matrix of 21 rows, written once and read once."""
    return _ard_and_cost(replay("write A, read A, write solution", {"A": 21 * 20}, 20))


def replay_query(_: Say) -> tuple[float]:
    """All that it records of reinforcement learning: one number written and read; the table of values is not."""
    return (replay("write query_bit, read query_bit", {"query_bit": 1}, 1).ard or 0.0,)


def replay_program(_: Say) -> tuple[float, ...]:
    """All that it records of genetic programming: the columns of 2,000 samples that the found program names, 3 or 4."""
    sizes = [{"x": 2000 * columns} for columns in (3, 4)]
    return tuple(replay("write x, read x, write out", size, 2000).ard or 0.0 for size in sizes)


def search_pairs(_: Say) -> tuple[float, float, int]:
    """The solver's ARD in its own file, which records one reading of 500 samples; in the harness; pairs tried there."""
    own = replay("write x, write y, read x, read y, write solution", {"x": 500 * 20, "solution": 3}, 500)
    tracker = MemTracker()
    pairs = solve_by_pairs(tracker)
    return own.ard or 0.0, tracker.summary().ard or 0.0, pairs


def solve_by_pairs(tracker: MemTracker) -> int:
    """Try pairs of 20 columns until a third column completes the parity of 20 samples; returns the pairs tried.

    The records are the harness's: each pair reads all samples once, though the search for the third reads them again.
    """
    rng = NumpyDraws(42)
    samples = rng.samples(20, rng.pick(20, 3), 20)
    tracker.write("x", 400)
    tracker.write("y", 20)
    columns = [list(column) for column in zip(*samples.xs, strict=True)]
    for tried, (i, j) in enumerate(combinations(range(20), 2), start=1):
        tracker.read("x", 400)
        tracker.read("y", 20)
        wanted = [a * b * y for a, b, y in zip(columns[i], columns[j], samples.ys, strict=True)]
        if any(column == wanted for place, column in enumerate(columns) if place not in {i, j}):
            return tried
    raise AssertionError("some three columns make the labels")


def compare_lab(_: Say) -> tuple[float, ...]:
    """Hidden 200 at 20 bits: ARD and DMC of a forward-only step, then of a full one."""
    short = replay(FORWARD_ONLY, net_sizes(20, 200), 200)
    return *_ard_and_cost(short), *_ard_and_cost(account("standard", replace(EXP_A, hidden=200)))


def record_coding(n_bits: int, hidden: int) -> float:
    """ARD of a step of predictive coding, which settles in 15 rounds, as published."""
    sizes = net_sizes(n_bits, hidden) | {"mu2": 1, "e0": n_bits, "e2": 1}
    return replay(", ".join([CODING_STARTS, *[CODING_SETTLES] * 15, CODING_LEARNS]), sizes, hidden).ard or 0.0


def compare_coding(_: Say) -> tuple[float, ...]:
    """Predictive coding's ARD; over a forward-only step, as published; over a full one; the last at 3 bits too."""
    coding = record_coding(20, 1000)
    full_3 = account("standard", replace(EXP_A, n_bits=3, hidden=100)).ard or 0.0
    full_20 = account("standard", EXP_C).ard or 0.0
    return coding, coding / forward_only(20, 1000), coding / full_20, record_coding(3, 100) / full_3


def count_own_floats(_: Say) -> tuple[float, ...]:
    """The distances of two reads of ten floats, of which nobody else's were touched in between."""
    tracker = MemTracker()
    tracker.write("a", 10)
    tracker.read("a", 10)
    tracker.read("a", 10)
    return tuple(float(distance) for distance in tracker.summary().buffers[0].distances)
