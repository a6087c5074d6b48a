"""What the reference's lists and records have in common: a block of cells, what they hold, and who holds them.

Promises: the rules of docs/metric.md on what can be stored where. Does not cover: counting.
"""

LARGEST = 2**63


def is_container(value):
    return isinstance(value, ReferenceContainer)


def check_number(value):
    if type(value) not in (float, bool, int):
        raise TypeError(f"not a number: {type(value).__name__}")
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise OverflowError("more than 64 bits")


def rows_below(value):
    """The container and all that it holds, at any depth."""
    yield value
    for item in value.values:
        if is_container(item):
            yield from rows_below(item)


def take_hold(holder, value):
    if value.held or any(inner is holder for inner in rows_below(value)):
        raise TypeError("held already")
    value.held = True


class ReferenceContainer:
    """A list or record: it owns a block of cells and may hold other containers. Freed, it lets go of both."""

    __hash__ = None

    def __init__(self, meter):
        self.meter = meter
        self.number = meter.new_block()
        self.values = []
        self.held = False

    def __del__(self):
        self.let_go()
        self.meter.free_block(self.number)

    def let_go(self):
        for value in self.values:
            if is_container(value):
                value.held = False

    @property
    def block(self):
        return self.meter.blocks[self.number]
