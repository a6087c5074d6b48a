"""One training step as the earlier instruments count it: every operand of an expression a read, every result a cell.

Promises: `step_values` runs the published program (the seeds' two-layer net) on numbers that record their own use, as
ByteDMD and the published element-level figures do; `lru_of_buffers` replays hand-placed buffer events through an LRU
stack of floats, as LRUStackTracker does. Both come to the published figures, digit by digit. Does not cover: what the
memory trace counts; `instruments` puts the two side by side.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Event = tuple[str, int]  # R or W, and the number of the value
LR, WD = 0.1, 0.01


class Stack:
    """An LRU stack over a trace of known length: depth 1 is the top."""

    def __init__(self, room: int) -> None:
        self._tree = [0] * (room + 1)
        self._place: dict[Any, int] = {}
        self._next = 0

    def depth(self, key: Any) -> int:
        """Place of the key in the stack."""
        return len(self._place) - self._marks_up_to(self._place[key]) + 1

    def to_top(self, key: Any) -> None:
        """Put the key on top, wherever it was."""
        if key in self._place:
            self._mark(self._place[key], -1)
        self._next += 1
        self._place[key] = self._next
        self._mark(self._next, 1)

    def _mark(self, at: int, by: int) -> None:
        while at < len(self._tree):
            self._tree[at] += by
            at += at & -at

    def _marks_up_to(self, at: int) -> int:
        found = 0
        while at:
            found += self._tree[at]
            at -= at & -at
        return found


class Values:
    """The record: one event a use. `groups` are the operands of one operation, which ByteDMD prices together."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.groups: list[list[int]] = []
        self.made = 0

    def new(self, number: float) -> "Value":
        """A value that is written now."""
        self.made += 1
        self.events.append(("W", self.made))
        self.groups.append([-self.made])
        return Value(self, self.made, number)

    def read(self, *used: Any) -> list[float]:
        """The numbers of the operands; those that are values are read."""
        ids = [each.id for each in used if isinstance(each, Value)]
        self.events += [("R", i) for i in ids]
        self.groups.append(ids)
        return [each.number if isinstance(each, Value) else each for each in used]


@dataclass(slots=True, eq=False)
class Value:
    """A number that records its use."""

    trace: Values
    id: int
    number: float

    def _made(self, work: Callable[..., float], *used: Any) -> "Value":
        return self.trace.new(work(*self.trace.read(*used)))

    def __add__(self, other: Any) -> "Value":
        return self._made(operator.add, self, other)

    def __radd__(self, other: Any) -> "Value":
        return self._made(operator.add, other, self)

    def __sub__(self, other: Any) -> "Value":
        return self._made(operator.sub, self, other)

    def __mul__(self, other: Any) -> "Value":
        return self._made(operator.mul, self, other)

    def __rmul__(self, other: Any) -> "Value":
        return self._made(operator.mul, other, self)

    def __neg__(self) -> "Value":
        return self._made(operator.neg, self)

    def __gt__(self, other: Any) -> bool:
        mine, theirs = self.trace.read(self, other)
        return mine > theirs

    def __ge__(self, other: Any) -> bool:
        mine, theirs = self.trace.read(self, other)
        return mine >= theirs


@dataclass(frozen=True, slots=True)
class ValueSums:
    """As published: `lru` and `dmd` are over reads, writes are free and nothing ever leaves the stack.

    Attributes:
        ard, reuse: mean clock since the value's making, and since its last use.
        lru, dmd: mean depth, and the sum of its square roots.
        bytedmd: sum of rounded-up square roots, the operands of one operation priced before any of them moves.
    """

    reads: int
    writes: int
    ard: float
    reuse: float
    lru: float
    dmd: float
    bytedmd: int


def sums_of(trace: Values) -> ValueSums:
    """What the instruments of the seeds make of the trace."""
    made, used, since_made, since_used, depths = {}, {}, 0, 0, []
    stack = Stack(len(trace.events))
    for clock, (kind, value) in enumerate(trace.events):
        if kind == "W":
            made[value] = clock
        else:
            since_made += clock - made[value]
            since_used += clock - used[value]
            depths.append(stack.depth(value))
        used[value] = clock
        stack.to_top(value)
    reads = len(depths)
    dmd = math.fsum(map(math.sqrt, depths))
    writes = len(trace.events) - reads
    return ValueSums(reads, writes, since_made / reads, since_used / reads, sum(depths) / reads, dmd, _bytedmd(trace))


