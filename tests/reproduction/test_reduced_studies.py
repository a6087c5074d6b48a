"""The studies behind the claims of minutes, at sizes of a moment: their draws, their stages and their settings.

The claims themselves are run by `pytest -m slow` and by `reproduce`. Here a reference of a few lines stands beside each
way to train, or, where only the study itself can tell, its own numbers at the small size are pinned.
"""

import math
import random
from dataclasses import replace

import pytest

from sparse_parity.config import EXP_A, EXP_C, RUN_0303, Config
from sparse_parity.data import draw_instance
from sparse_parity.methods import minibatch, sign_sgd
from sparse_parity.metrics import Score, copy_state, movement
from sparse_parity.protocol import load_method
from sparse_parity.studies import curriculum, forward_forward, frontier, grokfast, sweeps, tiled
from sparse_parity.studies.batches import FIRING_MEAN, draw_numpy, learn, learn_reshuffled, silent
from sparse_parity.studies.curriculum import Phase, grow, run_curriculum, stages
from sparse_parity.studies.numpy_draws import NumpyDraws
from sparse_parity.training import Epoch, Training, train

SMALL = Config("small", 6, 2, 12, 0.05, 0.01, n_train=70, n_test=30, max_epochs=3, stop_at=2.0)


@pytest.mark.parametrize("method", [minibatch, sign_sgd])
def test_a_numpy_run_draws_problem_net_and_shuffles_from_two_streams(method):
    draws, shuffles = NumpyDraws(42), NumpyDraws(43)
    secret = draws.pick(6, 2)
    samples = draws.samples(6, secret, 70)
    tests = draws.samples(6, secret, 30)
    state = method.init(6, 2, SMALL.hp, shuffles)
    for _ in range(3):
        order = list(range(70))
        shuffles.shuffle(order)
        for i in order:
            method.step(state, samples.xs[i], samples.ys[i], SMALL.hp)
        method.finish_batch(state, SMALL.hp)
    name = method.__name__.rpartition(".")[2]
    found = learn(SMALL, name, draw_numpy(SMALL), silent)
    assert found.state == state
    assert (found.instance.secret, found.instance.test) == (secret, tests)


def test_experiments_1_and_d_shuffle_each_pass_by_its_number():
    train = draw_instance(SMALL).train
    state = minibatch.init(6, 2, SMALL.hp, random.Random(43))
    for number in (1, 2, 3):
        order = list(range(70))
        random.Random(42 + number).shuffle(order)
        for i in order:
            FIRING_MEAN.step(state, train.xs[i], train.ys[i], SMALL.hp)
        FIRING_MEAN.finish_batch(state, SMALL.hp)
    assert learn_reshuffled(SMALL, silent).state == state


def test_scaling_doubles_the_bits_into_hidden_units():
    assert sweeps.scale(8, 3, silent) == (1.0, 22)
    found = learn_reshuffled(Config("8", 8, 3, 16, 0.1, 0.01, 500, 200, 200, stop_at=0.99), silent)
    assert (found.best, found.first_at(0.9)) == (1.0, 22)


def test_repairing_changes_the_rate_and_the_samples_that_it_is_told():
    wanted = {(0.1, 200): 0.535, (0.5, 200): 0.555, (0.1, 500): 0.595}
    assert {key: sweeps.repair(*key, 20, 5, silent)[0] for key in wanted} == wanted


def test_a_curriculum_grows_the_net_and_counts_the_epochs_of_every_stage():
    every = stages([4, 6], [[0, 1, 2]] * 2)
    state = curriculum.init_numpy(every[0].config, NumpyDraws(43))
    found = [curriculum.run_phase(every[0], state, silent)]
    grow(state, 6, seed=242)
    found.append(curriculum.run_phase(every[1], state, silent))
    assert min(found) >= 1
    assert run_curriculum(every, silent) == sum(found)


def test_both_curricula_count_every_stage_and_stand_beside_the_last_alone():
    assert curriculum.grow_bits([4, 5, 6], silent) == (12, 8)  # 6, 7 and 8 by way of one, two and three stages
    assert curriculum.grow_parity(4, (1, 2, 3), silent) == (6, 8)  # 1, 2 and 8


def test_stages_have_the_published_seeds():
    secret = [1, 5, 8]
    assert stages([10, 30, 50], [secret] * 3) == [
        Phase(10, (1, 5, 8), 42), Phase(30, (1, 5, 8), 2042), Phase(50, (1, 5, 8), 3042)
    ]  # fmt: skip


