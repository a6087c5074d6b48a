"""Loss, accuracy, hidden progress, and the tracker's account of one learning step.

Does not cover: the gate's measurements, which the harness counts itself.
"""

import random
from dataclasses import dataclass

from sparse_parity.config import Config
from sparse_parity.data import Samples, draw_instance
from sparse_parity.protocol import Hp, Method, State
from sparse_parity.tracker import MemTracker, Summary


@dataclass(frozen=True, slots=True)
class Score:
    """Mean hinge loss, and the fraction of labels told right."""

    loss: float
    accuracy: float


def evaluate(method: Method, state: State, hp: Hp, samples: Samples) -> Score:
    """Predict every sample. An output of 0 or more says +1."""
    loss = 0.0
    right = 0
    for x, y in zip(samples.xs, samples.ys, strict=True):
        out = method.predict(state, x, hp)
        loss += max(0.0, 1.0 - out * y)
        right += (out >= 0.0) == (y > 0.0)
    return Score(loss / len(samples.ys), right / len(samples.ys))


def copy_state(state: State) -> State:
    """A copy that shares no list with the original."""
    return {name: _copy(value) for name, value in state.items()}


def _copy(value: object) -> object:
    return [_copy(item) for item in value] if isinstance(value, list) else value


def flatten(value: object) -> list[float]:
    """All numbers of a state, or of a part of one, in order."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in flatten(part)]
    if isinstance(value, list):
        return [number for part in value for number in flatten(part)]
    assert isinstance(value, int | float), f"a state holds numbers and lists, not {type(value).__name__}"
    return [value]


PARAMETERS = ("W1", "b1", "W2", "b2")


def movement(state: State, start: State) -> float:
    """Hidden progress: ||w_t - w_0||_1 over W1, b1, W2 and b2 where a state has them all, else over all its parts.

    A part that changed its size since the start is left out.
    """
    total = 0.0
    names = start.keys() & state.keys()
    for name in PARAMETERS if names.issuperset(PARAMETERS) else sorted(names):
        now, then = flatten(state[name]), flatten(start[name])
        if len(now) == len(then):
            for a, b in zip(now, then, strict=True):
                total += abs(a - b)
    return total


def track_step(method: Method, config: Config, hp: Hp) -> Summary:
    """MemTracker's account of the first step that changes a fresh state: a full forward, backward, update.

    A sample with a margin of 1 or more only goes forward, and mixing such steps in has misled before: the
        published batch and cache tables average them. If no sample changes the state, the last one's account
        is returned.
    """
    state = method.init(config.n_bits, config.k_sparse, hp, random.Random(config.seed + 1))
    train = draw_instance(config).train
    before = copy_state(state)
    for x, y in zip(train.xs, train.ys, strict=True):
        tracker = MemTracker()
        method.step(state, x, y, hp, tracker)
        if state != before:
            break
    return tracker.summary()
