"""The studies' own draws and the methods that the documents name beside backprop."""

import random

import pytest

from sparse_parity.config import Config
from sparse_parity.data import draw_instance, generate
from sparse_parity.metrics import copy_state, flatten, movement
from sparse_parity.model import init_mlp
from sparse_parity.protocol import load_method
from sparse_parity.studies.batches import FIRING_MEAN, learn_reshuffled
from sparse_parity.studies.curriculum import grow
from sparse_parity.studies.numpy_draws import NumpyDraws
from sparse_parity.studies.tiled import TiledW1
from sparse_parity.tracker import MemTracker
from sparse_parity.training import Plan, train

NEW = ("forward_forward", "grokfast", "minibatch", "sign_sgd")
HP = {"hidden": 12, "lr": 0.05, "wd": 0.01}
SMALL = Config("small", 6, 2, 12, 0.05, 0.01, n_train=70, n_test=30, max_epochs=2, stop_at=2.0)


def subjects():
    return [*(load_method(name) for name in NEW), FIRING_MEAN, TiledW1(5)]


def samples(count=70):
    xs, ys, _ = generate(6, 2, count, seed=3)
    return list(zip(xs, ys, strict=True))


def test_numpy_draws_are_those_of_its_random_state():  # printed by numpy 2.4.6
    rng = NumpyDraws(42)
    assert rng.pick(10, 3) == [1, 5, 8]
    assert rng.signs(1, 10) == [[-1.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0]]
    rng.signs(1, 10)
    printed = ["-0x1.248bf0eafe838p-1", "-0x1.d92162bdd65e8p-1", "-0x1.4e68018c5ba96p+1"]
    drawn = [rng.gauss(0.0, 1.0) for _ in range(5)]
    assert drawn[:3] == pytest.approx([float.fromhex(number) for number in printed], rel=1e-15)  # log() is the libm's
    values = list(range(10))
    rng.shuffle(values)
    assert values == [1, 5, 4, 8, 0, 7, 6, 3, 2, 9]


@pytest.mark.parametrize("method", subjects(), ids=lambda m: getattr(m, "__name__", type(m).__name__))
def test_every_step_is_recorded_without_a_read_of_what_was_never_written(method):
    state = method.init(6, 2, HP, random.Random(1))
    for x, y in samples():
        tracker = MemTracker()  # a fresh one each step: nothing may lean on an earlier step's stamp
        method.step(state, x, y, HP, tracker)
        assert tracker.summary().reads >= 9


@pytest.mark.parametrize("method", subjects(), ids=lambda m: getattr(m, "__name__", type(m).__name__))
def test_recording_changes_no_weight(method):
    states = [method.init(6, 2, HP, random.Random(1)) for _ in range(2)]
    for x, y in samples():
        method.step(states[0], x, y, HP)
        method.step(states[1], x, y, HP, MemTracker())
    assert states[0] == states[1]


def test_tiled_update_is_standard_backprop_to_the_last_bit():
    standard, tiled = load_method("standard"), TiledW1(5)
    states = [standard.init(6, 2, HP, random.Random(1)) for _ in range(2)]
    for x, y in samples():
        standard.step(states[0], x, y, HP)
        tiled.step(states[1], x, y, HP)
    assert states[0] == states[1]


def test_minibatch_learns_at_the_thirty_second_sample_and_not_before():
    method = load_method("minibatch")
    state = method.init(6, 2, HP, random.Random(1))
    start = copy_state(state)
    for number, (x, y) in enumerate(samples(32), start=1):
        method.step(state, x, y, HP)
        assert (movement(state, start) > 0.0) == (number == 32)


def test_sign_sgd_moves_every_live_weight_by_about_its_rate():
    method = load_method("sign_sgd")
    hp = HP | {"wd": 0.0}
    state = method.init(6, 2, hp, random.Random(1))
    start = copy_state(state)
    for x, y in samples(32):
        method.step(state, x, y, hp)
    pairs = zip(flatten(state["W1"]), flatten(start["W1"]), strict=True)
    moved = [abs(now - then) for now, then in pairs]
    assert all(m == pytest.approx(0.05) or m == 0.0 for m in moved)
    assert any(moved)


def test_movement_counts_the_weights_and_not_a_methods_averages():
    method = load_method("grokfast")
    state = method.init(6, 2, HP, random.Random(1))
    start = copy_state(state)
    state["ema_W1"][0][0] = 5.0
    assert movement(state, start) == 0.0


def test_a_grown_net_keeps_what_it_learned():
    state = load_method("minibatch").init(6, 2, HP, random.Random(1))
    before = copy_state(state)
    grow(state, 9, seed=1)
    assert [row[:6] for row in state["W1"]] == before["W1"]
    assert {len(row) for row in state["W1"]} == {len(row) for row in state["dW1"]} == {9}


def test_the_last_smaller_batch_of_a_pass_is_used_up():
    seen = []
    learn_reshuffled(SMALL, lambda _: None, lambda state: seen.append(state["seen"]))
    assert seen == [0, 0]


def test_a_plan_departs_in_nothing_unless_told_to():
    method = load_method("standard")
    usual = train(method, SMALL, HP)
    planned = train(method, SMALL, HP, plan=Plan(order=lambda _: range(70), instance=draw_instance(SMALL)))
    assert usual.state == planned.state
    backwards = train(method, SMALL, HP, plan=Plan(order=lambda _: range(69, -1, -1), watch=False))
    assert backwards.state != usual.state
    assert backwards.epochs[0].train is None


def test_numpy_draws_make_a_net():
    net = init_mlp(3, {"hidden": 2}, NumpyDraws(43))
    assert len(net["W1"]) == 2
