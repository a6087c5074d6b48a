"""What each method does to the weights, against the definition: gradients by finite differences of the loss.

Nothing of the methods' own arithmetic is used here but the net's output, so a lost term, a wrong mean, a sign, or a
weight decay in the wrong place shows. The nets are tiny: six units on five bits.
"""

import random

import pytest

from sparse_parity.data import generate
from sparse_parity.methods import forward_forward, grokfast, minibatch
from sparse_parity.metrics import PARAMETERS, copy_state, flatten
from sparse_parity.protocol import load_method
from sparse_parity.studies.batches import FIRING_MEAN
from sparse_parity.studies.tiled import TiledW1

N_BITS = 5
HP = {"hidden": 6, "lr": 0.05, "wd": 0.02}
SINGLE = {name: load_method(name) for name in ("standard", "fused", "perlayer")} | {"tiled": TiledW1(4)}
EPSILON = 1e-6


def samples(count, seed=3):
    xs, ys, _ = generate(N_BITS, 2, count, seed)
    return list(zip(xs, ys, strict=True))


def fresh(method, seed=1):
    """A net whose every parameter is off zero, so that a decay which is left out shows."""
    rng = random.Random(seed)
    state = method.init(N_BITS, 2, HP, rng)
    state["b1"][:] = [rng.gauss(0.0, 0.3) for _ in state["b1"]]
    state["b2"] = 0.2
    return state


def weights(state):
    return {name: flatten(state[name]) for name in PARAMETERS}


def output(values, x):
    """The net, written once more: `values` are lists by name."""
    total = values["b2"][0]
    for j, (w, b) in enumerate(zip(values["W2"], values["b1"], strict=True)):
        row = values["W1"][j * N_BITS : (j + 1) * N_BITS]
        total += w * max(0.0, b + sum(p * v for p, v in zip(row, x, strict=True)))
    return total


def loss(values, batch):
    return sum(max(0.0, 1.0 - output(values, x) * y) for x, y in batch)


def gradient(values, batch):
    """Of the summed hinge loss, by central differences, parameter by parameter."""
    found = {}
    for name, numbers in values.items():
        found[name] = []
        for i, kept in enumerate(numbers):
            ends = []
            for shift in (EPSILON, -EPSILON):
                numbers[i] = kept + shift
                ends.append(loss(values, batch))
            numbers[i] = kept
            found[name].append((ends[0] - ends[1]) / (2 * EPSILON))
    return found


def descended(values, gradients, wd=HP["wd"]):
    return {
        name: [p - HP["lr"] * (g + wd * p) for p, g in zip(numbers, gradients[name], strict=True)]
        for name, numbers in values.items()
    }


def assert_close(state, expected):
    for name, numbers in weights(state).items():
        assert numbers == pytest.approx(expected[name], abs=1e-7), name


def firing(values, batch):
    return [(x, y) for x, y in batch if output(values, x) * y < 1.0]


@pytest.mark.parametrize("name", SINGLE)
def test_a_step_is_one_of_sgd_with_weight_decay_on_the_hinge_loss(name):
    method, fired = SINGLE[name], 0
    state = fresh(method)
    for x, y in samples(30):
        before = weights(state)
        expected = descended(before, gradient(before, [(x, y)])) if firing(before, [(x, y)]) else before
        fired += expected != before
        method.step(state, x, y, HP)
        assert_close(state, expected)
    assert 10 < fired < 30


@pytest.mark.parametrize("name", [*SINGLE, "grokfast", "minibatch", "sign_sgd"])
def test_a_margin_of_exactly_one_changes_no_weight(name):
    method = SINGLE[name] if name in SINGLE else load_method(name)
    state = fresh(method)
    state["W2"][:] = [0.0] * len(state["W2"])
    state["b2"] = 1.0
    before = copy_state(state)
    for _ in range(32):
        method.step(state, [1.0] * N_BITS, 1.0, HP)
    assert state == before


@pytest.mark.parametrize("name", ["minibatch", "firing mean"])
def test_a_batch_descends_the_mean_over_its_samples_or_over_those_that_fire(name):
    method = FIRING_MEAN if name == "firing mean" else minibatch
    state = fresh(method)
    for seed in (3, 4):  # twice: the sums must begin anew
        batch, before = samples(32, seed), weights(state)
        count = len(firing(before, batch)) if method is FIRING_MEAN else 32
        assert 0 < len(firing(before, batch)) < 32
        sums = gradient(before, batch)
        expected = descended(before, {part: [g / count for g in numbers] for part, numbers in sums.items()})
        for x, y in batch:
            method.step(state, x, y, HP)
        assert_close(state, expected)


