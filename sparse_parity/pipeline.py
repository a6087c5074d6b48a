"""All phases, one after the other: draw the data, train, and account for reuse distance, at 3 and at 20 bits.

First backprop's three variants, as in the documents' phases 1 to 5, then the documents' other methods.

Promises: every number is made by this run; nothing is written here. The table's "as published" rows come from
the published event list. Does not cover: the gate's measurements; ARD here is what the methods declare to
MemTracker.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from sparse_parity.config import EXP_A, EXP_C, RUN_0303, THREE_BIT, Config
from sparse_parity.data import Instance, draw_instance
from sparse_parity.methods.minibatch import BATCH
from sparse_parity.metrics import track_step
from sparse_parity.protocol import Champion, Hp, ParityError, load_method
from sparse_parity.published import replay_perlayer
from sparse_parity.subjects import BATCHED, Subject, as_configured, named, others, published
from sparse_parity.tracker import MemTracker, Summary
from sparse_parity.training import Epoch, Plan, Training, train


@dataclass(frozen=True, slots=True)
class DataRow:
    """An instance as drawn, and how many of its labels were recomputed from the secret and agreed."""

    config: Config
    instance: Instance
    agreeing: int


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A method trained on a config's instance."""

    config: Config
    method: str
    hp: Hp
    training: Training
    seconds: float


@dataclass(frozen=True, slots=True)
class ArdRow:
    """MemTracker's account of one firing step, or of a batch.

    `recording` says whose records: the method's `own`; those of its first batch, `32 steps`; or `as published`.
    """

    config: Config
    method: str
    hp: Hp
    recording: str
    summary: Summary


Row = DataRow | TrainingRow | ArdRow


@dataclass(frozen=True, slots=True)
class Phase:
    """A finished phase: rows of one kind."""

    name: str
    seconds: float
    rows: tuple[Row, ...]


Report = Callable[[Config, str, Epoch], None]
Scope = Literal["all", "one", "quick"]


def run_phases(champion: Champion, *, scope: Scope, report: Report) -> Iterator[Phase]:
    """Run the phases in order, yielding each as it ends.

    Args:
        champion: accounted for, and trained at 20 bits.
        scope: `all` methods at 3 and at 20 bits; `one`, the champion alone, is trained at 20 bits beside backprop's
            variants at 3; `quick` leaves training at 20 bits out.
        report: called after each epoch of a training that takes seconds.

    Raises:
        ParityError: the champion names no method.
    """
    load_method(champion.method)
    three, twenty, own = published(THREE_BIT), published(EXP_A), named(champion)
    yield _time("data", lambda: [check_data(THREE_BIT), check_data(EXP_A)])
    yield _time("train_3bit", lambda: [_train(subject, None) for subject in three])
    yield _time("ard_3bit", lambda: account(three))
    if scope == "one":
        yield _time("train_20bit", lambda: [_train(own, report)])
    if scope == "all":
        trained = twenty if own in twenty else [*twenty, own]
        yield _time("train_20bit", lambda: [_train(subject, report) for subject in trained])
    yield _time("ard_20bit", lambda: account(_once([*twenty, *_at_size(others(20)), own])))
    yield _time("ard_20bit_larger", lambda: account([*published(EXP_C), *published(RUN_0303)]))
    if scope == "all":
        yield _time("others_3bit", lambda: _train_and_account(others(3), None))
        yield _time("others_20bit", lambda: _train_and_account(others(20), report))


def _at_size(subjects: list[Subject]) -> list[Subject]:
    """The same methods at experiment A's size, so that their ARD compares; it does not depend on the rates."""
    return [as_configured(subject.method, EXP_A) for subject in subjects]


def _once(subjects: list[Subject]) -> list[Subject]:
    return [subject for i, subject in enumerate(subjects) if subject not in subjects[:i]]


def _train_and_account(subjects: list[Subject], report: Report | None) -> list[Row]:
    """Their trainings, then ARD at the sizes that were trained, where that is not accounted for already."""
    rows: list[Row] = [_train(subject, report) for subject in subjects]
    return rows + account([subject for subject in subjects if subject.config != EXP_A])


def check_data(config: Config) -> DataRow:
    """Draw an instance and recompute every label from the secret.

    Raises:
        ParityError: a label disagrees.
    """
    instance = draw_instance(config)
    pairs = [pair for part in (instance.train, instance.test) for pair in zip(part.xs, part.ys, strict=True)]
    odd = [sum(x[i] < 0.0 for i in instance.secret) % 2 == 1 for x, _ in pairs]
    agreeing = [is_odd == (y < 0.0) for is_odd, (_, y) in zip(odd, pairs, strict=True)].count(True)
    if agreeing != len(pairs):
        raise ParityError(f"{config.name}: {len(pairs) - agreeing} labels are not the secret bits' parity")
    return DataRow(config, instance, agreeing)


def account(subjects: list[Subject]) -> list[Row]:
    """One row per method, and for per-layer a second one with the published, incomplete records."""
    rows: list[Row] = []
    for subject in subjects:
        method, config, hp = subject.method, subject.config, subject.hp
        if method in BATCHED:
            rows.append(ArdRow(config, method, hp, f"{BATCH} steps", track_batch(subject)))
            continue
        rows.append(ArdRow(config, method, hp, "own", track_step(load_method(method), config, hp)))
        if subject == as_configured("perlayer", config):
            published_list = replay_perlayer(config.n_bits, config.hidden)
            rows.append(ArdRow(config, method, hp, "as published", published_list))
    return rows


def track_batch(subject: Subject) -> Summary:
    """MemTracker's account of a fresh net's first batch: 32 steps, of which the last one changes the weights."""
    module, config = load_method(subject.method), subject.config
    state = module.init(config.n_bits, config.k_sparse, subject.hp, random.Random(config.seed + 1))
    drawn = draw_instance(config).train
    samples = cycle(zip(drawn.xs, drawn.ys, strict=True))
    tracker = MemTracker()
    for x, y in islice(samples, BATCH):
        module.step(state, x, y, subject.hp, tracker)
    return tracker.summary()


def _train(subject: Subject, report: Report | None) -> TrainingRow:
    begun = time.perf_counter()

    def on_epoch(epoch: Epoch) -> None:
        if report is not None:
            report(subject.config, subject.method, epoch)

    method, config, hp = subject.method, subject.config, subject.hp
    training = train(load_method(method), config, hp, on_epoch, Plan(watch=subject.watched))
    return TrainingRow(config, method, hp, training, time.perf_counter() - begun)


def _time(name: str, run: Callable[[], Sequence[Row]]) -> Phase:
    begun = time.perf_counter()
    rows = tuple(run())
    return Phase(name, time.perf_counter() - begun, rows)