def _bytedmd(trace: Values) -> int:
    stack, cost = Stack(len(trace.events)), 0
    for group in trace.groups:
        cost += sum(math.isqrt(stack.depth(value) - 1) + 1 for value in group if value > 0)
        for value in group:
            stack.to_top(abs(value))
    return cost


def lru_of_buffers(events: Sequence[tuple[str, str, int]], *, reads_move: bool) -> tuple[float, float]:
    """Mean depth and DMD of the floats read, by an LRU stack of floats under hand-placed buffer events."""
    stack, depths = Stack(sum(size for _, _, size in events)), []
    for kind, name, size in events:
        for i in range(size):
            if kind == "read":
                depths.append(stack.depth((name, i)))
            if kind == "write" or reads_move:
                stack.to_top((name, i))
    return sum(depths) / len(depths), math.fsum(map(math.sqrt, depths))


@dataclass(slots=True)
class Net:
    """The step's numbers, all of them values; made in the order in which the published step writes them."""

    W1: list[list[Any]]
    b1: list[Any]
    W2: list[Any]
    b2: Any
    x: list[Any]
    y: Any


def net_of(trace: Values, state: dict[str, Any], x: Iterable[float], y: float) -> Net:
    """The state and the sample as values."""
    W1 = [[trace.new(w) for w in row] for row in state["W1"]]
    b1, W2 = [trace.new(b) for b in state["b1"]], [trace.new(w) for w in state["W2"]]
    return Net(W1, b1, W2, trace.new(state["b2"]), [trace.new(v) for v in x], trace.new(y))


def step_values(net: Net, order: str) -> None:
    """The published step: `order` is standard, fused (per-layer with its gradients in lists is the same), or rows."""
    h_pre = [sum(w * v for w, v in zip(row, net.x, strict=True)) + b for row, b in zip(net.W1, net.b1, strict=True)]
    h = [a if a > 0.0 else 0.0 for a in h_pre]  # noqa: FURB136 - as published: passes a on, reads it once
    out = sum(w * a for w, a in zip(net.W2, h, strict=True)) + net.b2
    if out * net.y >= 1.0:
        raise ValueError("the sample's margin is 1 or more: no step to measure")
    dout = -net.y
    if order == "rows":
        for j in range(len(h)):
            _update_unit(net, j, h_pre[j], h[j], dout)
        net.b2 = _descended(net.b2, dout)
        return
    dW2 = [dout * a for a in h]
    dh = [w * dout for w in net.W2]
    if order == "fused":
        _update_layer2(net, dW2, dout)
    dh_pre = [g * (1.0 if a > 0.0 else 0.0) for g, a in zip(dh, h_pre, strict=True)]
    for row, g in zip(net.W1, dh_pre, strict=True):
        row[:] = [w - LR * (g * v + WD * w) for w, v in zip(row, net.x, strict=True)]
    net.b1 = [_descended(b, g) for b, g in zip(net.b1, dh_pre, strict=True)]
    if order == "standard":
        _update_layer2(net, dW2, dout)


def _update_layer2(net: Net, dW2: list[Any], db2: Any) -> None:
    net.W2 = [_descended(w, g) for w, g in zip(net.W2, dW2, strict=True)]
    net.b2 = _descended(net.b2, db2)


def _update_unit(net: Net, j: int, h_pre: Any, h: Any, dout: Any) -> None:
    dW2 = dout * h
    dh = net.W2[j] * dout
    net.W2[j] = _descended(net.W2[j], dW2)
    g = dh * (1.0 if h_pre > 0.0 else 0.0)
    net.W1[j] = [w - LR * (g * v + WD * w) for w, v in zip(net.W1[j], net.x, strict=True)]
    net.b1[j] = _descended(net.b1[j], g)


def _descended(parameter: Any, gradient: Any) -> Any:
    return parameter - LR * (gradient + WD * parameter)
