"""Random small programs as source text: `init`, `step` and `predict` in the subset that candidates may use.

Promises: every program runs without an error in plain Python, on numbers that stay finite; each uses loops,
comprehensions, slices, nested rows, records and temporaries at random.
Does not cover: programs that fail (`random_operations` draws errors), and what `policy` refuses.
"""

LENGTH = 4  # of every vector in the state
ROWS = 3
INPUTS = 3

PROGRAM = """\
import math

RATE = 0.125


def blend(left, right, amount):
    return [u + amount * v for u, v in zip(left, right)]


def norm(values):
    total = 0.0
    for value in values:
        total += value * value
    return math.sqrt(total)


def damp(value: float, amount: float = 0.25, sign=-1.0):
    limit: float = 8.0
    assert amount <= limit
    return sign * amount * value


def init(n_bits, k_sparse, hp, rng):
    state = {{
        "t": 0,
        "w": [rng.random() for _ in range({length})],
        "m": [[rng.random() - 0.5 for _ in range({length})] for _ in range({rows})],
        "scale": 0.5,
        "opt": {{"rate": hp["lr"], "v": [0.0] * {length}}},
        "log": [0.25],
    }}
{init}
    return state


def step(state, x, y, hp, tracker):
    w = state["w"]
    m = state["m"]
    v = state["opt"]["v"]
    log = state["log"]
    s = 0.0
    q = y
    c = [0.5, y, -1, 2.0]
    tracker.read("w", len(w))
{step}
    state["t"] += 1
    if len(log) > 6:
        log.pop(0)


def predict(state, x, hp):
    w = state["w"]
    m = state["m"]
    v = state["opt"]["v"]
    log = state["log"]
    s = 0.0
    q = 0.25
    c = w[:]
{predict}
    return float(s + q)
"""


def random_program(random):
    """Source of one module. Every draw comes from `random`."""
    return PROGRAM.format(
        length=LENGTH,
        rows=ROWS,
        init=block(random, 1, 0, ("state_scalar", "opt")),
        step=block(random, random.randint(3, 9), 0, STATEMENTS),
        predict=block(random, random.randint(1, 4), 0, LOCAL_STATEMENTS),
    )


def block(random, count, depth, allowed):
    """`count` statements, indented by one level."""
    lines = [line for _ in range(count) for line in statement(random, depth, allowed)]
    return "\n".join(f"    {line}" for line in lines)


def statement(random, depth, allowed):
    """One statement as lines without indentation."""
    name = random.choice(allowed)
    if name in COMPOUND:
        return compound(random, depth, allowed, name)
    return fill_in(random, random.choice(SIMPLE[name])).split("\n")


def compound(random, depth, allowed, name):
    if depth == 2 or (name == "while" and depth):  # its counter is a name that an inner one would change
        return ["s = -s"]
    lines = [fill_in(random, random.choice(COMPOUND[name]))]
    lines += block(random, random.randint(1, 3), depth + 1, allowed).split("\n")
    if name == "while":
        return ["k = 0", *lines, "    k += 1"]
    if name == "if" and random.random() < 0.4:
        return [*lines, "else:", *block(random, 1, depth + 1, allowed).split("\n")]
    if name == "loop" and random.random() < 0.2:
        leave = random.choice(("break", "continue"))
        return [*lines, fill_in(random, "    if <n> > <n>:"), f"        {leave}", "    s = -s"]
    return lines


def fill_in(random, template, depth=0):
    """Fill each hole: <n> number, <l> list of LENGTH numbers, <i> index, <r> row number, <v> vector."""
    while any(hole in template for hole in HOLES):
        at, hole = min((template.index(hole), hole) for hole in HOLES if hole in template)
        choices = HOLES[hole]
        if depth > 1 and hole in SHALLOW:
            choices = SHALLOW[hole]
        text = fill_in(random, random.choice(choices), depth + 1)
        template = template[:at] + text + template[at + len(hole) :]
    return template


