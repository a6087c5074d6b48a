"""Buffer by buffer: Sprint 1's table, the reuse distances of experiments A and C, and what leaving records out does."""

from sparse_parity.config import EXP_A, THREE_BIT, Config
from sparse_parity.metrics import track_step
from sparse_parity.protocol import load_method
from sparse_parity.published import PERLAYER_AS_PUBLISHED, net_sizes, replay, replay_perlayer
from sparse_parity.studies.batches import Say
from sparse_parity.tracker import BufferSummary, MemTracker, Summary

LEFT_OUT = ("dout", "dW2", "db2", "dh", "dh_pre")
"""Buffers that the published per-layer list does not name; it leaves out the reads of out and y too."""


class Events(MemTracker):
    """A tracker that also keeps its calls, as `read W1`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def read(self, name: str, size: int) -> None:
        """Record a read."""
        self.calls.append(f"read {name}")
        super().read(name, size)

    def write(self, name: str, size: int) -> None:
        """Record a write."""
        self.calls.append(f"write {name}")
        super().write(name, size)


def account(method: str, config: Config) -> Summary:
    """A method's own records of its first firing step, or those `as published` for per-layer."""
    if method == "perlayer as published":
        return replay_perlayer(config.n_bits, config.hidden)
    return track_step(load_method(method), config, config.hp)


def ard(method: str, config: Config) -> float:
    """The ARD of that account."""
    return account(method, config).ard or 0.0


def gain(method: str, config: Config) -> float:
    """How much lower than standard's, as a fraction."""
    return 1.0 - ard(method, config) / ard("standard", config)


def buffer(method: str, name: str, config: Config = THREE_BIT) -> BufferSummary:
    """One buffer of the account."""
    return next(found for found in account(method, config).buffers if found.name == name)


def per_read(method: str, config: Config = THREE_BIT) -> float:
    """The mean distance of a read, whatever its size: Sprint 1's mean."""
    summary = account(method, config)
    return sum(sum(found.distances) for found in summary.buffers) / summary.reads


def share_of_sum(method: str, names: tuple[str, ...]) -> float:
    """Those buffers' part of the weighted sum of distances, where each read takes the whole buffer."""
    summary = account(method, THREE_BIT)
    return sum(b.size * sum(b.distances) for b in summary.buffers if b.name in names) / summary.weighted_sum


def calls(method: str, config: Config) -> list[str]:
    """The events of one firing step, by running it."""
    module = load_method(method)
    state = {
        "W1": [[0.0] * config.n_bits for _ in range(config.hidden)],
        "b1": [0.0] * config.hidden,
        "W2": [0.0] * config.hidden,
        "b2": 0.0,
    }
    tracker = Events()
    module.step(state, [1.0] * config.n_bits, 1.0, config.hp, tracker)
    return tracker.calls


def leave_out(events: list[str]) -> list[str]:
    """The events without those that the published per-layer list leaves out."""
    dropped = {f"{operation} {name}" for operation in ("read", "write") for name in LEFT_OUT}
    return [event for event in events if event not in dropped | {"read out", "read y"}]


def perlayer_is_fused_cut_short() -> float:
    """1 if the fused step's events, without those left out, are the published per-layer list; and 0 if not."""
    return float(", ".join(leave_out(calls("fused", EXP_A))) == PERLAYER_AS_PUBLISHED)


def perlayer_records_as_fused() -> float:
    """1 if fused and per-layer, recorded fully, make the same events in the same order; and 0 if not."""
    return float(calls("fused", EXP_A) == calls("perlayer", EXP_A))


def compare_lists(_: Say) -> tuple[float, ...]:
    """Events of a fused step, of those left out, and of the published per-layer list; then the two comparisons."""
    own, published = calls("fused", EXP_A), PERLAYER_AS_PUBLISHED.split(", ")
    left_out = len(own) - len(leave_out(own))
    return len(own), left_out, len(published), perlayer_is_fused_cut_short(), perlayer_records_as_fused()


def cut_standard_short(config: Config) -> float:
    """Standard's ARD when the same events are left out of it: the published gain without any change of code."""
    events = ", ".join(leave_out(calls("standard", config)))
    return replay(events, net_sizes(config.n_bits, config.hidden), config.hidden).ard or 0.0


def forward_only(n_bits: int, hidden: int) -> float:
    """The ARD of a step whose margin is beyond 1: what several published tables gave for backprop."""
    state = {"W1": [[0.0] * n_bits for _ in range(hidden)], "b1": [0.0] * hidden, "W2": [0.0] * hidden, "b2": 2.0}
    tracker = MemTracker()
    load_method("standard").step(state, [1.0] * n_bits, 1.0, {"lr": 0.1, "wd": 0.0}, tracker)
    return tracker.summary().ard or 0.0
