"""All phases, one after the other: draw the data, train, and account for reuse distance, at 3 and at 20 bits.

Promises: every number is made by this run; nothing is written here. The table's "as published" rows come from
the published event list. Does not cover: the gate's measurements; ARD here is what the methods declare to
MemTracker.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sparse_parity.config import EXP_A, EXP_C, RUN_0303, THREE_BIT, Config
from sparse_parity.data import Instance, draw_instance
from sparse_parity.metrics import track_step
from sparse_parity.protocol import Champion, Hp, ParityError, list_methods, load_method
from sparse_parity.published import replay_perlayer
from sparse_parity.tracker import Summary
from sparse_parity.training import Epoch, Training, train

PUBLISHED = ("standard", "fused", "perlayer")


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
    """MemTracker's account of one firing step. `recording` says whose records: the method's own, or the
    published.
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


@dataclass(frozen=True, slots=True)
class Subject:
    """A method with the hyperparameters to run it with."""

    method: str
    hp: Hp


Report = Callable[[Config, str, Epoch], None]


def run_phases(champion: Champion, *, full: bool, report: Report, quick: bool = False) -> Iterator[Phase]:
    """Run the phases in order, yielding each as it ends.

    Args:
        champion: trained at 20 bits, and accounted for beside the published methods where it is none of them.
        full: train every method at 20 bits, not the champion's alone.
        report: called after each epoch at 20 bits, which take seconds.
        quick: train at 3 bits only.
    """
    subjects = choose_subjects(champion, EXP_A)
    trained = subjects if full else [Subject(champion.method, champion.hp)]
    yield _time("data", lambda: [check_data(THREE_BIT), check_data(EXP_A)])
    yield _time("train_3bit", lambda: [_train(THREE_BIT, subject, None) for subject in _published(THREE_BIT)])
    yield _time("ard_3bit", lambda: account(THREE_BIT, _published(THREE_BIT)))
    if not quick:
        yield _time("train_20bit", lambda: [_train(EXP_A, subject, report) for subject in trained])
    yield _time("ard_20bit", lambda: account(EXP_A, subjects))
    larger = (EXP_C, RUN_0303)
    yield _time("ard_20bit_larger", lambda: [row for c in larger for row in account(c, _published(c))])


def choose_subjects(champion: Champion, config: Config) -> list[Subject]:
    """The published methods with the config's hyperparameters, then the champion, where it is none of these.

    Raises:
        ParityError: the champion names no method.
    """
    load_method(champion.method)
    subjects = _published(config)
    named = Subject(champion.method, champion.hp)
    return subjects if named in subjects else [*subjects, named]


def _published(config: Config) -> list[Subject]:
    present = list_methods()
    return [Subject(name, config.hp) for name in PUBLISHED if name in present]


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


def account(config: Config, subjects: list[Subject]) -> list[ArdRow]:
    """One row per method, and for per-layer a second one with the published, incomplete records."""
    rows = []
    for subject in subjects:
        summary = track_step(load_method(subject.method), config, subject.hp)
        rows.append(ArdRow(config, subject.method, subject.hp, "own", summary))
        if subject == Subject("perlayer", config.hp):
            published = replay_perlayer(config.n_bits, config.hidden)
            rows.append(ArdRow(config, subject.method, subject.hp, "as published", published))
    return rows


def _train(config: Config, subject: Subject, report: Report | None) -> TrainingRow:
    begun = time.perf_counter()

    def on_epoch(epoch: Epoch) -> None:
        if report is not None:
            report(config, subject.method, epoch)

    training = train(load_method(subject.method), config, subject.hp, on_epoch)
    return TrainingRow(config, subject.method, subject.hp, training, time.perf_counter() - begun)


def _time(name: str, run: Callable[[], Sequence[Row]]) -> Phase:
    begun = time.perf_counter()
    rows = tuple(run())
    return Phase(name, time.perf_counter() - begun, rows)
