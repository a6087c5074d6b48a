"""A simulated cache, and mini-batches beside single samples in it: experiments B and "cache" of the repository.

Promises: the published simulation, a fully associative LRU cache of whole buffers, in which a write makes its buffer
resident and a buffer larger than the cache never is; and the published event list of a batch, with a set of buffers
for every sample. Does not cover: lines, sets, write-back traffic. The gate's DMD prices every depth instead.
"""

import random
from collections.abc import Mapping
from dataclasses import replace

from sparse_parity.config import EXP_C, Config
from sparse_parity.data import draw_instance
from sparse_parity.methods import standard
from sparse_parity.model import forward
from sparse_parity.protocol import State
from sparse_parity.published import net_sizes
from sparse_parity.studies.batches import Say
from sparse_parity.tracker import MemTracker

L1, L2 = 8192, 65536
"""Floats of 4 bytes: 32 kB and 256 kB."""
BATCH = 32
SIZES = (4, 8, 16, 32, 64)

STAMP = (
    "write W1, write b1, write W2, write b2, read W1, read b1, read W2, read b2, "
    "write acc_dW1, write acc_db1, write acc_dW2, write acc_db2"
)
FORWARD = (
    "write x, write y, read x, read W1, read b1, write h_pre, read h_pre, write h, read h, read W2, read b2, "
    "write out, read out, read y"
)
BACKWARD = (
    "write dout, read dout, read h, write dW2, write db2, read W2, read dout, write dh, read dh, read h_pre, "
    "write dh_pre, read dh_pre, read x, read acc_dW1, write acc_dW1, read acc_db1, write acc_db1, "
    "read dW2, read acc_dW2, write acc_dW2, read db2, read acc_db2, write acc_db2"
)
UPDATE = (
    "read acc_dW1, read W1, write W1, read acc_db1, read b1, write b1, "
    "read acc_dW2, read W2, write W2, read acc_db2, read b2, write b2"
)
SHARED = frozenset(event.split()[1] for event in STAMP.split(", "))
"""Buffers of the whole batch; all others exist once a sample."""


class Cache(MemTracker):
    """A tracker that also counts which reads find their buffer in a cache of `capacity` floats."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self._resident: dict[str, int] = {}  # the one touched last comes last

    @property
    def hit_rate(self) -> float:
        """The part of the reads, each counted once whatever its size, that hit."""
        return self.hits / (self.hits + self.misses)

    def read(self, name: str, size: int) -> None:
        """Record a read."""
        if name in self._resident:
            self.hits += 1
        else:
            self.misses += 1
        super().read(name, size)
        self._touch(name, size)

    def write(self, name: str, size: int) -> None:
        """Record a write."""
        super().write(name, size)
        self._touch(name, size)

    def _touch(self, name: str, size: int) -> None:
        self._resident.pop(name, None)
        if size > self.capacity:
            return
        while sum(self._resident.values()) + size > self.capacity:
            del self._resident[next(iter(self._resident))]
        self._resident[name] = size


def record_singles(config: Config, tracker: MemTracker) -> None:
    """Learn from the first 32 training samples, one after the other."""
    state, samples = _start(config)
    for x, y in samples[:BATCH]:
        standard.step(state, x, y, config.hp, tracker)


def record_batch(config: Config, count: int, tracker: MemTracker) -> None:
    """Record one batch of the first `count` training samples; the weights stay as they are until its end."""
    state, samples = _start(config)
    sizes = net_sizes(config.n_bits, config.hidden)
    sizes |= {"acc_dW1": sizes["W1"], "acc_db2": 1}
    _record(STAMP, "", sizes, config.hidden, tracker)
    for number, (x, y) in enumerate(samples[:count]):
        fires = forward(state, x)[2] * y < 1.0
        _record(f"{FORWARD}, {BACKWARD}" if fires else FORWARD, f"[{number}]", sizes, config.hidden, tracker)
    _record(UPDATE, "", sizes, config.hidden, tracker)


def _start(config: Config) -> tuple[State, list[tuple[list[float], float]]]:
    state = standard.init(config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 1))
    train = draw_instance(config).train
    return state, list(zip(train.xs, train.ys, strict=True))


def _record(events: str, suffix: str, sizes: Mapping[str, int], hidden: int, tracker: MemTracker) -> None:
    for event in events.split(", "):
        operation, name = event.split()
        record = tracker.read if operation == "read" else tracker.write
        record(name if name in SHARED else name + suffix, sizes.get(name, hidden))


def compare_hits(say: Say) -> tuple[float, ...]:
    """Hit rates in per cent at hidden 200 and 1000, single samples and a batch; for L1, then for L2; then floats."""
    say("32 single samples and a batch of 32, hidden 200 and 1000, two caches")
    rates: list[float] = []
    floats: list[float] = []
    for capacity in (L1, L2):
        for hidden in (200, 1000):
            config = replace(EXP_C, hidden=hidden)
            singles, batch = Cache(capacity), Cache(capacity)
            record_singles(config, singles)
            record_batch(config, BATCH, batch)
            rates += [100.0 * singles.hit_rate, 100.0 * batch.hit_rate]
            floats = [singles.summary().total_floats, batch.summary().total_floats]
    return (*rates, *floats)


def compare_batches(say: Say) -> tuple[float, ...]:
    """Hidden 1000: ARD of 32 samples and of a batch; floats a sample: forward only, full, in batches of 4 to 64."""
    say("32 single samples, and batches of 4 to 64, hidden 1000")
    singles, batch = MemTracker(), MemTracker()
    record_singles(EXP_C, singles)
    record_batch(EXP_C, BATCH, batch)
    ards = [tracker.summary().ard or 0.0 for tracker in (singles, batch)]
    return (*ards, *_floats_of_steps(), *(_floats_a_sample(count) for count in SIZES))


def _floats_of_steps() -> tuple[float, float]:
    """Floats of the first training sample's step, which only goes forward, and of the first one that fires."""
    state, samples = _start(EXP_C)
    found = []
    for x, y in samples[:2]:
        tracker = MemTracker()
        standard.step(state, x, y, EXP_C.hp, tracker)
        found.append(float(tracker.summary().total_floats))
    return found[0], found[1]


def _floats_a_sample(count: int) -> float:
    tracker = MemTracker()
    record_batch(EXP_C, count, tracker)
    return tracker.summary().total_floats / count
