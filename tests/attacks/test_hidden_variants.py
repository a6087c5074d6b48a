"""Each try to keep a number out of the count is refused, stops, or is counted."""

import random
from types import MappingProxyType

import pytest

from harness import policy, rewrite
from harness.memory_trace import Meter
from tests.attacks.hidden_variants import FRAME, VARIANTS
from tests.controls.learner_cases import ROOT

PATH = "sparse_parity/methods/trick.py"
INPUTS = 6
SAMPLE = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0]
MODULES = {
    "sparse_parity.model": (ROOT / "sparse_parity/model.py").read_text("utf-8"),
    "sparse_parity.tracker": "NO_TRACKER = 0\n",
}


def source_of(variant):
    def indented(code):
        return "\n".join(f"    {line}" for line in code.split("\n"))

    return FRAME.format(top=variant.top, init=indented(variant.init), body=indented(variant.body))


def refusals_of(source):
    champion = 'METHOD = "trick"\nHYPERPARAMETERS = {"lr": 0.1}\n'
    return [str(refusal) for refusal in policy.check({"sparse_parity/champion.py": champion, PATH: source})]


def traffic_of(source):
    """Accesses of `init` and two steps, as the worker runs them."""
    meter = Meter(INPUTS)
    method = rewrite.load(MODULES | {"sparse_parity.methods.trick": source}, meter)["sparse_parity.methods.trick"]
    hp = MappingProxyType({"lr": 0.1})
    state = method["init"](INPUTS, 2, hp, random.Random(3))
    for _ in range(2):
        meter.begin_step(SAMPLE, 1.0)
        method["step"](state, meter.input_buffer(), 1.0, hp)
        meter.end_step()
    return meter.traffic()


FRAME_ALONE = FRAME.format(top="", init="    pass", body="    pass")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.place}: {v.top}{v.init}{v.body}"[:70])
def test_hidden_storage_is_refused_or_stops_or_is_counted(variant):
    source = source_of(variant)
    found = refusals_of(source)
    if variant.fate == "policy":
        assert any(variant.sign in refusal for refusal in found), found
        return
    assert found == []
    if variant.fate == "counted":
        assert traffic_of(source) - traffic_of(FRAME_ALONE) >= 2 * variant.sign
        return
    with pytest.raises((TypeError, ValueError, OverflowError, KeyError, AssertionError)) as caught:
        traffic_of(source)
    assert variant.sign in f"{caught.type.__name__}: {caught.value}"
    assert "nothing of this" not in str(caught.value)


def test_every_place_is_tried_in_at_least_three_ways():
    places = [variant.place for variant in VARIANTS]
    assert all(places.count(place) >= 3 for place in places)


def test_gotcha_a_cell_also_tells_an_int_from_a_float():
    """1 and 1.0 differ where precision ends: a cell holds its 64 bits and one more."""
    write_and_test = "w[0] = {}\n    {} = w[0] * 9007199254740993 % 2\n    "
    body = write_and_test.format(1, "a") + write_and_test.format(1.0, "b") + "assert a > b"
    source = FRAME.format(top="", init="    pass", body=f"    {body}")
    assert refusals_of(source) == []
    assert traffic_of(source) - traffic_of(FRAME_ALONE) == 2 * 4


def test_gotcha_a_fresh_part_of_a_list_tells_its_length_near_the_top_of_the_stack():
    """A slice, `+` and `*` write a fresh length and do not read the old one: two accesses near by instead of a far one.

    It costs traffic, which no win forgives.
    """

    def spent(body):
        return traffic_of(FRAME.format(top="", init="    pass", body=f"    {body}")) - traffic_of(FRAME_ALONE)

    assert spent("v = 1 if flags else 0") == 2 * 1
    assert spent("v = 1 if flags[:1] else 0") == 2 * 2
    assert spent("v = 1 if flags * 1 else 0") == 2 * 2
