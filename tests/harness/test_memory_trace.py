"""The table of operations in docs/metric.md, row by row, with counts worked out by hand.

Every form of the meter is held to the same numbers: the imported, the uncompiled and the reference.
Most hand counts start from one scene: one input, and a list `a` of 3.0, 1.0, 2.0, in a step that has just
begun. From the bottom the LRU stack then holds the input buffer's length, a[0], a[1], a[2], a's length, the
input and the label: depths 7 to 1. The stamp put the lengths at 0 and 1 and a's numbers at 2, 3, 4; the clock
is at 7.
"""

import math
from typing import NamedTuple

import pytest

from tests.harness.trace_forms import FORMS


@pytest.fixture(params=sorted(FORMS))
def form(request):
    return FORMS[request.param]


def scene(form):
    meter = form.meter(1)
    a = meter.fill((3.0, 1.0, 2.0), 1)
    meter.begin_step([1.0], 1.0)
    return meter, a


class Counts(NamedTuple):
    """What one operation adds: the depths of its accesses in turn (births left out), and the rest."""

    reads: int
    writes: int
    births: int
    depths: list
    distance: int


def since(meter, before, births, depths):
    after, now = meter.counters(), meter.depth_counts()
    return Counts(
        after["reads"] - before["reads"],
        after["writes"] - before["writes"],
        meter.birth_count() - births,
        sorted(depth for depth in now for _ in range(now[depth] - depths.get(depth, 0))),
        after["ard_distance"] - before["ard_distance"],
    )


def measure(meter, operation, *args):
    before, births, depths = meter.counters(), meter.birth_count(), meter.depth_counts()
    kept = operation(meter, *args)
    counted = since(meter, before, births, depths)
    del kept
    cost = counted.births + math.fsum(math.sqrt(depth) for depth in counted.depths)
    assert meter.counters()["dmd"] - before["dmd"] == pytest.approx(cost, rel=1e-9)
    return counted


def _display(meter, a):
    return meter.close(meter.open(), (meter.put(a[0]), meter.put(5.0)))


def _augment(_, a):
    a[0] += 1.0


def _loop(_, a):
    for _value in a:
        pass


def _unpack(_, a):
    _u, _v, _w = a


def _extend_in_place(_, a):
    a += (5.0, 6.0)


FULL_LOOP = Counts(4, 0, 0, [6, 6, 6, 6], 5 + 5 + 5 + 9)
A_COPY = Counts(3, 4, 4, [6, 7, 8], 5 + 6 + 7)
A_LISTED = Counts(4, 4, 4, [6, 7, 8, 9], 5 + 6 + 7 + 12)
TWICE_A = Counts(6, 7, 7, [6, 7, 8, 6, 6, 6], 5 + 6 + 7 + 11 + 12 + 13)
SORTED_DEPTHS = [6, 7, 8, 9, 1, 7, 1, 6, 1, 5, 1, 3, 1, 3, 1, 3, 1]

