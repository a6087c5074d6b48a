"""The published event list of per-layer forward-backward, kept as a reference. It is under-recorded.

The published per-layer step reads and writes dW2, db2, dh, dh_pre and dout as standard backprop does, and
reads out and y, but records none of these: 15 reads and 13 writes instead of 24 and 18. Its whole gain over
fused (9.1 % against 4.0 % at 3 bits, 3.8 % against 1.3 % at 20) is these missing records.
`methods/perlayer.py` records them all.
"""

from sparse_parity.tracker import MemTracker, Summary

# The sizes follow from the shape of the net.
PERLAYER_AS_PUBLISHED = (
    "write W1, write b1, write W2, write b2, write x, write y, "
    "read x, read W1, read b1, write h_pre, read h_pre, write h, read h, read W2, read b2, write out, "
    "read h, read W2, read W2, write W2, read b2, write b2, "
    "read h_pre, read x, read W1, write W1, read b1, write b1"
)


def replay_perlayer(n_bits: int, hidden: int) -> Summary:
    """What MemTracker makes of the published per-layer list, for a net of the given shape."""
    sizes = {"x": n_bits, "W1": n_bits * hidden, "y": 1, "b2": 1, "out": 1}
    tracker = MemTracker()
    for event in PERLAYER_AS_PUBLISHED.split(", "):
        operation, name = event.split()
        record = tracker.read if operation == "read" else tracker.write
        record(name, sizes.get(name, hidden))
    return tracker.summary()
