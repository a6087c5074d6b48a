"""Every account of a step that the original public code gave, all 33 of them: ARD, calls, floats, means and DMC.

The numbers are the original's. `test_published_ard.py` has the distances of most, buffer by buffer; here are also
hidden 200, the forward-only steps behind "25 times", Forward-Forward with one output, and the lists cut short.
"""

from dataclasses import replace

import pytest

from sparse_parity.config import EXP_A
from sparse_parity.published import net_sizes, replay, replay_forward_forward, replay_perlayer
from sparse_parity.studies.buffers import account, calls, leave_out
from sparse_parity.studies.forward_forward import BACKPROP_3, record_forward_only
from sparse_parity.studies.survey import FORWARD_ONLY, cost


def shaped(n_bits, hidden):
    return replace(EXP_A, n_bits=n_bits, k_sparse=3, hidden=hidden)


def cut(method, n_bits, hidden):
    """The method's own events without those that the published per-layer list leaves out."""
    config = shaped(n_bits, hidden)
    return replay(", ".join(leave_out(calls(method, config))), net_sizes(n_bits, hidden), hidden)


# By method and shape: ARD, reads, writes, floats, the mean over reads, DMC.
FULL = {
    ("standard", 3, 1000): (10639.620365013412, 24, 18, 34022, 9715.916666666666, 1759726.1117376464),
    ("standard", 20, 500): (17976.402757373715, 24, 18, 51073, 13382.291666666666, 3348253.104460899),
    ("standard", 20, 1000): (35919.798744509586, 24, 18, 102073, 26736.458333333332, 9458892.407211876),
    ("standard", 20, 2000): (71806.59107754109, 24, 18, 204073, 53444.791666666664, 26737741.367623713),
    ("standard", 20, 200): (7210.365736827275, 24, 18, 20473, 5369.791666666667, 850131.3092828119),
    ("fused", 3, 1000): (10218.592804922948, 24, 18, 34022, 8174.375, 1727195.6026807618),
    ("fused", 20, 500): (17740.877839303877, 24, 18, 51073, 9775.416666666666, 3314675.9732290013),
    ("fused", 20, 1000): (35448.42468000075, 24, 18, 102073, 19525.416666666668, 9363954.731843479),
    ("fused", 20, 2000): (70863.51885484738, 24, 18, 204073, 39025.416666666664, 26469263.425962884),
    ("fused", 20, 200): (7116.350521273598, 24, 18, 20473, 3925.4166666666665, 841628.0817136782),
}
PUBLISHED = {  # per-layer
    (3, 1000): (9674.1779717484, 15, 13, 27015, 8874.2, 1368052.810364172),
    (20, 500): (17298.56596854372, 15, 13, 47566, 11833.6, 3083639.095427301),
    (20, 1000): (34563.87190571347, 15, 13, 95066, 23633.6, 8711431.659723187),
    (20, 2000): (69094.48405785275, 15, 13, 190066, 47233.6, 24624988.110383537),
    (20, 200): (6939.382849014428, 15, 13, 19066, 4753.6, 782924.8092780174),
}
FORWARD_FORWARD = {  # by bits, hidden units and outputs
    (3, 100, 100): (11303.380218457836, 14, 18, 53810, 9303.642857142857, 2275995.9314085445),
    (20, 500, 500): (277255.92857687036, 14, 18, 1311561, 226450.42857142858, 275587337.68052065),
    (3, 100, 1): (670.609219858156, 14, 18, 3419, 676.5, 35044.25314994141),
    (20, 500, 1): (11802.773456995508, 14, 18, 59570, 11880.42857142857, 2567226.941144094),
}
SHORT = {  # a step that only goes forward
    (3, 100): (447.34844192634563, 9, 9, 1412, 438.22222222222223, 14096.095449370978),
    (20, 500): (10229.434167844964, 9, 9, 24046, 6912.666666666667, 1183132.1162796183),
}
FULL_3 = (1071.1981181390486, 24, 18, 3422, 978.4166666666666, 56144.02614682884)
CUT = {  # cut short: weighted sum, floats read, floats
    ("standard", 3, 1000): (144186060, 15008, 27015),
    ("standard", 20, 500): (424280886, 24542, 47566),
    ("standard", 20, 1000): (1694060386, 49042, 95066),
    ("fused", 3, 1000): (145190063, 15008, 27015),
    ("fused", 20, 500): (424541406, 24542, 47566),
    ("fused", 20, 1000): (1695081406, 49042, 95066),
}


def assert_agrees(summary, wanted):
    ard, reads, writes, floats, mean, dmc = wanted
    assert (summary.reads, summary.writes, summary.total_floats) == (reads, writes, floats)
    assert summary.ard == pytest.approx(ard, rel=1e-12)
    assert sum(sum(buffer.distances) for buffer in summary.buffers) / reads == pytest.approx(mean, rel=1e-12)
    assert cost(summary) == pytest.approx(dmc, rel=1e-12)


@pytest.mark.parametrize(("method", "n_bits", "hidden"), FULL)
def test_a_full_step_costs_what_the_original_code_says(method, n_bits, hidden):
    assert_agrees(account(method, shaped(n_bits, hidden)), FULL[method, n_bits, hidden])
    if method == "fused":  # and per-layer, recorded fully
        assert_agrees(account("perlayer", shaped(n_bits, hidden)), FULL[method, n_bits, hidden])


@pytest.mark.parametrize("shape", PUBLISHED)
def test_the_published_per_layer_list_costs_what_it_says(shape):
    assert_agrees(replay_perlayer(*shape), PUBLISHED[shape])


@pytest.mark.parametrize("shape", FORWARD_FORWARD)
def test_the_published_forward_forward_list_costs_what_it_says(shape):
    assert_agrees(replay_forward_forward(*shape), FORWARD_FORWARD[shape])


def test_the_steps_beside_forward_forward_are_a_short_one_and_a_full_one():
    for (n_bits, hidden), wanted in SHORT.items():
        assert_agrees(replay(FORWARD_ONLY, net_sizes(n_bits, hidden), hidden), wanted)
    assert_agrees(record_forward_only(BACKPROP_3), SHORT[3, 100])  # by training it: its step has a margin beyond 1
    assert_agrees(account("standard", BACKPROP_3), FULL_3)


@pytest.mark.parametrize(("method", "n_bits", "hidden"), CUT)
def test_only_fused_cut_short_is_the_published_per_layer_list(method, n_bits, hidden):
    found = cut(method, n_bits, hidden)
    assert (found.weighted_sum, found.floats_read, found.total_floats) == CUT[method, n_bits, hidden]
    assert (found == replay_perlayer(n_bits, hidden)) == (method == "fused")