TABLE = {
    "[5.0, 6.0]": (lambda m, _: m.fill((5.0, 6.0), 1), Counts(0, 3, 3, [], 0)),
    "[a[0], 5.0]": (_display, Counts(1, 3, 3, [6], 5)),
    "[5.0, 6.0] * 2": (lambda m, _: m.fill((5.0, 6.0), 2), Counts(0, 5, 5, [], 0)),
    "{'u': 1.0, 'v': 2}": (lambda m, _: m.record(("u", "v"), 1.0, 2), Counts(0, 2, 2, [], 0)),
    "{'u': 1.0, 'w': a}": (lambda m, a: m.record(("u", "w"), 1.0, a), Counts(0, 2, 2, [], 0)),
    "a[1]": (lambda _, a: a[1], Counts(1, 0, 0, [5], 4)),
    "a[-1]": (lambda _, a: a[-1], Counts(1, 0, 0, [4], 3)),
    "a[0] = 9": (lambda _, a: a.__setitem__(0, 9), Counts(0, 1, 0, [6], 0)),
    "a[0] += 1.0": (_augment, Counts(1, 1, 0, [6, 1], 5)),
    "len(a)": (lambda _, a: len(a), Counts(1, 0, 0, [3], 6)),
    "not a": (lambda _, a: not a, Counts(1, 0, 0, [3], 6)),
    "for v in a": (_loop, FULL_LOOP),
    "sum(a)": (lambda _, a: sum(a), FULL_LOOP),
    "min(a)": (lambda _, a: min(a), FULL_LOOP),
    "max(a)": (lambda _, a: max(a), FULL_LOOP),
    "any(a)": (lambda _, a: any(a), Counts(1, 0, 0, [6], 5)),
    "all(a)": (lambda _, a: all(a), FULL_LOOP),
    "enumerate(a)": (lambda _, a: max(enumerate(a)), FULL_LOOP),
    "zip(a, (1, 2))": (lambda _, a: max(zip(a, (1, 2), strict=False)), Counts(3, 0, 0, [6, 6, 6], 15)),
    "u, v, w = a": (_unpack, FULL_LOOP),
    "max(reversed(a))": (lambda _, a: max(reversed(a)), Counts(4, 0, 0, [3, 4, 5, 6], 6 + 4 + 6 + 8)),
    "1.0 in a": (lambda _, a: 1.0 in a, Counts(2, 0, 0, [6, 6], 10)),
    "7.0 in a": (lambda _, a: 7.0 in a, FULL_LOOP),
    "a.index(2.0)": (lambda _, a: a.index(2.0), Counts(3, 0, 0, [6, 6, 6], 15)),
    "a.count(1.0)": (lambda _, a: a.count(1.0), FULL_LOOP),
    "a == a": (
        lambda _, a: a == a,  # noqa: PLR0124
        Counts(8, 0, 0, [3, 1, 6, 1, 6, 1, 6, 1], 6 + 7 + 7 + 8 + 8 + 9 + 9 + 10),
    ),
    "a != x": (lambda m, a: a != m.input_buffer(), Counts(2, 0, 0, [3, 7], 6 + 8)),
    "a[0:2]": (lambda _, a: a[0:2], Counts(2, 3, 3, [6, 7], 5 + 6)),
    "a[::-2]": (lambda _, a: a[::-2], Counts(2, 3, 3, [4, 7], 3 + 7)),
    "a.copy()": (lambda _, a: a.copy(), A_COPY),
    "a + a": (lambda _, a: a + a, TWICE_A),
    "a * 2": (lambda _, a: a * 2, TWICE_A),
    "2 * a": (lambda _, a: 2 * a, TWICE_A),
    "list(a)": (lambda m, a: m.listed(a), A_LISTED),
    "sorted(a)": (lambda m, a: m.sorted_list(a), Counts(11, 10, 4, SORTED_DEPTHS, 30 + 1 + 24 + 15)),
    "a.sort()": (
        lambda _, a: a.sort(),
        Counts(7, 6, 0, [3, 6, 1, 6, 1, 6, 1, 3, 1, 3, 1, 3, 1], 6 + 6 + 7 + 8 + 5 + 5 + 5),
    ),
    "a.reverse()": (lambda _, a: a.reverse(), Counts(3, 2, 0, [3, 6, 5, 2, 2], 6 + 6 + 5)),
    "a.append(5.0)": (lambda _, a: a.append(5.0), Counts(0, 2, 1, [4], 0)),
    "a.extend((5.0, 6.0))": (lambda _, a: a.extend((5.0, 6.0)), Counts(0, 3, 2, [5], 0)),
    "a += (5.0, 6.0)": (_extend_in_place, Counts(0, 3, 2, [5], 0)),
    "a.extend(a)": (
        lambda _, a: a.extend(a),
        Counts(7, 8, 7, [6, 7, 8, 6, 6, 6, 7, 13], 18 + 6 + 6 + 6 + 7),
    ),
    "a.insert(1, 9.0)": (lambda _, a: a.insert(1, 9.0), Counts(2, 5, 1, [5, 2, 6, 3, 2, 6], 4 + 7)),
    "a.insert(3, 9.0)": (lambda _, a: a.insert(3, 9.0), Counts(0, 2, 1, [4], 0)),
    "a.pop(0)": (lambda _, a: a.pop(0), Counts(3, 3, 0, [6, 6, 2, 6, 3, 5], 5 + 5 + 6)),
    "a.pop()": (lambda _, a: a.pop(), Counts(1, 1, 0, [4, 3], 3)),
    "a.clear()": (lambda _, a: a.clear(), Counts(0, 1, 0, [3], 0)),
    "a[0:2] = (8.0, 9.0)": (
        lambda _, a: a.__setitem__(slice(0, 2), (8.0, 9.0)),
        Counts(2, 5, 3, [3, 9, 4, 9], 3 + 4),
    ),
}


