"""How small a net still learns: ten seeds of experiment A, with fewer hidden units and 20 epochs."""

from dataclasses import replace

from sparse_parity.config import EXP_A
from sparse_parity.protocol import load_method
from sparse_parity.studies.batches import Say
from sparse_parity.training import Plan, train

SEEDS = range(42, 52)
EPOCHS = 20


def shrink(hidden: int, say: Say) -> tuple[float, ...]:
    """The accuracy on 2,000 test samples after 20 epochs, seed by seed."""
    found = []
    for seed in SEEDS:
        config = replace(EXP_A, hidden=hidden, n_test=2000, max_epochs=EPOCHS, stop_at=2.0, seed=seed)
        found.append(train(load_method("standard"), config, config.hp, plan=Plan(watch=False)).epochs[-1].test.accuracy)
        say(f"hidden {hidden}, seed {seed}: {found[-1]:.2%} after {EPOCHS} epochs")
    return tuple(found)
