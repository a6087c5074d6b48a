"""`keep` and `forget`: what a meter accesses between them is as if it had never been, in every form."""

import tracemalloc

import pytest

from tests.harness.random_operations import counted
from tests.harness.trace_forms import FORMS

SAMPLE = [1.0, -1.0]


@pytest.fixture(params=sorted(FORMS))
def form(request):
    return FORMS[request.param]


def scene(form):
    """Lists whose blocks of cells are just full, so that one more element moves them."""
    meter = form.meter(2)
    state = meter.record(
        ("w", "rows", "t"),
        meter.fill((0.5,), 15),
        meter.listed(meter.fill((float(i),), 15) for i in range(4)),
        1.0,
    )
    train(meter, state)
    return meter, state


def train(meter, state):
    meter.begin_step(SAMPLE, 1.0)
    for row in state["rows"]:
        for i in range(0, len(row), 2):
            row[i] += state["w"][i] * state["t"]
    state["t"] += 1.0
    meter.end_step()


def sweep(meter, state):
    temporary = meter.listed(v for row in reversed(list(state["rows"])) for v in row)
    temporary.sort()
    return sum(temporary)


def enlarge_and_shrink(meter, state):
    """The second list moves into what the first has left."""
    for row in (state["w"], state["rows"][0], state["w"]):
        row.extend([0.0] * 40)
        kept = meter.fill((0.0,), 14)
        for _ in range(40):
            row.pop()
        assert len(kept) == 14


def empty_and_refill(_meter, state):
    row = state["rows"][3]
    values = [row.pop() for _ in range(15)]
    for value in reversed(values):
        row.append(value)


def many_cells(meter, _state):
    rows = [meter.fill((0.0,), 1000) for _ in range(9)]
    assert sum(sum(row) for row in rows) == 0.0


LOOKS = {look.__name__: look for look in (sweep, enlarge_and_shrink, empty_and_refill, many_cells)}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_what_is_forgotten_changes_no_count_now_or_later(form, look):
    meter, state = scene(form)
    other, other_state = scene(form)
    for _ in range(3):
        before = counted(meter)
        meter.keep()
        for _ in range(2):
            meter.begin_predict(SAMPLE)
            look(meter, state)
        assert counted(meter) != before
        meter.forget()
        assert counted(meter) == before == counted(other)
        train(meter, state)
        train(other, other_state)
        assert counted(meter) == counted(other)
        assert sweep(meter, state) == sweep(other, other_state)
        assert counted(meter) == counted(other)


def test_other_cells_than_were_kept_are_an_error(form):
    meter, state = scene(form)
    meter.keep()
    state["w"].append(0.0)
    with pytest.raises(ValueError, match="other cells"):
        meter.forget()


def test_a_list_in_place_of_its_equal_is_told_by_walk(form):
    meter, state = scene(form)
    before = list(form.walk_all(state))
    numbers = list(form.walk(state))
    state["w"] = state["w"].copy()
    assert list(form.walk(state)) == numbers
    after = list(form.walk_all(state))
    assert [a is b for a, b in zip(before, after, strict=True) if not isinstance(a, tuple)].count(False) == 1
    assert len(meter.fill((), 1)) == 0


@pytest.mark.parametrize("name", ["imported", "uncompiled"])
def test_memory_of_what_is_kept_follows_the_live_cells_and_not_how_often(name):
    meter, state = scene(FORMS[name])
    peaks = []
    for rounds in (2, 40):
        tracemalloc.start()
        for _ in range(rounds):
            meter.keep()
            sweep(meter, state)
            meter.forget()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 1000
    assert peaks[1] < 300_000
