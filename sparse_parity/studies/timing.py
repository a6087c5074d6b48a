"""Seconds of this machine: the pipeline's two trainings, Sprint 1's way of scoring, and experiment C's two variants.

Processor time, which is wall-clock time where nothing else runs. Does not cover: a verdict. Seconds are the machine's,
so no number here is pinned.
"""

import time
from dataclasses import replace

from sparse_parity.config import EXP_A, EXP_C, THREE_BIT, Config
from sparse_parity.protocol import load_method
from sparse_parity.studies.batches import Say
from sparse_parity.training import Plan, train

ONCE_AN_EPOCH = Plan(watch=False)


def time_training(method: str, config: Config, plan: Plan = ONCE_AN_EPOCH) -> float:
    """Processor seconds of a training, scoring included."""
    begun = time.process_time()
    train(load_method(method), config, config.hp, plan=plan)
    return time.process_time() - begun


def time_pipeline(say: Say) -> tuple[float, ...]:
    """3 bits and 20 bits."""
    found = []
    for config in (THREE_BIT, EXP_A):
        say(f"timing {config.name}")
        found.append(time_training("standard", config))
    return tuple(found)


def time_sprint_1(say: Say) -> tuple[float, float]:
    """3 bits: scored once an epoch, and as Sprint 1 did, all 40 samples after each of 40 steps."""
    say("timing 3 bits twice")
    steps = replace(THREE_BIT, max_epochs=40, stop_at=2.0)
    one_by_one = Plan(order=lambda number: [(number - 1) % THREE_BIT.n_train])
    return time_training("standard", THREE_BIT), time_training("standard", steps, one_by_one)


def time_variants(say: Say) -> tuple[float, ...]:
    """Experiment C with standard backprop and per-layer."""
    found = []
    for method in ("standard", "perlayer"):
        say(f"timing {method}, experiment C")
        found.append(time_training(method, EXP_C))
    return tuple(found)
