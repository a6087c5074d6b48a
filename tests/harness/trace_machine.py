"""A little machine whose variables hold lists and records, over any meter, or over plain Python lists.

Promises: one operation means the same on every meter; its result comes back as text that can be compared.
Does not cover: which operations are possible when (`random_operations`).
"""

SLOTS = "abcdef"
ERRORS = (IndexError, ValueError, TypeError, OverflowError, KeyError)


class PlainMeter:
    """The meter's surface over plain lists and dicts, which count nothing."""

    def __init__(self, n_inputs):
        self.inputs = [0.0] * n_inputs
        self.being_made = []

    def open(self):
        self.being_made.append([])

    def put(self, value):
        self.being_made[-1].append(value)

    def close(self, _opened, _put):
        return self.being_made.pop()

    def fill(self, values, times):
        return list(values) * times

    listed = staticmethod(list)
    sorted_list = staticmethod(sorted)

    def record(self, names, *values):
        return dict(zip(names, values, strict=True))

    def input_buffer(self):
        return self.inputs

    def begin_predict(self, sample):
        self.inputs[:] = sample

    def begin_step(self, sample, _label):
        self.inputs[:] = sample

    def end_step(self):
        pass

    def keep(self):
        pass

    def forget(self):
        pass

    def counters(self):
        return {}

    def depth_counts(self):
        return {}

    def birth_count(self):
        return 0


