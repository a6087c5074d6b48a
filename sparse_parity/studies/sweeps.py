"""Sweeps over sizes and hyperparameters: weight decay, scaling, sign SGD, and what the 54 % failure needed."""

import random
from dataclasses import replace

from sparse_parity.config import EXP_A, RUN_0303, Config
from sparse_parity.protocol import load_method
from sparse_parity.studies.batches import Say, draw_numpy, learn, learn_reshuffled, tell_epochs, with_seed
from sparse_parity.training import Plan, train

WD_SWEEP = Config("wd", 20, 3, 200, 0.1, 0.01, n_train=1000, n_test=200, max_epochs=200, stop_at=1.0)
SIGN = Config("n=20 k=5", 20, 5, 500, 0.1, 0.01, n_train=5000, n_test=500, max_epochs=500, stop_at=0.9)
SIGN_LR = 0.01
EXP_1 = Config("exp1", 20, 3, 1000, 0.1, 0.01, n_train=500, n_test=200, max_epochs=200, stop_at=0.99)


def sweep_decay(wd: float, seeds: range, say: Say) -> tuple[float, float, float]:
    """Seeds solved to 100 % of the test samples, their mean epochs (0 where none), and the best accuracy of any."""
    runs = []
    for seed in seeds:
        config = replace(with_seed(WD_SWEEP, seed), name=f"wd {wd} seed {seed}", wd=wd)
        runs.append(learn(config, "minibatch", draw_numpy(config), say))
    epochs = [len(run.epochs) for run in runs if run.best >= 1.0]
    return len(epochs), sum(epochs) / len(epochs) if epochs else 0.0, max(run.best for run in runs)


def epochs_to_90(method: str, seeds: range, say: Say) -> tuple[float, ...]:
    """Epochs to 90 % on 500 test samples, for a parity of 5 among 20, by seed; 0 where never."""
    lr = SIGN_LR if method == "sign_sgd" else SIGN.lr
    found = []
    for seed in seeds:
        config = replace(with_seed(SIGN, seed), lr=lr, name=f"n=20 k=5 seed {seed}")
        found.append(learn(config, method, draw_numpy(config), say).first_at(0.9) or 0)
    return tuple(found)


def scale(n_bits: int, k_sparse: int, say: Say) -> tuple[float, float]:
    """The best test accuracy in 200 epochs of experiment D, and the first epoch at 90 % (0 for never)."""
    hidden, n_train = 2 * n_bits, max(500, 10 * n_bits)
    name = f"n={n_bits} k={k_sparse}"
    config = Config(name, n_bits, k_sparse, hidden, 0.1, 0.01, n_train, 200, 200, stop_at=0.99)
    training = learn_reshuffled(config, say)
    return training.best, training.first_at(0.9) or 0


def flip_coins(epochs: int, tests: int, say: Say) -> tuple[float]:
    """The mean over 1,000 runs of the best accuracy that a coin shows in that many epochs of test samples."""
    say("flipping coins")
    rng = random.Random(0)
    best = [max(rng.getrandbits(tests).bit_count() for _ in range(epochs)) for _ in range(1000)]
    return (sum(best) / len(best) / tests,)


def repair(lr: float, n_train: int, hidden: int, epochs: int, say: Say) -> tuple[float]:
    """The best test accuracy at 20 bits with that learning rate and so many training samples."""
    base = replace(RUN_0303, name=f"h={hidden} lr={lr} n={n_train}", hidden=hidden, lr=lr, n_train=n_train)
    config = replace(base, max_epochs=epochs, stop_at=EXP_A.stop_at)
    training = train(load_method("standard"), config, config.hp, tell_epochs(say, config.name), Plan(watch=False))
    return (training.best,)
