"""The meter against the reference trace, on random operations and programs; compiled against uncompiled.

`fuzz_trace.py` does the same for as long as it is told.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.random_operations import counted, run_lockstep
from tests.harness.random_programs import INPUTS, random_program
from tests.harness.run_programs import check_program, run_traced
from tests.harness.trace_forms import FORMS

few = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(st.randoms(use_true_random=False))
def test_every_operation_counts_the_same_in_every_form_and_answers_as_a_plain_list(draw):
    run_lockstep(draw, FORMS, n_inputs=3, length=15)


@few
@given(st.randoms(use_true_random=True))
def test_long_sequences_of_operations_count_the_same(draw):
    run_lockstep(draw, FORMS, n_inputs=2, length=80)


@few
@given(st.randoms(use_true_random=True))
def test_programs_compute_plain_values_and_count_the_same_in_every_form(draw):
    check_program(draw, FORMS)


def without_depths(counts):
    return {name: count for name, count in counts.items() if name not in ("dmd", "depths")}


@few
@given(st.randoms(use_true_random=True))
def test_without_depths_all_other_counts_are_the_same(draw):
    source = random_program(draw)
    samples = [([draw.choice((-1.0, 1.0)) for _ in range(INPUTS)], draw.choice((-1.0, 1.0))) for _ in range(3)]
    form = FORMS["imported"]
    answers, counts = run_traced(source, form.meter(INPUTS), form.walk, samples)
    for name in ("imported", "uncompiled"):
        flat = FORMS[name].meter(INPUTS, depths=False)
        found = run_traced(source, flat, FORMS[name].walk, samples)
        assert found[0] == answers, (name, source)
        assert [without_depths(c) for c in found[1]] == [without_depths(c) for c in counts], (name, source)


@pytest.mark.parametrize("name", ["imported", "uncompiled"])
def test_without_depths_there_is_no_dmd_and_no_profile(name):
    meter = FORMS[name].meter(2, depths=False)
    assert "dmd" not in meter.counters()
    assert meter.depth_counts() == {}
    for ask in (meter.dmd, lambda: meter.begin_profile(1, 3, {})):
        with pytest.raises(ValueError, match="keeps no depths"):
            ask()


def churn(form, cells, rounds, **options):
    """Touch thousands of cells in a scattered order, free and make lists between: many time lines pass."""
    meter = form.meter(4, **options)
    rows = [meter.fill((float(i), 1.0), 25) for i in range(cells // 50)]
    place = 1
    for turn in range(rounds):
        if turn % 100 == 0:
            meter.begin_step([1.0, -1.0, 1.0, -1.0], 1.0)
            rows[turn % len(rows)] = meter.fill((0.5,), 10 + turn % 70)
        place = place * 48271 % 2147483647
        row = rows[place % len(rows)]
        row[place // 1000 % 10] += 1.0
        if turn % 7 == 0:
            row.append(row.pop(place % 10))
    return counted(meter)


def test_thousands_of_cells_and_tens_of_thousands_of_accesses_count_the_same():
    expected = churn(FORMS["reference"], cells=2500, rounds=6000)
    assert expected["reads"] + expected["writes"] > 30_000
    assert expected["peak_cells"] > 2500
    assert max(expected["depths"]) > 2000
    assert churn(FORMS["imported"], cells=2500, rounds=6000) == expected
    assert churn(FORMS["uncompiled"], cells=2500, rounds=6000) == expected
    assert without_depths(churn(FORMS["imported"], cells=2500, rounds=6000, depths=False)) == without_depths(expected)