INDICES = tuple(str(i) for i in range(-LENGTH, LENGTH))
SHALLOW = {
    "<n>": ("s", "q", "0.75", "-0.5", "w[<i>]", "c[<i>]", "v[<i>]", "m[<r>][<i>]", "RATE", "x[0]", "x[-1]"),
    "<l>": ("[0.5, s, q, -0.25]", "([q] * 4)", "w[:]", "c.copy()", "[s * u for u in c]"),
}
HOLES = {
    "<i>": INDICES,
    "<r>": tuple(str(i) for i in range(-ROWS, ROWS)),
    "<v>": ("w", "v", "c", "m[<r>]", 'state["w"]', 'state["opt"]["v"]'),
    "<n>": (
        *SHALLOW["<n>"],
        "(<n> + <n>)",
        "(<n> - <n>)",
        "(<n> * <n>)",
        "-<n>",
        "math.tanh(<n>)",
        "math.erf(<n>)",
        "damp(<n>)",
        "damp(<n>, sign=0.5)",
        "sum(<v>, 0.5)",
        "sum((u * <n> for u in <v>), -1.0)",
        "max(<v>, default=<n>)",
        "min((u for u in <v> if u > <n>), default=-0.5)",
        "sum(i * u for i, u in enumerate(<v>, start=2))",
        "sum(a * e - b * d for a, b, d, e in m)",
        "sum(i * b for i, (a, b, d, e) in enumerate(m))",
        "abs(<n>)",
        "(<n> if <n> > <n> else <n>)",
        "float(<n> < <n> <= <n>)",
        "sum(<v>)",
        "sum(<l>)",
        "sum([u * u for u in <l>])",
        "sum(a * b for a, b in zip(<v>, <v>))",
        "sum(i * u for i, u in enumerate(<v>))",
        "sum(u for row in m for u in row if u > <n>)",
        "max(<v>)",
        "min(<n>, <n>)",
        "max(math.tanh(u) for u in <l>)",
        "float(any(u > <n> for u in <v>))",
        "float(all(<l>))",
        "len(<v>)",
        "len(log)",
        "<v>.count(<n>)",
        "float(<n> in <v>)",
        "float(<v> == <v>)",
        "float(<v> != <l>)",
        "float(not log)",
        "float(m[0] in m[1:1])",
        "norm(<v>)",
        "norm(<l>)",
        "blend(<v>, <l>, <n>)[<i>]",
        "sorted(<v>)[<i>]",
        "list(reversed(<v>))[<i>]",
        "<l>[<i>]",
        "float(w.index(w[<i>]))",
        "min(u for u in x if True)",
        "round(math.tanh(<n>), 3)",
        'state["scale"]',
        'state["opt"]["rate"]',
        'float(state["t"])',
    ),
    "<l>": (
        *SHALLOW["<l>"],
        "[<n>, <n>, <n>, <n>]",
        "([<n>] * 4)",
        "(2 * [<n>, <n>])",
        "[<n> for _ in range(4)]",
        "[<n> * i for i in range(4)]",
        "[u * <n> for u in <v>]",
        "[a - b for a, b in zip(<l>, <v>)]",
        "[u if u > 0.0 else 0.0 for u in <l>]",
        "([sum(row) for row in m] + [<n>])",
        "([row[<i>] for row in m] + [<n>])",
        "<v>[:]",
        "<l>[::-1]",
        "(<v>[:2] + <l>[2:])",
        "(<v>[1:3] * 2)",
        "(2 * <v>[::2])",
        "list(<v>)",
        "list(math.tanh(u) for u in <v>)",
        "sorted(<l>)",
        "sorted(<v>, reverse=True)",
        "list(reversed(<v>))",
        "<v>.copy()",
        "blend(<v>, <l>, <n>)",
        "[max(column) for column in zip(m[0], m[1], m[2])]",
    ),
}
COMPOUND = {
    "if": ("if <n> > <n>:", "if <v> == <l>:", "if log:", "if <n> in <v>:"),
    "loop": (
        "for u in <v>:",
        "for i in range(3):",
        "for i, u in enumerate(<v>):",
        "for a, b in zip(<v>, <l>):",
        "for row in m:",
        "for a, b, d, e in m:",
        "for u in reversed(<v>):",
        "for u in <l>:",
    ),
    "while": ("while k < 3:",),
}
LOCAL = {
    "scalar": (
        "s = math.tanh(<n>)",
        "q = math.tanh(<n>)",
        "s += RATE * math.tanh(<n>)",
        "s, q = q, s",
        "s = q = math.tanh(<n>)",
        "assert len(<v>) > <i> - 4",
        "d: float = math.tanh(<n>)\ns = -d",
        "a, b, d, e = m[<r>]\nq = math.tanh(a - e)",
    ),
    "temporary": (
        "c = <l>\nc = [math.tanh(u) for u in c]",
        "c += [math.tanh(<n>)]\nc = c[1:]",
        "c = sorted(c)",
        "c, d, e, f = <v>\nc = [f, e, d, c]",
    ),
    "change": (
        "c[<i>] = math.tanh(<n>)",
        "c[<i>] -= RATE",
        "c.append(math.tanh(<n>))\nc.pop(<i>)",
        "c.insert(<i>, math.tanh(<n>))\nc.pop()",
        "c.sort()",
        "c.reverse()",
        "c.extend(<l>)\nc = [math.tanh(u) for u in c[4:]]",
        "c[1:3] = [math.tanh(<n>), math.tanh(<n>)]",
    ),
    "short": ("t = [<l>, <l>]\ns = math.tanh(sum(t[1]))", "t = <l>\nt.clear()\nq = float(len(t))"),
    "record": ('g = {"u": math.tanh(<n>), "z": <l>}\ng["u"] += 0.5\ns = math.tanh(g["u"] + sum(g["z"]))',),
    "tracker": ('tracker.write("w", len(w))',),
}
SIMPLE = LOCAL | {
    "state_scalar": ('state["scale"] = math.tanh(state["scale"] + 0.5)', 'state["t"] += 2'),
    "opt": ('state["opt"]["rate"] *= 0.5', 'state["opt"]["v"][<i>] = 0.125'),
    "element": ("w[<i>] = math.tanh(<n>)", "v[<i>] = math.tanh(v[<i>] + <n>)", "w[<i>] *= 0.5"),
    "matrix": ("m[<r>][<i>] = math.tanh(<n>)", "m[<r>][<i>] -= RATE * math.tanh(<n>)"),
    "whole": (
        "w[:] = [math.tanh(u) for u in <l>]",
        "w[::2] = [math.tanh(<n>), 0.5]",
        "v[1:] = w[:3]",
        "w.sort()",
        "v.reverse()",
        "w.append(math.tanh(<n>))\nw.pop(<i>)",
        "w.insert(<i>, math.tanh(<n>))\nw.pop(<i>)",
        'state["w"] += [0.5]\nstate["w"].pop(0)',
    ),
    "input": ("x[0] = -x[0]", "x[1] = math.tanh(<n>)"),
    "rows": (
        "m[<r>] = [math.tanh(u) for u in <l>]",
        "m.append(m.pop(<r>))",
        "m.insert(<r>, m.pop(<r>))",
        "m.insert(<r>, [math.tanh(u) for u in <l>])\nm.pop(<r>)",
        "m.reverse()",
        "row = m[<r>]\nrow[<i>] += 0.25\nrow[<i>] = math.tanh(row[<i>])",
        "m.append([s, q, s, q])\nm[-1].sort()\nm.pop(1)",
        "m[<r>] += [q]\nm[<r>].append(s)\nfor row in m:\n    while len(row) > 4:\n        row.pop(0)",
    ),
    "replace": (
        'state["w"] = [math.tanh(u) for u in <l>]\nw = state["w"]',
        'state["opt"]["v"] = [q] * 4\nv = state["opt"]["v"]',
        'state["opt"] = {"rate": 0.5, "v": [math.tanh(u) for u in <l>]}\nv = state["opt"]["v"]',
    ),
    "log": ("log.append(math.tanh(<n>))", "log.clear()", "log.extend(u > 0.0 for u in w)\nlog.sort()"),
}
LOCAL_STATEMENTS = (
    "scalar",
    "temporary",
    "change",
    "short",
    "record",
    "if",
    "loop",
    "while",
)
STATEMENTS = (*SIMPLE, *COMPOUND)
