"""The data: labels are the parity of the secret bits, and draws repeat."""

import pytest

from sparse_parity.config import EXP_A, THREE_BIT
from sparse_parity.data import draw_instance, generate
from sparse_parity.pipeline import check_data


@pytest.mark.parametrize(("n_bits", "k_sparse", "seed"), [(3, 3, 42), (20, 3, 42), (11, 1, 5), (9, 8, 6)])
def test_label_counts_the_minus_ones_among_the_secret_bits(n_bits, k_sparse, seed):
    xs, ys, secret = generate(n_bits, k_sparse, 100, seed)
    for x, y in zip(xs, ys, strict=True):
        odd = [x[i] for i in secret].count(-1.0) % 2 == 1
        assert y == (-1.0 if odd else 1.0)


def test_inputs_are_plus_or_minus_one_and_of_the_asked_shape():
    xs, ys, secret = generate(20, 3, 50, seed=1)
    assert len(xs) == len(ys) == 50
    assert all(len(x) == 20 and set(x) <= {-1.0, 1.0} for x in xs)
    assert len(set(secret)) == 3
    assert secret == sorted(secret)


def test_same_seed_draws_the_same_and_another_seed_does_not():
    assert generate(20, 3, 20, seed=1) == generate(20, 3, 20, seed=1)
    assert generate(20, 3, 20, seed=1) != generate(20, 3, 20, seed=2)


def test_training_samples_come_before_the_test_samples_of_one_stream():
    instance = draw_instance(EXP_A)
    xs, ys, secret = generate(20, 3, 700, seed=42)
    assert instance.secret == secret
    assert instance.train.xs + instance.test.xs == xs
    assert instance.train.ys + instance.test.ys == ys
    assert len(instance.train.xs) == 500


@pytest.mark.parametrize(("n_bits", "k_sparse", "n_samples"), [(3, 4, 1), (3, 0, 1), (3, 2, -1)])
def test_impossible_task_is_refused(n_bits, k_sparse, n_samples):
    with pytest.raises(ValueError, match="must"):
        generate(n_bits, k_sparse, n_samples, seed=1)


def test_data_phase_checks_every_label():
    assert check_data(THREE_BIT).agreeing == 40
    assert check_data(EXP_A).agreeing == 700
