"""Cheats that keep numbers where the meter would not see them."""

from tests.attacks.attack import FORWARD, Attack, at_top, before, caught, refused, when_measured

ONE_FORM = "the container has no other form that could be switched to"
HIDDEN = (
    refused("tuples as cons cells", "hidden", before(FORWARD, "c = (x[0], x[1])"), "a tuple here"),
    refused("a tuple in the state", "hidden", before(FORWARD, 'state["b2"] = (0.0, 1.0)'), "a tuple here"),
    refused("a set", "hidden", before(FORWARD, "c = {x[0], x[1]}"), "a set is not allowed"),
    refused("a dict that grows", "hidden", before(FORWARD, "c = {i: v for i, v in enumerate(x)}"), "a dict"),
    refused("a lambda", "hidden", before(FORWARD, "c = lambda: x"), "a lambda"),
    refused("a closure", "hidden", before(FORWARD, "def inner():", "    pass"), "a nested def"),
    refused(
        "a default argument",
        "hidden",
        at_top("def f(v, cache=[]):\n    cache.append(v)\n"),
        "defaults outlive the call",
    ),
    refused("a generator kept", "hidden", before(FORWARD, "c = (v for v in x)"), "a generator here"),
    refused("an iterator kept", "hidden", before(FORWARD, "c = zip(x, x)"), "iterators are not values"),
    refused("a range kept", "hidden", before(FORWARD, "c = range(3, 9)"), "iterators are not values"),
    refused("a function kept", "hidden", before(FORWARD, "c = forward"), "functions are not values"),
    refused("building text", "hidden", before(FORWARD, 'c = "a" * 9'), "text is no value"),
    refused("an f-string", "hidden", before(FORWARD, 'c = f"{out}"'), "an f-string"),
    refused("a global", "hidden", before(FORWARD, "global CACHE", "CACHE = 1.0"), "global is not allowed"),
    refused("a list in the module", "hidden", at_top("CACHE = []\n"), "modules hold no state"),
    refused("a class", "hidden", at_top("class C:\n    pass\n"), "ClassDef at the top level"),
    refused("a coroutine", "hidden", at_top("def f(v):\n    yield v\n"), "yield is not allowed"),
    refused("writing a hyperparameter", "structure", before(FORWARD, 'hp["lr"] = 0.2'), "assigning to hp"),
    refused("the tracker as a memory", "hidden", before(FORWARD, 'a = tracker.read("x", 1)'), "tracker.read"),
    refused("an exception as a carrier", "hidden", before(FORWARD, "raise x"), "raise is not allowed"),
    refused("identity of lists", "structure", before(FORWARD, "a = x is x"), "identity can carry numbers"),
    refused("stars that copy", "containers", before(FORWARD, "a = [*x]"), "a starred expression"),
    refused("recursion as a stack", "hidden", at_top("def f(v):\n    return f(v) + 1.0\n"), "the recursion"),
    refused(
        "mutual recursion",
        "hidden",
        at_top("def f(v):\n    return g(v)\n\n\ndef g(v):\n    return f(v)\n"),
        "recursion",
    ),
    refused(
        "a layer in registers",
        "hidden",
        before(FORWARD, *(f"r{i} = 0.0" for i in range(40))),
        "registers are not memory",
    ),
    refused(
        "a layer in a chain of calls",
        "hidden",
        at_top(
            "".join(
                f"def f{d}(v):\n"
                f"    {', '.join(f'a{i}' for i in range(28))} = {', '.join('v' for _ in range(28))}\n"
                f"    return {f'f{d + 1}(v) + ' if d < 6 else ''}{' + '.join(f'a{i}' for i in range(28))}\n\n\n"
                for d in range(6, -1, -1)
            )
        ),
        "values of at most 128",
    ),
    refused("a literal beyond 64 bits", "hidden", before(FORWARD, f"a = {2**64}"), "beyond 64 bits"),
    caught(
        "a big integer by multiplication",
        "hidden",
        when_measured(FORWARD, "v = 1", "for _ in h_of(x):", "    v = v * 4294967296 + 7")
        + at_top("def h_of(x):\n    return [v for v in x]\n\n\n"),
        "at most 64 bits",
        "64 bits",
    ),
    caught(
        "a big integer by floor division",
        "hidden",
        when_measured(FORWARD, "v = 1", "for i in range(9):", "    v = (v * 4294967296 + i) // 1"),
        "at most 64 bits",
        "64 bits",
    ),
    caught(
        "a big integer in a pair that is returned",
        "hidden",
        when_measured(FORWARD, "v = 1", "w = 0", "for i in range(9):", "    v, w = push(v, i)")
        + at_top("def push(v, i):\n    return v * 4294967296 + i, i\n\n\n"),
        "at most 64 bits",
        "64 bits",
    ),
    caught(
        "a big integer by negation",
        "hidden",
        when_measured(FORWARD, f"v = {2**63 - 1}", "for _ in range(9):", "    w = v", "    v = -(~v)", "    v = v | w"),
        "at most 64 bits",
        "64 bits",
    ),
    caught(
        "a big integer by counting from the largest",
        "hidden",
        when_measured(FORWARD, f"v = {2**63 - 1}", "for w, _ in enumerate(x, v):", "    v = w"),
        "at most 64 bits",
        "64 bits",
    ),
    caught(
        "a bit in whether a number or a row lies here",
        "structure",
        when_measured(FORWARD, "rows = [[1.0]]", "if rows[0] == 0.0:", "    return"),
        "a list is compared with a list only",
        because=ONE_FORM,
    ),
    caught(
        "a bit in whether a field holds a list or a record",
        "structure",
        when_measured(FORWARD, 'r = {"f": [1.0]}', 'r["f"] = {"g": 1.0}'),
        "holds a list; keep it so",
        because=ONE_FORM,
    ),
    caught(
        "the truth of a record",
        "structure",
        when_measured(FORWARD, 'r = {"f": 1.0}', "if r:", "    return"),
        "neither true nor false",
        because=ONE_FORM,
    ),
    caught(
        "two records compared",
        "structure",
        when_measured(FORWARD, 'r = {"f": 1.0}', 'if r == {"f": 1.0}:', "    return"),
        "compare their fields",
        because=ONE_FORM,
    ),
    caught("a big integer by a shift", "hidden", when_measured(FORWARD, "v = 1 << 90"), "at most 64 bits", "64 bits"),
    caught(
        "two numbers in a complex one",
        "hidden",
        when_measured(FORWARD, "v = (-2.0) ** 0.5"),
        "no real number",
        "real numbers",
    ),
    caught(
        "a row in two lists",
        "structure",
        when_measured(FORWARD, 'rows = [state["W1"][0]]'),
        "held by one list or record at a time",
        "held once",
    ),
    caught(
        "the same row twice",
        "structure",
        when_measured(FORWARD, "row = [1.0]", "rows = [row, row]"),
        "held by one list or record at a time",
        "held once",
    ),
    caught(
        "one row repeated",
        "structure",
        when_measured(FORWARD, "rows = [[1.0, 2.0]] * 3"),
        "held once",
        "held once",
    ),
    Attack(
        "a row of the state in two places",
        "structure",
        before(FORWARD, 'state["W1"][0] = state["W1"][1]'),
        "tests",
        "test_",
    ),
    caught(
        "numbers and rows in one list",
        "structure",
        when_measured(FORWARD, "rows = [1.0]", "rows.append([1.0])"),
        "numbers or rows, not both",
        because=ONE_FORM,
    ),
    caught("storage in the input buffer", "hidden", when_measured(FORWARD, "x.append(y)"), "TypeError", "input buffer"),
    caught(
        "the input buffer kept in the state",
        "hidden",
        when_measured(FORWARD, 'state["W2"] = x'),
        "TypeError",
        "held once",
    ),
)
