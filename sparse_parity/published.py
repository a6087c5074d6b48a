"""Published event lists, kept as references. They are under-recorded, and `methods/` records the same steps fully.

Per-layer forward-backward reads and writes dW2, db2, dh, dh_pre and dout as standard backprop does, and reads out and
y, but records none of these: 15 reads and 13 writes instead of 24 and 18. Its whole gain over fused (9.1 % against
4.0 % at 3 bits, 3.8 % against 1.3 % at 20) is these missing records.

Forward-Forward records a write of each layer's weights twice a step, whether or not they changed, and none of the reads
of the updates. The tiled update reads `dh` by tiles, a name that nothing wrote: those floats moved the clock and
counted in no distance.
"""

from collections.abc import Mapping

from sparse_parity.tracker import MemTracker, Summary

# The sizes follow from the shape of the net.
PERLAYER_AS_PUBLISHED = (
    "write W1, write b1, write W2, write b2, write x, write y, "
    "read x, read W1, read b1, write h_pre, read h_pre, write h, read h, read W2, read b2, write out, "
    "read h, read W2, read W2, write W2, read b2, write b2, "
    "read h_pre, read x, read W1, write W1, read b1, write b1"
)

FORWARD_FORWARD_AS_PUBLISHED = (
    "write W1, write b1, write W2, write b2, write x, write y, "
    "read x, read W1, read b1, write h1_pos, read h1_pos, write W1, write b1, "
    "read W2, read b2, write h2_pos, read h2_pos, write W2, write b2, "
    "read x, read W1, read b1, write h1_neg, read h1_neg, write W1, write b1, "
    "read W2, read b2, write h2_neg, read h2_neg, write W2, write b2"
)


def replay_perlayer(n_bits: int, hidden: int) -> Summary:
    """What MemTracker makes of the published per-layer list, for a net of the given shape."""
    return replay(PERLAYER_AS_PUBLISHED, net_sizes(n_bits, hidden), hidden)


def replay_forward_forward(n_bits: int, hidden: int, outputs: int | None = None) -> Summary:
    """What MemTracker makes of the published Forward-Forward list; the second layer has `outputs` units."""
    second = hidden if outputs is None else outputs
    sizes = {"x": n_bits, "y": 1, "W1": (n_bits + 1) * hidden, "W2": hidden * second, "b2": second}
    return replay(FORWARD_FORWARD_AS_PUBLISHED, sizes | {"h2_pos": second, "h2_neg": second}, hidden)


def net_sizes(n_bits: int, hidden: int) -> dict[str, int]:
    """The buffers of the two-layer net that do not hold one float per hidden unit."""
    return {"x": n_bits, "W1": n_bits * hidden, "y": 1, "b2": 1, "out": 1, "dout": 1, "db2": 1}


def replay(events: str, sizes: Mapping[str, int], hidden: int) -> Summary:
    """What MemTracker makes of a list; a buffer without a size here holds `hidden` floats."""
    tracker = MemTracker()
    for event in events.split(", "):
        operation, name = event.split()
        record = tracker.read if operation == "read" else tracker.write
        record(name, sizes.get(name, hidden))
    return tracker.summary()
