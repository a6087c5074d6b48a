"""The instruments before this one, on one and the same step: their published figures, and the trace's beside them.

At hidden 100; `python benchmarks/instruments.py` also counts hidden 500. The counts do not depend on the last bits of
the weights, only on which of the hidden units are dead.
"""

from functools import cache
from pathlib import Path

import pytest

from benchmarks.instrument_forms import diluted, sources
from benchmarks.instruments import FORMS, PUBLISHED, buffer_step, measure_step
from harness import policy

ROWS = {"standard": "standard", "fused": "fused, per-layer", "per-layer": "fused, per-layer", "row loop": "row loop"}
DEAD = 42  # of the 100 hidden units, on this sample

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metric.md").read_text("utf-8")
step = cache(measure_step)


@pytest.mark.parametrize("form", FORMS)
def test_values_come_to_the_published_element_level(form):
    found = step(form, 100).values
    assert (found.reads, found.writes) == (26327, 17629)
    assert (found.ard, found.reuse, found.lru, found.dmd) == pytest.approx(PUBLISHED[100, form], rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_memory_trace_of_the_step_is_as_docs_metric_says(form):
    t = step(form, 100).trace
    means = f"{t.ard:,.1f} | {t.reuse:,.1f} | {t.lru:,.1f} | {t.dmd:,.0f}"
    row = f"| {ROWS[form]}: trace | {t.reads:,} | {t.writes:,} | {means} |"
    table = PAGE.partition("| hidden 100 |")[2].partition("| hidden 500 |")[0]
    assert row in table.splitlines()


def test_per_layer_with_its_gradients_in_lists_is_fused_access_for_access():
    assert step("per-layer", 100).trace == step("fused", 100).trace


def test_lru_stack_tracker_comes_to_its_published_figures():  # ard_entries: expA_n20_h500_standard, lru_elem
    buffers = buffer_step("standard", 500)
    assert buffers.ard == pytest.approx(17976.402757373715)
    assert buffers.still == pytest.approx((6526.135683881418, 1991206.3757410422))
    assert buffers.moved == pytest.approx((10768.298338795345, 2651581.1395455957))


def test_the_difference_of_the_reads_is_accounted_for_to_the_last_one():  # the account in docs/metric.md, standard
    n, h = 20, 100
    parameters = n * h + 2 * h + 1
    products_and_sums = 2 * n * h + 2 * h
    updates = 3 * parameters + n * h  # wd * p, its sum with the gradient, lr times that; g * v of W1
    margin_and_dout = 2 + 2 * h + 1
    registers = products_and_sums + updates + margin_and_dout
    used_again = parameters + (n - 1) * h  # p in `p - lr * (g + wd * p)`; a unit's gradient, for its n weights
    label, zeros, lengths = 2, 2 * DEAD, 2 * h + 9
    found = step("standard", 100)
    assert (registers, used_again, zeros, lengths) == (13006, 4101, 84, 209)
    assert found.values.reads - found.trace.reads == registers + used_again + label - zeros - lengths


def test_dilution_changes_two_modules_and_is_good_code_to_the_policy():
    plain, changed = sources(), diluted(sources())
    assert [name for name in plain if plain[name] != changed[name]] == [
        "sparse_parity.model",
        "sparse_parity.methods.standard",
        "sparse_parity.methods.buffers",
    ]
    champion = {"sparse_parity/champion.py": 'METHOD = "standard"\nHYPERPARAMETERS = {"hidden": 500}\n'}
    files = {f"{name.replace('.', '/')}.py": text for name, text in changed.items()}
    model = files.pop("sparse_parity/model.py")
    assert [str(refusal) for refusal in policy.check(champion | files, model=model)] == []
