"""Random sequences of list and record operations, run in lockstep on several meters and on plain lists.

Promises: each operation is drawn from what plain lists say is possible now, so that every meter can run it;
after each one the result (or error), all contents and every counter are compared.
Does not cover: what only source text can express (`random_programs`).
"""

from types import SimpleNamespace

from tests.harness.trace_machine import SLOTS, Machine, PlainMeter, walk_plain

NUMBERS = (0.0, -0.0, 1.5, -2.25, 3, 0, True, False, 1e300, 2**63 - 1, -(2**63), 0.1)
LONGEST = 40


def counted(meter):
    """All that a meter says, in one comparable record."""
    return meter.counters() | {"depths": meter.depth_counts(), "births": meter.birth_count()}


def run_lockstep(random, meters, n_inputs, length):
    """Run `length` random operations on every meter.

    Args:
        random: a random.Random.
        meters: name to a form of the meter, see `trace_forms`.
        n_inputs: size of the input buffer.
        length: number of operations.

    Raises:
        AssertionError: results, errors, contents or counters differ; the message holds the operations.
    """
    plain = Machine(PlainMeter(n_inputs), walk_plain)
    machines = {name: Machine(form.meter(n_inputs), form.walk) for name, form in meters.items()}
    done = []
    for _ in range(length):
        operation = draw_operation(random, plain, n_inputs)
        done.append(operation)
        expected = plain.run(operation)
        results = {name: machine.run(operation) for name, machine in machines.items()}
        assert all(result == expected for result in results.values()), (done, expected, results)
        contents = {name: machine.contents() for name, machine in machines.items()}
        assert all(content == plain.contents() for content in contents.values()), (done, contents)
        counts = {name: counted(machine.meter) for name, machine in machines.items()}
        first = next(iter(counts.values()))
        assert all(count == first for count in counts.values()), (done, counts)


def draw_operation(random, plain, n_inputs):
    found = reachable(plain)
    draws = [_draw_new, _draw_new, _draw_clock]
    draws += [_draw_look] if found.numbers else []
    draws += [_draw_numbers_read] * 4 + [_draw_new_from] * 3 + [_draw_numbers_write] * 4 if found.numbers else []
    draws += [_draw_rows] * 4 if found.rows else []
    draws += [_draw_record] * 2 if found.records else []
    operation = None
    while operation is None:
        operation = random.choice(draws)(random, found, n_inputs)
    return operation


def _draw_new(random, _found, _n_inputs):
    slot = random.choice(SLOTS)
    row = tuple(random.choice(NUMBERS) for _ in range(random.randint(1, 5)))
    name = random.choice(("drop", "fill", "fill", "nested", "nested", "record"))
    if name == "drop":
        return (name, (slot,))
    if name == "fill":
        return (name, (slot, row, random.choice((0, 1, 1, 2, 7))))
    if name == "nested":
        return (name, (slot, [(value, random.randint(0, 4)) for value in row]))
    return (name, (slot, random.choice(NUMBERS), row, random.random() < 0.5))


def _draw_clock(random, _found, n_inputs):
    sample = [random.choice((-1.0, 1.0)) for _ in range(n_inputs)]
    name = random.choice(("step", "end", "predict"))
    return (name, {"step": (sample, 1.0), "end": (), "predict": (sample,)}[name])


def _draw_look(random, found, n_inputs):
    """A few reads, temporaries and lists that grow and shrink again, none of which is to count."""
    sample = [random.choice((-1.0, 1.0)) for _ in range(n_inputs)]
    operations = [_draw_numbers_read(random, found, n_inputs) for _ in range(random.randint(1, 4))]
    path, _ = random.choice(found.numbers)
    operations.append(("listed", ("scratch", path)))
    operations.append(("forth_and_back", (path, [0.5] * random.choice((1, 3, 20)))))
    random.shuffle(operations)
    return ("look", (sample, operations))


def _draw_numbers_read(random, found, _n_inputs):
    path, value = random.choice([*found.numbers, (("x",), [0.0])])
    other, _ = random.choice(found.numbers)
    number = random.choice([*value, random.choice(NUMBERS)])
    arguments = {
        "get": (path, random.randint(-len(value) - 1, len(value))),
        "first_above": (path, random.choice((-1, 0, 2))),
        "contains": (path, number),
        "index": (path, number),
        "count": (path, number),
    }
    arguments |= dict.fromkeys(("length", "truth", "sum", "largest", "any", "backwards", "unpack"), (path,))
    arguments |= dict.fromkeys(("dot", "equal", "unequal"), (path, other))
    name = random.choice(sorted(arguments))
    return (name, arguments[name])


