"""What the meter refuses, and that it stays small: ownership, 64 bits, kinds, errors, memory."""

import tracemalloc

import pytest

from harness import memory_trace
from tests.harness.trace_forms import FORMS, load_uncompiled


@pytest.fixture(params=sorted(FORMS))
def form(request):
    return FORMS[request.param]


@pytest.fixture
def meter(form):
    return form.meter(1)


def traffic(meter):
    counters = meter.counters()
    return counters["reads"] + counters["writes"]


def unpack_two(a):
    _u, _v = a


ERRORS = {
    "u, v = a": unpack_two,
    "a[3]": lambda a: a[3],
    "a[-4]": lambda a: a[-4],
    "a[3] = 0.0": lambda a: a.__setitem__(3, 0.0),
    "a['x']": lambda a: a["x"],
    "a[1.0]": lambda a: a[1.0],
    "a.pop(3)": lambda a: a.pop(3),
    "a.pop(-4)": lambda a: a.pop(-4),
    "a.index(7.5)": lambda a: a.index(7.5),
    "a + 1": lambda a: a + 1,
    "a * 1.5": lambda a: a * 1.5,
    "max of nothing": lambda a: max(a[3:]),
    "pop of nothing": lambda a: a[3:].pop(),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_pythons_own_and_leave_the_meter_consistent(form, meter, name):
    a = meter.fill((3.0, 1.0, 2.0), 1)
    with pytest.raises((IndexError, ValueError, TypeError)) as expected:
        ERRORS[name]([3.0, 1.0, 2.0])
    with pytest.raises(expected.type) as raised:
        ERRORS[name](a)
    assert str(raised.value) == str(expected.value) or form is FORMS["reference"]
    del raised
    assert list(form.walk(a)) == [("list", 3), 3.0, 1.0, 2.0]
    assert sum(a) == 6.0
    before, depths = traffic(meter), meter.depth_counts()
    assert sum(a) == 6.0
    assert traffic(meter) - before == 4
    assert meter.depth_counts()[4] - depths.get(4, 0) == 4  # nothing but a's four cells went round


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40])
def test_integers_beyond_64_bits_are_refused_wherever_they_would_be_stored(meter, number):
    a = meter.fill((0.0,), 2)
    record = meter.record(("f",), 0.0)
    before = traffic(meter)
    for store in (
        lambda: a.append(number),
        lambda: a.__setitem__(0, number),
        lambda: a.insert(0, number),
        lambda: record.__setitem__("f", number),
    ):
        with pytest.raises(OverflowError):
            store()
    assert traffic(meter) == before
    for make in (lambda: meter.fill((number,), 1), lambda: meter.record(("f",), number)):
        with pytest.raises(OverflowError):
            make()


