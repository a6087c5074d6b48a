"""The tiled W1 update: forward and backward go through W1 in blocks of hidden units, so that each stays in a cache.

Promises: the mathematics of standard backprop in another order. Recorded fully, with every tile a buffer of its own.
The published records read `dh` by tiles, which nothing had written under these names; `publish=True` repeats that, as
floats that move the clock and count in no distance. No method of `methods/`: its buffers' names depend on the size.
"""

import random
from dataclasses import replace

from sparse_parity.config import EXP_C, Config
from sparse_parity.data import draw_instance
from sparse_parity.methods import standard
from sparse_parity.model import descend, descend_row, dot
from sparse_parity.protocol import Hp, State
from sparse_parity.studies.batches import Say
from sparse_parity.tracker import NO_TRACKER, MemTracker, Tracker

TILES = (50, 100, 250, 500)
SEEDS = (42, 43, 44)


class TiledW1:
    """A method whose tiles hold `size` hidden units."""

    def __init__(self, size: int, *, publish: bool = False) -> None:
        self.size = size
        self.publish = publish
        self.init = standard.init
        self.predict = standard.predict

    def cut(self, hidden: int) -> list[range]:
        """The hidden units of each tile."""
        return [range(i, min(i + self.size, hidden)) for i in range(0, hidden, self.size)]

    def step(self, state: State, x: list[float], y: float, hp: Hp, tracker: Tracker = NO_TRACKER) -> None:
        """Learn from one sample; `hp` needs `lr` and `wd`."""
        tiles = self.cut(len(state["b1"]))
        h_pre, out = self._forward(state, x, tiles, tracker)
        tracker.read("out", 1)
        tracker.read("y", 1)
        if out * y >= 1.0:
            return
        dout = -y
        hidden = len(h_pre)
        self._record_output_gradients(tiles, hidden, tracker)
        dW2 = [dout * max(0.0, a) for a in h_pre]
        dh = [w * dout for w in state["W2"]]
        for number, tile in enumerate(tiles):
            self._update_tile(state, x, [dh[j] if h_pre[j] > 0.0 else 0.0 for j in tile], tile, hp)
            self._record_tile(number, len(tile), len(x), tracker)
        standard.update_layer2(state, dW2, dout, hp, tracker)

    def _forward(
        self, state: State, x: list[float], tiles: list[range], tracker: Tracker
    ) -> tuple[list[float], float]:
        hidden = len(state["b1"])
        for number, tile in enumerate(tiles):
            tracker.write(f"W1[{number}]", len(tile) * len(x))
            tracker.write(f"b1[{number}]", len(tile))
        for name, size in (("W2", hidden), ("b2", 1), ("x", len(x)), ("y", 1)):
            tracker.write(name, size)
        h_pre: list[float] = []
        for number, tile in enumerate(tiles):
            tracker.read("x", len(x))
            tracker.read(f"W1[{number}]", len(tile) * len(x))
            tracker.read(f"b1[{number}]", len(tile))
            h_pre += [dot(state["W1"][j], x) + state["b1"][j] for j in tile]
            tracker.write(f"h_pre[{number}]", len(tile))
            tracker.read(f"h_pre[{number}]", len(tile))
            tracker.write(f"h[{number}]", len(tile))
        self._read_h(tiles, tracker)
        tracker.read("W2", hidden)
        tracker.read("b2", 1)
        out: float = dot(state["W2"], [max(0.0, a) for a in h_pre]) + state["b2"]
        tracker.write("out", 1)
        return h_pre, out

    def _read_h(self, tiles: list[range], tracker: Tracker) -> None:
        for number, tile in enumerate(tiles):
            tracker.read(f"h[{number}]", len(tile))

    def _record_output_gradients(self, tiles: list[range], hidden: int, tracker: Tracker) -> None:
        tracker.write("dout", 1)
        tracker.read("dout", 1)
        self._read_h(tiles, tracker)
        tracker.write("dW2", hidden)
        tracker.write("db2", 1)
        tracker.read("W2", hidden)
        tracker.read("dout", 1)
        if self.publish:
            tracker.write("dh", hidden)
            return
        for number, tile in enumerate(tiles):
            tracker.write(f"dh[{number}]", len(tile))

    def _update_tile(self, state: State, x: list[float], dh_pre: list[float], tile: range, hp: Hp) -> None:
        for j, g in zip(tile, dh_pre, strict=True):
            descend_row(state["W1"][j], g, x, hp["lr"], hp["wd"])
        part = state["b1"][tile.start : tile.stop]
        descend(part, dh_pre, hp["lr"], hp["wd"])
        state["b1"][tile.start : tile.stop] = part

    def _record_tile(self, number: int, size: int, n_bits: int, tracker: Tracker) -> None:
        if self.publish:
            tracker.write("nothing", size)  # the read of a name never written: it only moves the clock
        else:
            tracker.read(f"dh[{number}]", size)
        tracker.read(f"h_pre[{number}]", size)
        tracker.write(f"dh_pre[{number}]", size)
        tracker.read(f"dh_pre[{number}]", size)
        tracker.read("x", n_bits)
        tracker.read(f"W1[{number}]", size * n_bits)
        tracker.write(f"W1[{number}]", size * n_bits)
        tracker.read(f"dh_pre[{number}]", size)
        tracker.read(f"b1[{number}]", size)
        tracker.write(f"b1[{number}]", size)


def record_first(config: Config, tile: int, *, publish: bool) -> tuple[float, int]:
    """ARD and writes of a fresh net's step on sample 0, whether or not it fires; tile 0 is standard backprop."""
    method = TiledW1(tile, publish=publish) if tile else standard
    state = method.init(config.n_bits, config.k_sparse, config.hp, random.Random(config.seed + 1))
    samples = draw_instance(config).train
    tracker = MemTracker()
    method.step(state, samples.xs[0], samples.ys[0], config.hp, tracker)
    summary = tracker.summary()
    return summary.ard or 0.0, summary.writes


def compare_tiles(say: Say) -> tuple[float, ...]:
    """By tile, the rise of ARD in per cent: as published over three seeds, on firing seeds, there recorded fully."""
    say("one tiled step for each size and seed")
    configs = [replace(EXP_C, seed=seed) for seed in SEEDS]
    first = [record_first(config, 0, publish=True) for config in configs]
    firing = [config for config, (_, writes) in zip(configs, first, strict=True) if writes > 9]
    rises = [sum(ard for ard, _ in first) / len(first)]
    for configs_of, publish in ((configs, True), (firing, True), (firing, False)):
        base = sum(record_first(config, 0, publish=publish)[0] for config in configs_of)
        for tile in TILES:
            tiled = sum(record_first(config, tile, publish=publish)[0] for config in configs_of)
            rises.append(100.0 * (tiled / base - 1.0))
    return tuple(rises)
