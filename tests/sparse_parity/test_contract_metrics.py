"""Metrics, the training loop and the champion file, on methods small enough to count by hand."""
# ruff: noqa: ARG002 - the protocol has parameters that these methods do not need

import pytest

from sparse_parity.config import Config
from sparse_parity.data import Samples, draw_instance
from sparse_parity.metrics import copy_state, evaluate, movement, track_step
from sparse_parity.protocol import ParityError, load_method, read_champion
from sparse_parity.training import train

TINY = Config("tiny", 4, 2, 2, 0.1, 0.0, n_train=10, n_test=6, max_epochs=3, stop_at=1.1, seed=3)


class Counting:
    """Counts the samples with label +1; always answers +0.5."""

    def init(self, n_bits, k_sparse, hp, rng):
        return {"seen": 0.0, "rows": [[0.0] * n_bits]}

    def step(self, state, x, y, hp, tracker=None):
        if y > 0.0:
            state["seen"] += 1.0
            if tracker is not None:
                tracker.write("x", len(x))
                tracker.read("x", len(x))

    def predict(self, state, x, hp):
        return 0.5


def test_loss_is_the_mean_hinge_and_an_output_of_zero_says_plus():
    samples = Samples([[1.0], [1.0]], [1.0, -1.0])
    score = evaluate(Counting(), {}, {}, samples)
    assert (score.loss, score.accuracy) == ((0.5 + 1.5) / 2, 0.5)

    class Zero(Counting):
        def predict(self, state, x, hp):
            return 0.0

    assert evaluate(Zero(), {}, {}, Samples([[1.0]], [1.0])).accuracy == 1.0


def test_training_counts_the_steps_that_changed_the_state():
    training = train(Counting(), TINY, TINY.hp)
    positive = draw_instance(TINY).train.ys.count(1.0)
    assert 0 < positive < 10
    assert [epoch.fired for epoch in training.epochs] == [positive] * 3
    assert [epoch.movement for epoch in training.epochs] == [positive, 2.0 * positive, 3.0 * positive]


def test_training_stops_at_the_target_and_says_when_it_was_solved():
    class Knowing(Counting):
        def predict(self, state, x, hp):
            secret = draw_instance(TINY).secret
            return x[secret[0]] * x[secret[1]]

    config = Config("tiny", 4, 2, 2, 0.1, 0.0, n_train=10, n_test=6, max_epochs=3, stop_at=1.0, seed=3)
    training = train(Knowing(), config, config.hp)
    assert len(training.epochs) == training.solved_at == 1
    assert train(Counting(), TINY, TINY.hp).solved_at is None


def test_copied_state_shares_no_list():
    state = {"W": [[1.0], [2.0]], "b": 3.0}
    copied = copy_state(state)
    state["W"][0][0] = 9.0
    assert copied == {"W": [[1.0], [2.0]], "b": 3.0}


def test_movement_sums_absolute_changes_of_parts_that_kept_their_size():
    start = {"W": [[1.0, 2.0], [3.0, 4.0]], "b": 1.0, "grown": [1.0]}
    state = {"W": [[0.0, 2.0], [3.0, 6.0]], "b": -1.0, "grown": [1.0, 50.0], "new": 7.0}
    assert movement(state, start) == 1.0 + 2.0 + 2.0


def test_tracked_step_is_the_first_that_changes_the_state():
    summary = track_step(Counting(), TINY, TINY.hp)
    assert (summary.reads, summary.writes, summary.ard) == (1, 1, 4.0)


def test_unknown_method_is_named_with_the_known_ones():
    with pytest.raises(ParityError, match=r"method '\.\./evil'.*choose from"):
        load_method("../evil")


@pytest.mark.parametrize(
    "text",
    [
        "METHOD = 3\nHYPERPARAMETERS = {}\n",
        'METHOD = "standard"\n',
        'METHOD = "standard"\nHYPERPARAMETERS = {"lr": "0.1"}\n',
        'METHOD = "standard"\nHYPERPARAMETERS = {"lr": True}\n',
        'METHOD = "standard"\nHYPERPARAMETERS = {1: 2}\n',
        'METHOD = "standard"\nHYPERPARAMETERS = {"lr": 1 / 3}\n',
        'METHOD = "standard"\nHYPERPARAMETERS = {"lr": 0.1}\nEXTRA = 1\n',
        'METHOD = "standard\n',
    ],
)
def test_malformed_champion_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "champion.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParityError, match=r"^champion\.py: [^\n]+$"):
        read_champion(path)


def test_champion_file_is_read_and_never_run(tmp_path):
    path = tmp_path / "champion.py"
    text = '"A docstring."\nMETHOD = "standard"\nHYPERPARAMETERS = {"lr": -0.1}\n'
    path.write_text(text, encoding="utf-8")
    assert read_champion(path).hp == {"lr": -0.1}
    path.write_text("raise SystemExit\n", encoding="utf-8")
    with pytest.raises(ParityError, match="line 1"):
        read_champion(path)
