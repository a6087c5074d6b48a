"""What every champion must keep to, whatever its method: the gate runs this folder against each candidate.

It demands no accuracy: what a method learns is the benchmark's question.
"""

import ast
import copy
import math
import random
from pathlib import Path

import pytest

import sparse_parity
from sparse_parity.data import generate
from sparse_parity.protocol import list_methods, load_method, read_champion
from sparse_parity.tracker import MemTracker

N_BITS, K_SPARSE, N_SAMPLES = 6, 2, 24


@pytest.fixture
def champion():
    return read_champion()


@pytest.fixture
def method(champion):
    return load_method(champion.method)


@pytest.fixture
def samples():
    xs, ys, _ = generate(N_BITS, K_SPARSE, N_SAMPLES, seed=7)
    return list(zip(xs, ys, strict=True))


def fresh_state(method, champion, seed=1):
    return method.init(N_BITS, K_SPARSE, champion.hp, random.Random(seed))


def bits(value):
    """The value with every float as hex, so that equal means bit for bit, -0.0 and NaN included."""
    if isinstance(value, dict):
        return {name: bits(part) for name, part in value.items()}
    if isinstance(value, list):
        return [bits(part) for part in value]
    return value.hex() if isinstance(value, float) else value


def trained_bits(method, champion, samples, **options):
    state = fresh_state(method, champion)
    for x, y in samples:
        method.step(state, x, y, champion.hp, **options)
    return bits(state)


def is_number(value):
    return type(value) in {int, float, bool}


def is_container(value):
    """A list of numbers, or a list of rows, which hold numbers; not both."""
    if not isinstance(value, list):
        return False
    return all(is_number(item) for item in value) or all(is_container(item) for item in value)


def is_record(value):
    """Fields with names; each holds a number, a list, or a record of its own."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and (is_number(part) or is_container(part) or is_record(part))
        for name, part in value.items()
    )


def lists_in(value):
    if isinstance(value, dict):
        return [found for part in value.values() for found in lists_in(part)]
    if isinstance(value, list):
        return [value, *(found for part in value for found in lists_in(part))]
    return []


def test_champion_file_holds_two_literals_and_a_docstring():
    path = Path(sparse_parity.__file__).with_name("champion.py")
    kinds = [type(node) for node in ast.parse(path.read_text(encoding="utf-8")).body]
    assert kinds == [ast.Expr, ast.Assign, ast.Assign]


def test_champion_names_a_method_with_the_three_functions(champion):
    assert champion.method in list_methods()
    method = load_method(champion.method)
    assert all(callable(getattr(method, name)) for name in ("init", "step", "predict"))


def test_hyperparameters_are_finite_numbers(champion):
    assert champion.hp
    assert all(math.isfinite(value) for value in champion.hp.values())


def test_state_is_a_record_of_numbers_and_lists(method, champion, samples):
    state = fresh_state(method, champion)
    for x, y in samples:
        method.step(state, x, y, champion.hp)
        assert is_record(state)


def test_no_list_of_the_state_is_held_twice(method, champion, samples):
    state = fresh_state(method, champion)
    for x, y in samples:
        method.step(state, x, y, champion.hp)
    found = lists_in(state)
    assert len({id(item) for item in found}) == len(found)


def test_step_returns_nothing(method, champion, samples):
    x, y = samples[0]
    assert method.step(fresh_state(method, champion), x, y, champion.hp) is None


def test_predict_returns_one_finite_float(method, champion, samples):
    state = fresh_state(method, champion)
    for x, y in samples:
        out = method.predict(state, x, champion.hp)
        assert type(out) is float
        assert math.isfinite(out)
        method.step(state, x, y, champion.hp)


def test_predict_changes_no_state_and_answers_the_same_again(method, champion, samples):
    state = fresh_state(method, champion)
    for x, y in samples:
        method.step(state, x, y, champion.hp)
    before = bits(state)
    first = [method.predict(state, x, champion.hp).hex() for x, _ in samples]
    second = [method.predict(state, x, champion.hp).hex() for x, _ in samples]
    assert first == second
    assert bits(state) == before


def test_predicting_between_steps_changes_no_learning(method, champion, samples):
    state = fresh_state(method, champion)
    for x, y in samples:
        method.predict(state, x, champion.hp)
        method.step(state, x, y, champion.hp)
    assert bits(state) == trained_bits(method, champion, samples)


def test_same_seed_gives_the_same_bits(method, champion, samples):
    assert trained_bits(method, champion, samples) == trained_bits(method, champion, samples)


def test_randomness_comes_from_the_given_generator_alone(method, champion, samples):
    random.seed(1)
    first = trained_bits(method, champion, samples)
    random.seed(2)
    assert trained_bits(method, champion, samples) == first


def test_two_states_do_not_touch_each_other(method, champion, samples):
    state, bystander = fresh_state(method, champion), fresh_state(method, champion)
    before = bits(bystander)
    for x, y in samples:
        method.step(state, x, y, champion.hp)
    assert bits(bystander) == before


def test_tracking_changes_no_learning(method, champion, samples):
    tracked = trained_bits(method, champion, samples, tracker=MemTracker())
    assert tracked == trained_bits(method, champion, samples)


def test_sample_is_copied_and_not_kept(method, champion, samples):
    state, buffer = fresh_state(method, champion), [0.0] * N_BITS
    for x, y in samples:
        buffer[:] = x
        method.step(state, buffer, y, champion.hp)
        buffer[:] = [99.0] * N_BITS
    assert bits(state) == trained_bits(method, champion, samples)


def test_sample_and_hyperparameters_are_left_as_they_were(method, champion, samples):
    hp, kept = dict(champion.hp), copy.deepcopy(samples)
    state = method.init(N_BITS, K_SPARSE, hp, random.Random(1))
    for x, y in samples:
        method.step(state, x, y, hp)
        method.predict(state, x, hp)
    assert hp == champion.hp
    assert samples == kept


def test_other_sizes_work_too(method, champion):
    for n_bits, k_sparse in ((3, 3), (20, 3)):
        xs, ys, _ = generate(n_bits, k_sparse, 3, seed=3)
        state = method.init(n_bits, k_sparse, champion.hp, random.Random(1))
        for x, y in zip(xs, ys, strict=True):
            method.step(state, x, y, champion.hp)
            assert math.isfinite(method.predict(state, x, champion.hp))