def walk_plain(value):
    """What memory_trace.walk yields, for plain lists and dicts."""
    if isinstance(value, list):
        yield ("list", len(value))
        for item in value:
            yield from walk_plain(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from walk_plain(item)
    else:
        yield value


class Machine:
    """A meter, and the variables of a program that is being made up as it runs."""

    def __init__(self, meter, walk):
        self.meter = meter
        self.walk = walk
        self.slots = dict.fromkeys(SLOTS)
        self.slots["x"] = meter.input_buffer()

    def at(self, path):
        value = self.slots[path[0]]
        for step in path[1:]:
            value = value[step]
        return value

    def run(self, operation):
        """The result of one operation as comparable text: a number, or an error. Lists go to slots."""
        name, args = operation
        try:
            result = OPERATIONS[name](self, *args)
        except ERRORS as error:
            return f"{type(error).__name__}{error.args if isinstance(error, IndexError) else ''}"
        return repr(result)

    def contents(self):
        return [repr(list(self.walk(value))) for value in self.slots.values()]


# -- operations: each takes the machine and plain arguments


def _store(machine, slot, value):
    machine.slots[slot] = value


def _display(machine, slot, elements):
    """`[e, ...]` whose elements are numbers or reads, evaluated one by one between the births."""
    meter = machine.meter
    opened = meter.open()
    try:
        for element in elements:
            meter.put(machine.at(element) if isinstance(element, tuple) else element)
    finally:
        made = meter.close(opened, None)
    machine.slots[slot] = made


def _nested(machine, slot, shapes):
    """`[[v] * n, ...]`: the outer list is begun before its rows."""
    meter = machine.meter
    opened = meter.open()
    for value, length in shapes:
        meter.put(meter.fill((value,), length))
    machine.slots[slot] = meter.close(opened, None)


def _record(machine, slot, number, row, inner):
    meter = machine.meter
    fields = {"t": number, "w": meter.fill(row, 1)}
    if inner:
        fields["inner"] = meter.record(("u", "v"), 0.5, meter.fill(row, 2))
    machine.slots[slot] = meter.record((*fields, "last"), *fields.values(), True)


def _set(machine, path, index, value):
    machine.at(path)[index] = value


def _augment(machine, path, index, value):
    machine.at(path)[index] += value


def _row(machine, path, index, row, how):
    fresh = machine.meter.fill(tuple(row), 1)
    rows = machine.at(path)
    if how == "set":
        rows[index] = fresh
    elif how == "insert":
        rows.insert(index, fresh)
    else:
        rows.append(fresh)


def equal_plain(left, right):
    """`==` as the meter has it: a list, a record and a number are not compared with each other."""
    if isinstance(left, dict) or isinstance(left, list) != isinstance(right, list):
        raise TypeError
    if not isinstance(left, list):
        return left == right
    return len(left) == len(right) and all(equal_plain(u, v) for u, v in zip(left, right, strict=True))


def _equal(machine, left, right):
    if isinstance(machine.meter, PlainMeter):
        return equal_plain(machine.at(left), machine.at(right))
    return machine.at(left) == machine.at(right)


def _unequal(machine, left, right):
    if isinstance(machine.meter, PlainMeter):
        return not equal_plain(machine.at(left), machine.at(right))
    return machine.at(left) != machine.at(right)


def _contains_row(machine, path, other):
    if isinstance(machine.meter, PlainMeter):
        return any(equal_plain(row, machine.at(other)) for row in machine.at(path))
    return machine.at(other) in machine.at(path)


def _other_kind(machine, path, field, other):
    if isinstance(machine.meter, PlainMeter):
        raise TypeError
    machine.at(path)[field] = machine.at(other)


def _hold(machine, path, how, other):
    value = machine.at(other)
    if how == "append":
        machine.at(path).append(value)
    else:
        machine.at(path)[how] = value


def _refused(machine, path, other):
    if isinstance(machine.meter, PlainMeter):
        raise TypeError
    machine.at(path).append(machine.at(other))


def _look(machine, sample, operations):
    """What a prediction may do that is not charged; it must count as nothing."""
    meter = machine.meter
    before = meter.counters(), meter.depth_counts(), meter.birth_count()
    meter.keep()
    meter.begin_predict(sample)
    results = [machine.run(operation) for operation in operations]
    machine.slots.pop("scratch", None)
    meter.forget()
    return results if before == (meter.counters(), meter.depth_counts(), meter.birth_count()) else "counted"


def _forth_and_back(machine, path, values):
    """The list ends as long as it was, in other cells if it had to be enlarged."""
    a = machine.at(path)
    for value in values:
        a.append(value)
    for _ in values:
        a.pop()


def _too_large(machine, path):
    if isinstance(machine.meter, PlainMeter):
        raise OverflowError
    machine.at(path).append(2**63)


def _unpack(machine, path):
    u, v = machine.at(path)
    return [u, v]


def _first_above(machine, path, bound):
    for i, value in enumerate(machine.at(path)):
        if value > bound:
            return i
    return -1


def _dot(machine, left, right):
    return sum(u * v for u, v in zip(machine.at(left), machine.at(right), strict=False))


def _extend_by(machine, path, other, factor):
    machine.at(path).extend(value * factor for value in machine.at(other))


OPERATIONS = {
    "drop": lambda m, slot: _store(m, slot, None),
    "fill": lambda m, slot, values, times: _store(m, slot, m.meter.fill(tuple(values), times)),
    "display": _display,
    "nested": _nested,
    "record": _record,
    "name": lambda m, slot, path: _store(m, slot, m.at(path)),
    "step": lambda m, sample, label: m.meter.begin_step(sample, label),
    "end": lambda m: m.meter.end_step(),
    "predict": lambda m, sample: m.meter.begin_predict(sample),
    "get": lambda m, path, index: m.at(path)[index],
    "set": _set,
    "augment": _augment,
    "length": lambda m, path: len(m.at(path)),
    "truth": lambda m, path: not m.at(path),
    "sum": lambda m, path: sum(m.at(path)),
    "largest": lambda m, path: max(m.at(path), default=None),
    "any": lambda m, path: any(m.at(path)),
    "unpack": _unpack,
    "first_above": _first_above,
    "dot": _dot,
    "backwards": lambda m, path: [repr(value) for value in reversed(m.at(path))],
    "contains": lambda m, path, value: value in m.at(path),
    "index": lambda m, path, value: m.at(path).index(value),
    "count": lambda m, path, value: m.at(path).count(value),
    "equal": _equal,
    "unequal": _unequal,
    "contains_row": _contains_row,
    "other_kind": _other_kind,
    "leave_at_once": lambda m, path: any(True for _ in m.at(path)),
    "slice": lambda m, slot, path, bounds: _store(m, slot, m.at(path)[slice(*bounds)]),
    "copy": lambda m, slot, path: _store(m, slot, m.at(path).copy()),
    "add": lambda m, slot, left, right: _store(m, slot, m.at(left) + m.at(right)),
    "times": lambda m, slot, path, n: _store(m, slot, m.at(path) * n),
    "times_left": lambda m, slot, path, n: _store(m, slot, n * m.at(path)),
    "listed": lambda m, slot, path: _store(m, slot, m.meter.listed(m.at(path))),
    "comprehension": lambda m, slot, path: _store(m, slot, m.meter.listed(v > 0 for v in m.at(path))),
    "sorted": lambda m, slot, path, r: _store(m, slot, m.meter.sorted_list(m.at(path), reverse=r)),
    "sort": lambda m, path, reverse: m.at(path).sort(reverse=reverse),
    "reverse": lambda m, path: m.at(path).reverse(),
    "append": lambda m, path, value: m.at(path).append(value),
    "extend": lambda m, path, other: m.at(path).extend(m.at(other)),
    "extend_by": _extend_by,
    "insert": lambda m, path, index, value: m.at(path).insert(index, value),
    "pop": lambda m, path, index: m.at(path).pop(index),
    "pop_row": lambda m, slot, path, index: _store(m, slot, m.at(path).pop(index)),
    "clear": lambda m, path: m.at(path).clear(),
    "assign_slice": lambda m, path, bounds, values: m.at(path).__setitem__(slice(*bounds), values),
    "copy_slice": lambda m, path, bounds, other: _set(m, path, slice(*bounds), m.at(other)),
    "row": _row,
    "hold": _hold,
    "refused": _refused,
    "too_large": _too_large,
    "look": _look,
    "forth_and_back": _forth_and_back,
}
