"""MemTracker: its definitions on examples small enough to count by hand, and what it refuses."""

import random

import pytest

from sparse_parity.tracker import NO_TRACKER, MemTracker, TrackerError


def recorded(*events):
    tracker = MemTracker()
    for operation, name, size in events:
        (tracker.read if operation == "R" else tracker.write)(name, size)
    return tracker.summary()


def buffer_of(summary, name):
    return next(buffer for buffer in summary.buffers if buffer.name == name)


def test_distance_is_the_clock_since_the_start_of_the_last_write():
    summary = recorded(("W", "a", 3), ("W", "b", 5), ("R", "a", 3), ("R", "b", 5))
    assert buffer_of(summary, "a").distances == (8,)
    assert buffer_of(summary, "b").distances == (8,)


def test_a_write_starts_the_distance_anew():
    summary = recorded(("W", "a", 4), ("W", "b", 100), ("W", "a", 4), ("R", "a", 4))
    assert buffer_of(summary, "a").distances == (4,)


def test_reads_advance_the_clock_but_start_no_distance():
    summary = recorded(("W", "a", 4), ("R", "a", 4), ("R", "a", 4))
    assert buffer_of(summary, "a").distances == (4, 8)
    assert buffer_of(summary, "a").average == 6.0


def test_ard_weights_each_distance_by_its_floats():
    summary = recorded(("W", "big", 90), ("W", "one", 1), ("R", "one", 1), ("R", "big", 90))
    assert summary.weighted_sum == 1 * 1 + 90 * 92
    assert summary.ard == (1 * 1 + 90 * 92) / 91


def test_summary_counts_calls_and_floats():
    summary = recorded(("W", "a", 4), ("R", "a", 3), ("W", "b", 2))
    assert (summary.reads, summary.writes) == (1, 2)
    assert (summary.floats_read, summary.total_floats) == (3, 9)
    assert buffer_of(summary, "a").size == 4


def test_without_reads_there_is_no_ard():
    summary = recorded(("W", "a", 4))
    assert summary.ard is None
    assert buffer_of(summary, "a").average is None


def test_read_of_what_was_never_written_is_an_error():
    tracker = MemTracker()
    with pytest.raises(TrackerError, match="'a', which was never written"):
        tracker.read("a", 1)


def test_read_beyond_the_buffer_is_an_error_even_after_it_shrank():
    tracker = MemTracker()
    tracker.write("a", 8)
    tracker.read("a", 8)
    tracker.write("a", 4)
    with pytest.raises(TrackerError, match="holds 4"):
        tracker.read("a", 5)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, False, None, "3", float("nan")])
@pytest.mark.parametrize("operation", ["read", "write"])
def test_size_that_is_no_positive_int_is_an_error(operation, size):
    tracker = MemTracker()
    tracker.write("a", 8)
    with pytest.raises(TrackerError, match="positive int"):
        getattr(tracker, operation)("a", size)


def test_refused_call_leaves_the_record_as_it_was():
    tracker = MemTracker()
    tracker.write("a", 8)
    before = tracker.summary()
    for name, size in (("a", 9), ("a", 0), ("b", 1)):
        with pytest.raises(TrackerError):
            tracker.read(name, size)
    assert tracker.summary() == before


def test_no_tracker_takes_anything():
    NO_TRACKER.write("a", 1)
    NO_TRACKER.read("never written", 5)


def test_clock_is_the_sum_of_all_sizes_on_random_events():
    rng = random.Random(5)
    for _ in range(50):
        events = [("W", name, 9) for name in "abc"]
        events += [(rng.choice("RW"), rng.choice("abc"), 9) for _ in range(40)]
        summary = recorded(*events)
        assert summary.total_floats == 9 * len(events)
        assert summary.weighted_sum == sum(9 * d for b in summary.buffers for d in b.distances)
        assert summary.reads == sum(len(b.distances) for b in summary.buffers)
