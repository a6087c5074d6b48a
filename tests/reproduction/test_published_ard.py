"""The published reuse distances, to the integer: every size, every buffer, every read.

The numbers were re-measured by running the original public code; a comment names the claims that state each.
`fused` also stands for `perlayer` as this package records it, fully.
"""

import random
from dataclasses import dataclass

import pytest

from sparse_parity.config import EXP_A, EXP_C, PRESETS, RUN_0303, THREE_BIT, Config
from sparse_parity.data import draw_instance
from sparse_parity.metrics import track_step
from sparse_parity.protocol import load_method
from sparse_parity.published import PERLAYER_AS_PUBLISHED, replay_perlayer
from sparse_parity.tracker import Summary


@dataclass(frozen=True)
class Pin:
    """What one step must come to. `distances`: per buffer, of its reads in order; `ard`: as published."""

    config: Config
    method: str
    weighted_sum: int
    floats_read: int
    total_floats: int
    reads: int
    writes: int
    ard: int
    distances: str


# fmt: off
PINS = (
    Pin(  # R3-standard, S1-W1, S1-b1, S1-dW2, S1-db2, S1-19013
        THREE_BIT, "standard", 202291102, 19013, 34022, 24, 18, ard=10640,
        distances="W1:5008,22019 W2:9008,12015,28019 b1:5008,26019 b2:9008,29020 dW2:16005 db2:18005 dh:1000 "
                  "dh_pre:1000,8003 dout:1,3003 h:1000,3006 h_pre:1000,10008 out:1 x:4,17015 y:9007",
    ),
    Pin(  # R3-fused
        THREE_BIT, "fused", 194286105, 19013, 34022, 24, 18, ard=10219,
        distances="W1:5008,25022 W2:9008,12015,15016 b1:5008,29022 b2:9008,16017 dW2:3002 db2:5002 dh:4003 "
                  "dh_pre:1000,8003 dout:1,3003 h:1000,3006 h_pre:1000,13011 out:1 x:4,20018 y:9007",
    ),
    Pin(  # R3-perlayer, R3-9.1
        THREE_BIT, "published per-layer", 145190063, 15008, 27015, 15, 13, ard=9674,
        distances="W1:5008,19015 W2:9008,11010,12010 b1:5008,22015 b2:9008,13010 h:1000,3002 h_pre:1000,9004 "
                  "x:4,14011",
    ),
    Pin(  # A-standard, A-11042, A-W2
        EXP_A, "standard", 477219564, 26547, 51073, 24, 18, ard=17976,
        distances="W1:11042,28070 W2:13042,14549,39570 b1:11042,38570 b2:13042,40071 dW2:25022 db2:26022 "
                  "dh:500 dh_pre:500,21020 dout:1,1503 h:500,1506 h_pre:500,5008 out:1 x:21,17049 y:13024",
    ),
    Pin(  # A-fused
        EXP_A, "fused", 470967084, 26547, 51073, 24, 18, ard=17741,
        distances="W1:11042,29573 W2:13042,14549,16050 b1:11042,40073 b2:13042,16551 dW2:1502 db2:2502 "
                  "dh:2003 dh_pre:500,21020 dout:1,1503 h:500,1506 h_pre:500,6511 out:1 x:21,18552 y:13024",
    ),
    Pin(  # A-perlayer, A-W2
        EXP_A, "published per-layer", 424541406, 24542, 47566, 15, 13, ard=17299,
        distances="W1:11042,26566 W2:13042,14044,14544 b1:11042,36566 b2:13042,15044 h:500,1502 "
                  "h_pre:500,4504 x:21,15545",
    ),
    Pin(  # C-standard
        EXP_C, "standard", 1905437564, 53047, 102073, 24, 18, ard=35920,
        distances="W1:22042,56070 W2:26042,29049,79070 b1:22042,77070 b2:26042,80071 dW2:50022 db2:52022 "
                  "dh:1000 dh_pre:1000,42020 dout:1,3003 h:1000,3006 h_pre:1000,10008 out:1 x:21,34049 "
                  "y:26024",
    ),
    Pin(  # re-measured; no seed states it
        EXP_C, "fused", 1880432584, 53047, 102073, 24, 18, ard=35448,
        distances="W1:22042,59073 W2:26042,29049,32050 b1:22042,80073 b2:26042,33051 dW2:3002 db2:5002 "
                  "dh:4003 dh_pre:1000,42020 dout:1,3003 h:1000,3006 h_pre:1000,13011 out:1 x:21,37052 "
                  "y:26024",
    ),
    Pin(  # C-perlayer
        EXP_C, "published per-layer", 1695081406, 49042, 95066, 15, 13, ard=34564,
        distances="W1:22042,53066 W2:26042,28044,29044 b1:22042,73066 b2:26042,30044 h:1000,3002 "
                  "h_pre:1000,9004 x:21,31045",
    ),
    Pin(  # R20-standard
        RUN_0303, "standard", 7614873564, 106047, 204073, 24, 18, ard=71807,
        distances="W1:44042,112070 W2:52042,58049,158070 b1:44042,154070 b2:52042,160071 dW2:100022 "
                  "db2:104022 dh:2000 dh_pre:2000,84020 dout:1,6003 h:2000,6006 h_pre:2000,20008 out:1 "
                  "x:21,68049 y:52024",
    ),
    Pin(  # R20-fused
        RUN_0303, "fused", 7514863584, 106047, 204073, 24, 18, ard=70864,
        distances="W1:44042,118073 W2:52042,58049,64050 b1:44042,160073 b2:52042,66051 dW2:6002 db2:10002 "
                  "dh:8003 dh_pre:2000,84020 dout:1,6003 h:2000,6006 h_pre:2000,26011 out:1 x:21,74052 "
                  "y:52024",
    ),
    Pin(  # R20-perlayer
        RUN_0303, "published per-layer", 6774161406, 98042, 190066, 15, 13, ard=69094,
        distances="W1:44042,106066 W2:52042,56044,58044 b1:44042,146066 b2:52042,60044 h:2000,6002 "
                  "h_pre:2000,18004 x:21,62045",
    ),
)
# fmt: on
OWN_PINS = [pin for pin in PINS if pin.method in ("standard", "fused")]
PUBLISHED_PINS = [pin for pin in PINS if pin.method == "published per-layer"]

