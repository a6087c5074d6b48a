"""Experiment 4: GrokFast beside plain SGD, and hidden progress: the weights move long before accuracy does."""

from dataclasses import replace

from sparse_parity.config import EXP_C
from sparse_parity.protocol import State, load_method
from sparse_parity.studies.batches import Say, learn_reshuffled, tell_epochs
from sparse_parity.studies.sweeps import EXP_1
from sparse_parity.training import Plan, Training, train

CONFIG = replace(EXP_C, name="20bit_h1000", stop_at=1.0)


def learn_filtered(method: str, epochs: int, say: Say) -> Training:
    """Train with or without the filter, at most so many epochs."""
    config = replace(CONFIG, max_epochs=epochs)
    return train(load_method(method), config, config.hp, tell_epochs(say, method), Plan(watch=False))


def compare_filter(epochs: int, say: Say) -> tuple[float, ...]:
    """Of GrokFast: best accuracy, first epoch at 90 %, weight movement; of plain SGD the same, and epochs to 100 %.

    Then the epochs until GrokFast's weights stand still.
    """
    fast, plain = learn_filtered("grokfast", epochs, say), learn_filtered("standard", epochs, say)
    found: list[float] = []
    for run in (fast, plain):
        found += [run.best, run.first_at(0.9) or 0, run.epochs[-1].movement]
    return (*found, plain.first_at(1.0) or 0, count_moving(fast))


def count_moving(training: Training) -> int:
    """The last epoch that moved a weight; as far as ||w_t - w_0||_1 tells."""
    ways = [0.0, *(epoch.movement for epoch in training.epochs)]
    return max((i for i in range(1, len(ways)) if ways[i] != ways[i - 1]), default=0)


def share_of_secret(state: State, secret: list[int]) -> float:
    """Mean |W1| on the secret inputs, over that on the others: 1 for a net that knows nothing."""
    n_bits = len(state["W1"][0])
    columns: list[float] = [sum(abs(row[i]) for row in state["W1"]) for i in range(n_bits)]
    inside = [columns[i] for i in secret]
    outside = [columns[i] for i in range(n_bits) if i not in secret]
    return (sum(inside) / len(inside)) / (sum(outside) / len(outside))


def watch_progress(say: Say) -> tuple[float, ...]:
    """Experiment 1 epoch by epoch, three numbers each: test accuracy, weight movement, `share_of_secret`."""
    shares: list[float] = []
    secret = [0, 3, 8]

    def watch(state: State) -> None:
        shares.append(share_of_secret(state, secret))

    training = learn_reshuffled(EXP_1, say, watch)
    assert training.instance.secret == secret
    pairs = zip(training.epochs, shares, strict=True)
    return tuple(number for e, share in pairs for number in (e.test.accuracy, e.movement, share))