def test_integers_of_exactly_64_bits_are_kept(meter, form):
    a = meter.fill((2**63 - 1, -(2**63)), 1)
    assert list(form.walk(a)) == [("list", 2), 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("value", [None, "text", (1.0,), [1.0], {"f": 1.0}, range(3), 1j, abs, b"x"])
def test_only_numbers_and_traced_lists_can_be_stored(meter, value):
    a = meter.fill((0.0,), 2)
    record = meter.record(("f",), 0.0)
    before = traffic(meter)
    for store in (
        lambda: a.append(value),
        lambda: a.__setitem__(0, value),
        lambda: a.insert(0, value),
        lambda: record.__setitem__("f", value),
    ):
        with pytest.raises(TypeError):
            store()
    assert traffic(meter) == before


def test_a_list_never_holds_numbers_and_rows(meter):
    numbers, rows = meter.fill((0.0,), 2), meter.fill((meter.fill((1.0,), 1),), 1)
    for store in (
        lambda: numbers.append(meter.fill((), 1)),
        lambda: numbers.__setitem__(0, meter.fill((), 1)),
        lambda: rows.append(1.0),
        lambda: rows.__setitem__(0, 1.0),
        lambda: rows.insert(0, 1.0),
    ):
        with pytest.raises(TypeError):
            store()


@pytest.mark.parametrize("empty", [lambda a: a.clear(), lambda a: a.pop()])
def test_an_emptied_list_can_hold_either_kind(meter, empty):
    rows, numbers = meter.fill((meter.fill((1.0,), 1),), 1), meter.fill((0.0,), 1)
    empty(rows)
    empty(numbers)
    rows.append(1.0)
    numbers.append(meter.fill((1.0,), 1))
    assert rows[0] == numbers[0][0] == 1.0


def test_a_row_is_held_once(meter):
    row = meter.fill((1.0,), 1)
    rows = meter.fill((row,), 1)
    others = meter.fill((meter.fill((2.0,), 1),), 1)
    record = meter.record(("w",), meter.fill((), 1))
    for store in (
        lambda: others.append(row),
        lambda: others.__setitem__(0, row),
        lambda: rows.append(row),
        lambda: record.__setitem__("w", row),
        lambda: meter.fill((row,), 1),
        lambda: meter.record(("w",), row),
        lambda: rows[:],
        lambda: rows + others,
        lambda: rows * 2,
        lambda: others.extend(rows),
    ):
        with pytest.raises(TypeError):
            store()


def test_a_row_that_was_let_go_can_be_held_again(meter):
    rows = meter.fill((meter.fill((1.0,), 1), meter.fill((2.0,), 1), meter.fill((3.0,), 1)), 1)
    replaced, popped, orphan = rows[0], rows.pop(1), rows[1]
    rows[0] = meter.fill((0.0,), 1)
    del rows
    again = meter.fill((replaced, popped, orphan), 1)
    assert [row[0] for row in again] == [1.0, 2.0, 3.0]


def test_a_row_stored_back_where_it_lies_is_one_write(meter):
    rows = meter.fill((meter.fill((1.0,), 1),), 1)
    before = traffic(meter)
    rows[0] += (2.0,)
    assert traffic(meter) - before == 3  # a birth, the row's length, the row slot
    assert len(rows[0]) == 2


def test_nothing_can_come_to_hold_itself(meter):
    empty = meter.fill((), 1)
    inner = meter.fill((), 1)
    outer = meter.fill((inner,), 1)
    holding = meter.fill((), 1)
    record = meter.record(("inner",), meter.record(("rows",), holding))
    for store in (
        lambda: empty.append(empty),
        lambda: inner.append(outer),
        lambda: record.__setitem__("inner", record),
        lambda: record["inner"].__setitem__("rows", record["inner"]),
    ):
        with pytest.raises(TypeError):
            store()


def test_gotcha_a_nan_is_compared_by_value_where_plain_lists_compare_by_identity(meter):
    nan = float("nan")
    a = meter.fill((nan,), 1)
    assert [nan].count(nan) == 1
    assert nan not in a
    assert a.count(nan) == 0
    assert a != a.copy()


def test_gotcha_multiplying_in_place_makes_a_new_list(meter):
    a = same = meter.fill((1.0,), 1)
    a *= 2
    assert (len(a), len(same)) == (2, 1)


def test_the_input_buffer_keeps_its_length_and_is_held_by_nobody_else(meter):
    x = meter.input_buffer()
    record = meter.record(("w",), meter.fill((), 1))
    for misuse in (
        lambda: x.append(1.0),
        lambda: x.extend((1.0,)),
        lambda: x.__iadd__((1.0,)),
        lambda: x.insert(0, 1.0),
        x.pop,
        x.clear,
        lambda: record.__setitem__("w", x),
        lambda: meter.fill((x,), 1),
    ):
        with pytest.raises(TypeError):
            misuse()
    x[0] = 2.0
    assert list(x.copy()) == [2.0]


def test_a_record_has_the_fields_it_was_made_with_and_each_keeps_its_kind(meter):
    record = meter.record(("t", "w"), 1, meter.fill((), 1))
    before = traffic(meter)
    for misuse, error in (
        (lambda: record["missing"], KeyError),
        (lambda: record.__setitem__("missing", 1.0), KeyError),
        (lambda: record.__setitem__("t", meter.fill((), 1)), TypeError),
        (lambda: record.__setitem__("w", 1.0), TypeError),
    ):
        with pytest.raises(error):
            misuse()
    assert traffic(meter) - before == 1  # the length of the list that "t" could not hold


FREE_BITS = {
    "a list and a number": lambda m: m.fill((), 1) == 0.0,
    "a number and a list": lambda m: number(0.0) == m.fill((), 1),
    "a list unlike a number": lambda m: m.fill((), 1) != 0.0,
    "a number unlike a list": lambda m: number(0.0) != m.fill((), 1),
    "a list and a record": lambda m: m.fill((), 1) == record_of(m),
    "a record and a list": lambda m: record_of(m) == m.fill((), 1),
    "a record and a number": lambda m: record_of(m) == 0.0,
    "a number unlike a record": lambda m: number(0.0) != record_of(m),
    "two records": lambda m: record_of(m) == record_of(m),
    "two records unlike": lambda m: record_of(m) != record_of(m),
    "records in order": lambda m: record_of(m) < record_of(m),
    "records in order, or equal": lambda m: record_of(m) <= record_of(m),
    "records against the order": lambda m: record_of(m) > record_of(m),
    "records against the order, or equal": lambda m: record_of(m) >= record_of(m),
    "truth of a record": lambda m: bool(record_of(m)),
    "no record": lambda m: not record_of(m),
    "a number among rows": lambda m: 0.0 in m.fill((m.fill((), 1),), 1),
    "how often a number is among rows": lambda m: m.fill((m.fill((), 1),), 1).count(0.0),
    "a row among numbers": lambda m: m.fill((), 1) in m.fill((0.0,), 1),
    "the larger of a row and a number": lambda m: max(m.fill((), 1), 0.0),
    "the larger of two rows": lambda m: max(m.fill((m.fill((), 1), m.fill((), 1)), 1)),
    "the length of a record": lambda m: len(record_of(m)),
    "the fields of a record": lambda m: list(record_of(m)),
}


def number(value):
    return value


def record_of(meter):
    return meter.record(("f",), 0.0)


@pytest.mark.parametrize("name", FREE_BITS)
def test_what_kind_of_thing_a_name_holds_cannot_be_asked(meter, name):
    with pytest.raises((TypeError, KeyError, AttributeError)):
        FREE_BITS[name](meter)


def test_a_refused_comparison_says_what_to_write():
    meter = memory_trace.Meter(1)
    with pytest.raises(TypeError, match=r"xs\[i\] == v"):
        FREE_BITS["a number unlike a list"](meter)
    with pytest.raises(TypeError, match="compare their fields"):
        FREE_BITS["two records"](meter)


def test_a_field_holds_a_list_or_a_record_or_a_number_for_good(meter):
    record = meter.record(("t", "w", "inner"), 1, meter.fill((), 1), record_of(meter))
    values = {"t": lambda: 2, "w": lambda: meter.fill((1.0,), 1), "inner": lambda: record_of(meter)}
    for name in values:
        for other, make in values.items():
            if name == other:
                record[name] = make()
            else:
                with pytest.raises(TypeError):
                    record[name] = make()


def whether_rows(rows):
    """Whether there is a row, by each form that stops at the first."""
    yield lambda: any(True for _ in rows)
    yield lambda: next(iter(rows), None) is not None
    yield lambda: next(zip(rows, (1,), strict=False), None) is not None
    yield lambda: next(enumerate(rows), None) is not None
    yield lambda: next(reversed(rows), None) is not None
    yield lambda: bool(rows)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_whether_there_is_a_row_costs_a_read(meter, count):
    rows = meter.listed(meter.fill((0.0,), 1) for _ in range(count))
    for ask in whether_rows(rows):
        before = meter.counters()["reads"]
        assert ask() == (count > 0)
        assert meter.counters()["reads"] == before + 1


def test_a_slice_keeps_its_length(meter):
    a = meter.fill((0.0,), 4)
    for values in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ValueError, match="length"):
            a[1:3] = values
    assert len(a) == 4