def test_a_smaller_last_batch_is_divided_by_its_own_samples():
    state = fresh(minibatch)
    batch, before = samples(7), weights(state)
    for x, y in batch:
        minibatch.step(state, x, y, HP)
    minibatch.finish_batch(state, HP)
    sums = gradient(before, batch)
    assert_close(state, descended(before, {part: [g / 7 for g in numbers] for part, numbers in sums.items()}))


def test_sign_sgd_takes_the_signs_of_the_summed_gradient_and_decays_outside_of_them():
    method = load_method("sign_sgd")
    state = fresh(method)
    state["b1"][0] = -50.0  # a dead unit, whose gradients are 0
    batch, before = samples(32), weights(state)
    gradients = gradient(before, batch)
    for x, y in batch:
        method.step(state, x, y, HP)
    taken = set()
    for part, numbers in weights(state).items():
        for now, then, g in zip(numbers, before[part], gradients[part], strict=True):
            sign = (then - now) / HP["lr"] - HP["wd"] * then
            taken.add(round(sign))
            assert sign == pytest.approx(round(sign), abs=1e-9)
            if abs(g) > 1e-4:  # else the sum's last bit decides, or nothing moved it
                assert sign == pytest.approx(g / abs(g))
    assert taken == {-1, 0, 1}


def test_grokfast_adds_twice_the_slow_average_of_every_gradient():
    state, slow, fired = fresh(grokfast), None, 0
    for x, y in samples(30):
        before = weights(state)
        if firing(before, [(x, y)]):
            fired += 1
            gradients = gradient(before, [(x, y)])
            slow = slow or {part: [0.0] * len(numbers) for part, numbers in gradients.items()}
            for part, numbers in gradients.items():
                slow[part] = [0.98 * s + 0.02 * g for s, g in zip(slow[part], numbers, strict=True)]
                gradients[part] = [g + 2.0 * s for g, s in zip(numbers, slow[part], strict=True)]
            before = descended(before, gradients)
        grokfast.step(state, x, y, HP)
        assert_close(state, before)
    assert fired > 10


def ascended(weights_of, biases, inputs, direction):
    """A layer after its goodness, the sum of its squared activations, climbed or sank if it lies short of 2."""

    def goodness():
        units = zip(weights_of, biases, strict=True)
        return sum(max(0.0, b + sum(w * v for w, v in zip(row, inputs, strict=True))) ** 2 for row, b in units)

    def slope(numbers, i):
        kept, ends = numbers[i], []
        for shift in (EPSILON, -EPSILON):
            numbers[i] = kept + shift
            ends.append(goodness())
        numbers[i] = kept
        return (ends[0] - ends[1]) / (2 * EPSILON)

    rate = direction * HP["lr"] if direction * (goodness() - 2.0) < 0.0 else 0.0
    rows = [[w + rate * slope(row, i) for i, w in enumerate(row)] for row in weights_of]
    return rows, [b + rate * slope(biases, j) for j, b in enumerate(biases)], rate != 0.0


def test_forward_forward_climbs_or_sinks_each_layers_goodness_to_two_with_the_right_label_first():
    state, moved = forward_forward.init(N_BITS, 2, HP, random.Random(1)), set()
    for x, y in samples(40):
        net = copy_state(state)
        for label, direction in ((y, 1.0), (-y, -1.0)):
            inputs = [label, *x]
            units = zip(net["W1"], net["b1"], strict=True)
            h1 = [max(0.0, b + sum(w * v for w, v in zip(row, inputs, strict=True))) for row, b in units]
            length = sum(a * a for a in h1) ** 0.5
            unit = [a / length for a in h1]
            net["W1"], net["b1"], first = ascended(net["W1"], net["b1"], inputs, direction)
            net["W2"], net["b2"], second = ascended(net["W2"], net["b2"], unit, direction)
            moved |= {(direction, 1, first), (direction, 2, second)}
        forward_forward.step(state, x, y, HP)
        assert flatten(state) == pytest.approx(flatten(net), abs=1e-6)
        state = net  # so that differences do not add up
    assert len(moved) == 8, "each layer has moved, and not moved, in both directions"


def test_forward_forward_answers_the_label_of_the_higher_goodness_of_both_layers():
    state = forward_forward.init(N_BITS, 2, HP, random.Random(1))
    for x, _ in samples(10):
        sums = []
        for label in (1.0, -1.0):
            h1 = forward_forward.layer(state["W1"], state["b1"], [label, *x])
            length = sum(a * a for a in h1) ** 0.5
            h2 = forward_forward.layer(state["W2"], state["b2"], [a / length for a in h1])
            sums.append(sum(a * a for a in [*h1, *h2]))
        assert forward_forward.predict(state, x, HP) == pytest.approx(sums[0] - sums[1], abs=1e-6)