@pytest.mark.parametrize("row", TABLE)
def test_an_operation_counts_what_its_row_of_the_table_says(form, row):
    operation, expected = TABLE[row]
    assert measure(*_with(form, operation)) == expected._replace(depths=sorted(expected.depths))


def _with(form, operation):
    meter, a = scene(form)
    return meter, operation, a


def rows_scene(form):
    """Three rows of one number, made in the order of a display; only the buffer and the label live beside."""
    meter = form.meter(1)
    meter.open()
    for value in (1.0, 2.0, 3.0):
        meter.put(meter.fill((value,), 1))
    return meter, meter.close(None, None)


ROW_TABLE = {
    "rows[1]": (lambda _, rows: rows[1], Counts(0, 0, 0, [], 0)),
    "rows[1] = [9.0]": (lambda m, rows: rows.__setitem__(1, m.fill((9.0,), 1)), Counts(0, 3, 3, [], 0)),
    "rows.append([])": (lambda m, rows: rows.append(m.fill((), 1)), Counts(0, 3, 2, [2], 0)),
    "rows.insert(0, [])": (lambda m, rows: rows.insert(0, m.fill((), 1)), Counts(0, 7, 6, [2], 0)),
    "rows.pop(0)": (lambda _, rows: rows.pop(0), Counts(0, 3, 2, [1], 0)),
    "rows.reverse()": (lambda _, rows: rows.reverse(), Counts(1, 3, 3, [1], 0)),
    "rows.clear()": (lambda _, rows: rows.clear(), Counts(0, 1, 0, [1], 0)),
    "max(len(r) for r in rows)": (
        lambda _, rows: max(len(row) for row in rows),
        Counts(4, 0, 0, [1, 6, 5, 4], 0),
    ),
    "for row in rows: break": (lambda _, rows: leave_at_once(rows), Counts(1, 0, 0, [1], 0)),
    "zip(rows, reversed(rows))": (
        lambda _, rows: all(a for a, _b in zip(rows, reversed(rows), strict=False)),
        Counts(5, 0, 0, [1, 1, 6, 5, 4], 0),
    ),
    "u, v, w = rows": (_unpack, Counts(1, 0, 0, [1], 0)),
    "enumerate(rows)": (lambda _, rows: [i for i, _row in enumerate(rows)], Counts(1, 0, 0, [1], 0)),
    "[] in rows": (lambda m, rows: m.fill((), 1) in rows, Counts(7, 1, 1, [2, 7, 3, 6, 2, 5, 2], 0)),
    "rows.count(rows[2])": (
        lambda _, rows: rows.count(rows[2]),
        Counts(13, 0, 0, [1, 6, 3, 7, 5, 6, 4, 7, 4, 3, 1, 2, 1], 0),
    ),
}