def test_a_list_being_made_when_an_error_strikes_is_freed_whole(meter):
    a = meter.fill((1.0, 2.0), 1)

    def failing():
        yield from (1.0, 2.0, 3.0)
        yield None

    with pytest.raises(TypeError):
        meter.listed(failing())
    before = meter.depth_counts()
    len(a)
    assert meter.depth_counts() == {**before, 1: before.get(1, 0) + 1}


@pytest.mark.parametrize("name", ["imported", "uncompiled"])
def test_memory_follows_the_live_cells_and_not_the_length_of_the_trace(name):
    meter = FORMS[name].meter(1)
    make_and_free(meter, 2_000)
    tracemalloc.start()
    make_and_free(meter, 100_000 if name == "imported" and memory_trace.compiled else 10_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
    assert meter.counters()["peak_cells"] < 100


def make_and_free(meter, times):
    for i in range(times):
        made = meter.fill((0.5,), 1 + i % 40)
        made.append(1.0)


def test_internal_arrays_stay_small_while_lists_come_and_go():
    meter = load_uncompiled().Meter(1)
    make_and_free(meter, 3_000)
    assert meter.live == 3
    assert meter.slots == 1024
    assert meter.cells == 1024
    assert meter.next_range < 8
    assert len(meter.free_ranges) < 8


def test_the_time_line_grows_with_the_live_cells_and_is_reused():
    meter = load_uncompiled().Meter(1)
    rows = [meter.fill((0.5,), 100) for _ in range(30)]
    for _ in range(5):
        for row in rows:
            assert sum(row) == 50.0
    assert 4 * meter.live <= meter.slots <= 16 * meter.live