def test_a_grown_net_draws_its_new_weights_a_tenth_as_wide():
    state = minibatch.init(4, 2, SMALL.hp, random.Random(1))
    before, rng = copy_state(state), NumpyDraws(7)
    grow(state, 9, seed=7)
    spread = 0.1 * math.sqrt(2.0 / 9)
    assert state["W1"] == [row + [spread * rng.gauss(0.0, 1.0) for _ in range(5)] for row in before["W1"]]


def test_share_of_secret_is_the_secret_inputs_over_the_others():
    state = {"W1": [[1.0, -4.0, 1.0, 2.0], [-1.0, 2.0, 1.0, -4.0]]}
    assert grokfast.share_of_secret(state, [1, 3]) == 3.0
    assert grokfast.share_of_secret(state, [0, 2]) == pytest.approx(1 / 3)


def test_the_filter_stands_beside_plain_sgd():
    best, _, movement_of_fast, best_of_plain, _, movement_of_plain, _, moving = grokfast.compare_filter(1, silent)
    assert (best, best_of_plain) == (0.515, 0.515)
    assert (movement_of_fast, movement_of_plain) == pytest.approx((13020.756134401181, 3927.031742018472))
    assert moving == 1


def test_weights_stand_still_after_the_last_epoch_that_moved_one():
    def run(*ways):
        epochs = tuple(Epoch(i, None, Score(0.0, 0.5), 0, way, 0.0) for i, way in enumerate(ways, start=1))
        return grokfast.count_moving(Training(epochs, draw_instance(SMALL), {}))

    assert [run(0.0, 0.0), run(1.0, 1.0), run(0.0, 2.0, 2.0, 1.0, 1.0), run(3.0, 4.0)] == [0, 1, 4, 2]


def test_backprop_beside_forward_forward_learns_as_experiment_a_does():
    config = replace(EXP_A, n_train=20, max_epochs=2, stop_at=1.0)
    found = train(load_method("standard"), config, config.hp)
    assert forward_forward.backprop_same_samples(20, 2, silent) == (found.epochs[-1].test.accuracy,)


def test_best_is_the_highest_first_at_includes_and_solved_lies_above():
    accuracies = (0.5, 0.9, 0.95, 0.8)
    epochs = tuple(Epoch(i, None, Score(0.0, a), 0, 0.0, 0.0) for i, a in enumerate(accuracies, start=1))
    training = Training(epochs, draw_instance(SMALL), {})
    assert (training.best, training.first_at(0.9), training.solved_at) == (0.95, 2, 3)
    assert (training.first_at(0.95), training.first_at(0.96)) == (3, None)


def test_movement_counts_all_four_parameters_of_a_net():
    state = minibatch.init(4, 2, SMALL.hp, random.Random(1))
    start = copy_state(state)
    state["W1"][1][2] += 1.0
    state["b1"][0] -= 2.0
    state["W2"][3] += 4.0
    state["b2"] -= 8.0
    assert movement(state, start) == pytest.approx(15.0)


def test_settings_are_those_of_the_documents():
    numbers = ("n_bits", "k_sparse", "hidden", "lr", "wd", "n_train", "n_test", "max_epochs", "stop_at", "seed")

    def settings(config):
        return tuple(getattr(config, name) for name in numbers)

    assert settings(EXP_C) == (20, 3, 1000, 0.1, 0.01, 500, 200, 200, 0.99, 42)
    assert settings(RUN_0303) == (20, 3, 2000, 0.5, 0.01, 200, 200, 50, 0.95, 42)
    assert settings(sweeps.WD_SWEEP) == (20, 3, 200, 0.1, 0.01, 1000, 200, 200, 1.0, 42)
    assert settings(sweeps.SIGN) == (20, 5, 500, 0.1, 0.01, 5000, 500, 500, 0.9, 42)
    assert settings(sweeps.EXP_1) == (20, 3, 1000, 0.1, 0.01, 500, 200, 200, 0.99, 42)
    assert settings(grokfast.CONFIG) == (20, 3, 1000, 0.1, 0.01, 500, 200, 200, 1.0, 42)
    assert settings(forward_forward.ff_20(2000, 1)) == (20, 3, 500, 0.01, 0.0, 2000, 200, 1, 1.0, 42)
    assert settings(Phase(50, (1, 5, 8), 3042).config) == (50, 3, 200, 0.1, 0.01, 1000, 200, 500, 0.95, 3042)
    assert (sweeps.SIGN_LR, minibatch.BATCH) == (0.01, 32)
    assert (tiled.TILES, tiled.SEEDS) == ((50, 100, 250, 500), (42, 43, 44))
    assert (range(42, 52), 20) == (frontier.SEEDS, frontier.EPOCHS)