# Names whose every event the published per-layer list leaves out; of out and y it leaves out the reads.
UNRECORDED = {"dout", "dW2", "db2", "dh", "dh_pre"}


class Events:
    """A tracker that keeps the calls as they come."""

    def __init__(self):
        self.events = []

    def read(self, name, size):
        self.events.append(("read", name, size))

    def write(self, name, size):
        self.events.append(("write", name, size))


def label(pin):
    return f"{pin.config.name}-{pin.method.replace(' ', '_')}"


def distances(summary):
    found = sorted((buffer.name, buffer.distances) for buffer in summary.buffers if buffer.distances)
    return " ".join(f"{name}:{','.join(map(str, of_reads))}" for name, of_reads in found)


def assert_agrees(summary: Summary, pin: Pin):
    assert distances(summary) == pin.distances
    assert (summary.reads, summary.writes) == (pin.reads, pin.writes)
    assert (summary.floats_read, summary.total_floats) == (pin.floats_read, pin.total_floats)
    assert summary.weighted_sum == pin.weighted_sum
    assert summary.ard == pin.weighted_sum / pin.floats_read
    assert round(summary.ard) == pin.ard


def events_of(name, config, *, firing=True):
    """The events of one step on a fresh net, on a label that makes it fire, or on the one that does not."""
    method, x = load_method(name), draw_instance(config).train.xs[0]
    state = method.init(config.n_bits, config.k_sparse, config.hp, random.Random(1))
    state["b2"] = 50.0  # far from the margin either way
    tracker = Events()
    method.step(state, x, -1.0 if firing else 1.0, config.hp, tracker)
    return tracker.events


@pytest.mark.parametrize("pin", OWN_PINS, ids=label)
def test_method_reproduces_the_published_ard(pin):
    assert_agrees(track_step(load_method(pin.method), pin.config, pin.config.hp), pin)


@pytest.mark.parametrize("pin", [pin for pin in OWN_PINS if pin.method == "fused"], ids=label)
def test_perlayer_recorded_fully_equals_fused(pin):
    assert_agrees(track_step(load_method("perlayer"), pin.config, pin.config.hp), pin)


@pytest.mark.parametrize("pin", PUBLISHED_PINS, ids=label)
def test_published_perlayer_list_reproduces_the_published_ard(pin):
    assert_agrees(replay_perlayer(pin.config.n_bits, pin.config.hidden), pin)


@pytest.mark.parametrize("config", PRESETS, ids=lambda config: config.name)
def test_fused_and_perlayer_declare_the_same_events_in_the_same_order(config):
    assert events_of("fused", config) == events_of("perlayer", config)


def test_published_perlayer_list_is_the_fused_list_with_events_left_out():  # claim C-why
    kept = [
        f"{operation} {name}"
        for operation, name, _ in events_of("fused", EXP_A)
        if name not in UNRECORDED and (operation, name) not in {("read", "out"), ("read", "y")}
    ]
    assert ", ".join(kept) == PERLAYER_AS_PUBLISHED


@pytest.mark.parametrize("name", ["standard", "fused", "perlayer"])
def test_sample_beyond_the_margin_ends_after_the_margin_is_read(name):
    events = events_of(name, THREE_BIT, firing=False)
    assert events[-2:] == [("read", "out", 1), ("read", "y", 1)]
    assert [operation for operation, _, _ in events].count("read") == 9
    assert len(events) == 18
    assert events == events_of(name, THREE_BIT)[:18]


def improvement(config, better):
    standard = track_step(load_method("standard"), config, config.hp).ard
    return f"{(standard - better.ard) / standard:.1%}"


def test_perlayer_gain_shrinks_to_that_of_fused_when_recorded_fully():  # claims R3-9.1, A-1.3/3.8
    perlayer = load_method("perlayer")
    assert improvement(THREE_BIT, replay_perlayer(3, 1000)) == "9.1%"
    assert improvement(THREE_BIT, track_step(perlayer, THREE_BIT, THREE_BIT.hp)) == "4.0%"
    assert improvement(EXP_A, replay_perlayer(20, 500)) == "3.8%"
    assert improvement(EXP_A, track_step(perlayer, EXP_A, EXP_A.hp)) == "1.3%"


def test_sixteen_per_cent_is_the_mean_over_reads_and_not_over_floats():  # claim S1-16pct
    def per_read(name):
        summary = track_step(load_method(name), THREE_BIT, THREE_BIT.hp)
        return sum(sum(buffer.distances) for buffer in summary.buffers) / summary.reads

    assert per_read("standard") == pytest.approx(9715.916666666666)
    assert per_read("fused") == 8174.375
    assert f"{1 - per_read('fused') / per_read('standard'):.1%}" == "15.9%"


def test_w1_makes_up_three_quarters_of_the_floats_read():  # claim A-75
    summary = track_step(load_method("standard"), EXP_A, EXP_A.hp)
    assert f"{2 * 10_000 / summary.floats_read:.1%}" == "75.3%"