def _draw_new_from(random, found, _n_inputs):
    slot = random.choice(SLOTS)
    path, value = random.choice(found.numbers)
    other, more = random.choice(found.numbers)
    if len(value) + len(more) > LONGEST:
        return ("clear", (path,))
    elements = [(*other, i) for i in range(len(more))] + [random.choice(NUMBERS)]
    times = random.choice((-1, 0, 1, 2)) if len(value) < LONGEST // 2 else 1
    arguments = {
        "slice": (slot, path, _bounds(random, len(value))),
        "add": (slot, path, other),
        "sorted": (slot, path, random.random() < 0.5),
        "display": (slot, random.sample(elements, len(elements))),
    }
    arguments |= dict.fromkeys(("copy", "listed", "comprehension", "name"), (slot, path))
    arguments |= dict.fromkeys(("times", "times_left"), (slot, path, times))
    name = random.choice(sorted(arguments))
    return (name, arguments[name])


def _bounds(random, n):
    ends = (None, *range(-n - 1, n + 2))
    return (random.choice(ends), random.choice(ends), random.choice((None, 1, 1, 2, -1, -3)))


def _draw_numbers_write(random, found, _n_inputs):
    path, value = random.choice(found.numbers)
    other, more = random.choice(found.numbers)
    index = random.randint(-len(value) - 1, len(value))
    number = random.choice(NUMBERS)
    bounds = _bounds(random, len(value))
    fitting = len(value[slice(*bounds)])
    arguments = {
        "set": (path, index, number),
        "augment": (path, index, 0.5),
        "append": (path, number),
        "insert": (path, index, number),
        "pop": (path, index),
        "sort": (path, random.random() < 0.5),
        "assign_slice": (path, bounds, [number] * fitting),
        "too_large": (path,),
    }
    arguments |= dict.fromkeys(("reverse", "clear"), (path,))
    if len(value) + len(more) <= LONGEST and value is not more:
        arguments |= {"extend": (path, other), "extend_by": (path, other, 0.5)}
    elif len(value) + len(more) <= LONGEST:
        arguments |= {"extend": (path, other)}
    if fitting == len(more):
        arguments["copy_slice"] = (path, bounds, other)
    name = random.choice(sorted(arguments))
    return (name, arguments[name])


def _draw_rows(random, found, _n_inputs):
    path, rows = random.choice(found.rows)
    other, value = random.choice(found.numbers + found.rows)
    slot = random.choice(SLOTS)
    index = random.randint(-len(rows) - 1, len(rows))
    fresh = [random.choice(NUMBERS) for _ in range(random.randint(0, 3))]
    how = random.choice(("append", "insert", "set")) if len(rows) < 9 else "set"
    arguments = {
        "row": (path, index, fresh, how),
        "pop_row": (slot, path, index),
        "contains_row": (path, other),
    }
    arguments |= dict.fromkeys(("reverse", "clear", "length", "truth", "leave_at_once"), (path,))
    arguments |= dict.fromkeys(("equal", "unequal"), (path, other))
    if id(value) in found.held or id(rows) in below(value):
        arguments["refused"] = (path, other)
    elif len(rows) < 9:
        arguments["hold"] = (path, random.choice(("append", index)), other)
    name = random.choice(sorted(arguments))
    return (name, arguments[name])


def _draw_record(random, found, _n_inputs):
    path, record = random.choice(found.records)
    field = random.choice(sorted(record))
    old = record[field]
    if not isinstance(old, list | dict):
        arguments = {
            "get": (path, field),
            "set": (path, field, random.choice(NUMBERS)),
            "augment": (path, field, 0.5),
        }
        name = random.choice(sorted(arguments))
        return (name, arguments[name])
    other, value = random.choice(found.numbers + found.rows + found.records)
    if isinstance(value, dict) != isinstance(old, dict):
        return ("other_kind", (path, field, other))
    if id(value) in found.held or id(record) in below(value):
        return ("name", (random.choice(SLOTS), (*path, field)))
    return ("hold", (path, field, other))


# -- what plain lists say is possible


def paths(value, path):
    """Every list and record that can be reached, with its path."""
    if isinstance(value, list | dict):
        yield path, value
        for step, item in enumerate(value) if isinstance(value, list) else value.items():
            yield from paths(item, (*path, step))


def reachable(plain):
    found = SimpleNamespace(numbers=[], rows=[], records=[], held=set())
    for slot in SLOTS:
        for path, value in paths(plain.slots[slot], (slot,)):
            if len(path) > 1:
                found.held.add(id(value))
            if isinstance(value, dict):
                found.records.append((path, value))
            elif not value or not isinstance(value[0], list):
                found.numbers.append((path, value))
            if isinstance(value, list) and (not value or isinstance(value[0], list)):
                found.rows.append((path, value))
    return found


def below(container):
    return {id(value) for _, value in paths(container, ())}