def leave_at_once(rows):
    for _ in rows:
        break


@pytest.mark.parametrize("row", ROW_TABLE)
def test_rows_are_reached_free_and_moved_by_writes_that_cost_one(form, row):
    operation, expected = ROW_TABLE[row]
    meter, rows = rows_scene(form)
    assert measure(meter, operation, rows) == expected._replace(depths=sorted(expected.depths))


def record_scene(form):
    meter = form.meter(1)
    w = meter.fill((0.5,), 1)
    return meter, meter.record(("t", "w", "u"), 1, w, 2.0)


RECORD_TABLE = {
    "r['t']": (lambda _, r: r["t"], Counts(1, 0, 0, [2], 0)),
    "r['w']": (lambda _, r: r["w"], Counts(0, 0, 0, [], 0)),
    "r['w'][0]": (lambda _, r: r["w"][0], Counts(1, 0, 0, [4], 0)),
    "r['u'] = 3.0": (lambda _, r: r.__setitem__("u", 3.0), Counts(0, 1, 0, [1], 0)),
    "r['w'] = []": (lambda m, r: r.__setitem__("w", m.fill((), 1)), Counts(0, 2, 2, [], 0)),
    "r['w'] = r['w']": (lambda _, r: r.__setitem__("w", r["w"]), Counts(0, 1, 1, [], 0)),
}


@pytest.mark.parametrize("row", RECORD_TABLE)
def test_records_have_cells_for_numbers_and_hold_lists_free_to_reach(form, row):
    operation, expected = RECORD_TABLE[row]
    meter, record = record_scene(form)
    assert measure(meter, operation, record) == expected._replace(depths=sorted(expected.depths))


def test_the_worked_example_of_the_metric_page(form):
    meter = form.meter(1)
    state = meter.record(("w",), meter.fill((0.5, 0.25), 1))
    before = meter.counters()
    meter.begin_step([1.0], 1.0)
    w = state["w"]
    s = 0.0
    for v in w:
        s += v
    w[1] = s
    meter.end_step()
    after = meter.counters()
    assert (after["ard_distance"], after["ard_reads"]) == (15, 3)
    assert after["reads"] + after["writes"] - before["reads"] - before["writes"] == 6
    # x at 6, the label at 5; then w[0], w[1] and w's length at 5 each: the rest of w, the input and the
    # label lie above. Last w[1] at 2, below w's length.
    assert meter.depth_counts() == {2: 1, 5: 4, 6: 1}
    assert after["dmd"] == 4 + math.fsum((math.sqrt(2), 4 * math.sqrt(5), math.sqrt(6)))


def test_reads_count_towards_ard_inside_steps_only_and_towards_reuse_always(form):
    meter, a = scene(form)
    meter.end_step()
    assert measure(meter, lambda _: a[0]).distance == 0
    assert meter.counters()["ard_reads"] == 0
    assert meter.counters()["reuse"] == 6  # read at 6, written at 0


def test_a_prediction_writes_the_inputs_but_neither_label_nor_stamp(form):
    meter, a = scene(form)
    meter.end_step()
    assert measure(meter, lambda m: m.begin_predict([-1.0])) == Counts(0, 1, 0, [2], 0)
    assert meter.input_buffer()[0] == -1.0
    assert len(a) == 3


def test_freed_cells_leave_the_stack(form):
    meter, a = scene(form)
    scratch = meter.fill((0.0,), 50)
    assert measure(meter, lambda _: len(a)).depths == [54]
    del scratch
    assert measure(meter, lambda _: a[2]).depths == [4]


def test_a_replaced_row_leaves_the_stack(form):
    meter, rows = rows_scene(form)
    fresh = meter.fill((9.0,), 1)
    rows[2] = fresh
    # Above it: its length, the other row's two cells, the rows' length, and the two cells of `fresh`.
    assert measure(meter, lambda _: rows[0][0]).depths == [7]
