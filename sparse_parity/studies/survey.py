"""The repository's survey tables, so far as a list of events makes them: what was recorded, replayed."""

from dataclasses import replace

from sparse_parity.config import EXP_A, EXP_C
from sparse_parity.published import replay
from sparse_parity.studies.batches import Say
from sparse_parity.studies.buffers import account, forward_only
from sparse_parity.tracker import MemTracker

HARNESS_SGD = (
    "write x, write W1, write b1, read x, read W1, read b1, write h_pre, read h_pre, write h, write W2, write b2, "
    "read h, read W2, read b2, write out, read out, write d_out, read d_out, read W2, read h, write dW2, write db2, "
    "read d_out, read W2, write d_h, read d_h, read h_pre, write d_h_pre, read d_h_pre, read x, write dW1, write db1, "
    "read W1, read dW1, read W2, read dW2, read b1, read db1, read b2, read db2"
)


def replay_harness_sgd(_: Say) -> tuple[float]:
    """The hand-written step that stands for SGD in the survey, at 20 bits, hidden 200."""
    sizes = {"x": 20, "W1": 4000, "dW1": 4000, "b2": 1, "db2": 1, "out": 1, "d_out": 1}
    return (replay(HARNESS_SGD, sizes, 200).ard or 0.0,)


def replay_elimination(_: Say) -> tuple[float]:
    """All that the survey records of elimination over GF(2): its matrix of 21 rows, written once and read once."""
    return (replay("write A, read A, write solution", {"A": 21 * 20}, 20).ard or 0.0,)


def replay_query(_: Say) -> tuple[float]:
    """All that it records of reinforcement learning: one number written and read; the table of values is not."""
    return (replay("write query_bit, read query_bit", {"query_bit": 1}, 1).ard or 0.0,)


def compare_lab(_: Say) -> tuple[float, ...]:
    """Hidden 200 at 20 bits: ARD of a forward-only step and of a full one."""
    return forward_only(20, 200), account("standard", replace(EXP_A, hidden=200)).ard or 0.0


def compare_coding(_: Say) -> tuple[float, ...]:
    """Predictive coding's published 370,005 over a forward-only step, as published, and over a full one."""
    return 370_005 / forward_only(20, 1000), 370_005 / (account("standard", EXP_C).ard or 0.0)


def compare_batch(_: Say) -> tuple[float, ...]:
    """Floats of a single-sample step at hidden 1000: as published (forward only), and full."""
    events = "write W1, write b1, write W2, write b2, write x, write y, read x, read W1, read b1, write h_pre, "
    events += "read h_pre, write h, read h, read W2, read b2, write out, read out, read y"
    sizes = {"x": 20, "y": 1, "W1": 20000, "b2": 1, "out": 1}
    return replay(events, sizes, 1000).total_floats, account("standard", EXP_C).total_floats


def count_own_floats(_: Say) -> tuple[float, ...]:
    """The distances of two reads of ten floats, of which nobody else's were touched in between."""
    tracker = MemTracker()
    tracker.write("a", 10)
    tracker.read("a", 10)
    tracker.read("a", 10)
    return tuple(float(distance) for distance in tracker.summary().buffers[0].distances)
