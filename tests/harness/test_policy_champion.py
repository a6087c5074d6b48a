"""The champion is data, and its method keeps the protocol."""

import pytest

from harness.policy import Champion, PolicyError, check, parse_champion

CHAMPION = "sparse_parity/champion.py"
METHODS = "sparse_parity/methods/"
MODEL = "def dot(u, v):\n    return u[0] * v[0]\n"
CHOICE = 'METHOD = "probe"\nHYPERPARAMETERS = {"lr": 0.1}\n'
PROTOCOL = """from sparse_parity.tracker import NO_TRACKER
def init(n_bits, k_sparse, hp, rng):
    return {"w": [rng.random() for _ in range(n_bits)]}
def predict(state, x, hp):
    return state["w"][0] * x[0]
def step(state, x, y, hp, tracker=NO_TRACKER):
    state["w"][0] += hp["lr"] * y * x[0]
"""


def refusals_of(champion=CHOICE, **methods):
    sources = {f"{METHODS}{name}.py": text for name, text in ({"probe": PROTOCOL} | methods).items()}
    return [str(refusal) for refusal in check({CHAMPION: champion, **sources}, model=MODEL)]


def assert_first(found, start, fragment):
    assert found
    assert found[0].startswith(start), found
    assert fragment in found[0], found


def test_champion_is_read_as_literals():
    text = '"""Why."""\nMETHOD = "probe"\nHYPERPARAMETERS = {"hidden": 500, "lr": -1e-3, "mask": 0xFF}\n'
    assert parse_champion(text) == Champion("probe", {"hidden": 500, "lr": -0.001, "mask": 255})


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    [
        ("", 1, "METHOD is missing"),
        ('METHOD = "a"\n', 1, "HYPERPARAMETERS is missing"),
        (CHOICE + 'METHOD = "b"\n', 3, "does not belong here"),
        ("import os\n" + CHOICE, 1, "does not belong here"),
        (CHOICE + 'print("x")\n', 3, "does not belong here"),
        (CHOICE + 'METHOD += "x"\n', 3, "does not belong here"),
        (CHOICE + "SEED = 1\n", 3, "does not belong here"),
        ('METHOD = HYPERPARAMETERS = "a"\n', 1, "does not belong here"),
        ("METHOD = 1\nHYPERPARAMETERS = {}\n", 1, "not the name of a method"),
        ('METHOD = "../x"\nHYPERPARAMETERS = {}\n', 1, "not the name of a method"),
        ('METHOD = "a" + "b"\nHYPERPARAMETERS = {}\n', 1, "not the name of a method"),
        ('METHOD = f"a"\nHYPERPARAMETERS = {}\n', 1, "not the name of a method"),
        ('METHOD = "a"\nHYPERPARAMETERS = dict(lr=1)\n', 2, "is not a record"),
        ('METHOD = "a"\nHYPERPARAMETERS = [1]\n', 2, "is not a record"),
        ('METHOD = "a"\nHYPERPARAMETERS = {**{}}\n', 2, "not a lower-case name"),
        ('METHOD = "a"\nHYPERPARAMETERS = {1: 2}\n', 2, "not a lower-case name"),
        ('METHOD = "a"\nHYPERPARAMETERS = {\n    "LR": 2}\n', 3, "not a lower-case name"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"_lr": 2}\n', 2, "not a lower-case name"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": 2, "lr": 3}\n', 2, "given once"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": True}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": "x"}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": None}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": 1e999}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": 2 * 3}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": [1]}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": (1,)}\n', 2, "not a finite number"),
        ('METHOD = "a"\nHYPERPARAMETERS = {"lr": 9223372036854775808}\n', 2, "at most 64 bits"),
        (f'METHOD = "a"\nHYPERPARAMETERS = {dict.fromkeys("abcdefghijklmnopq", 1)}\n', 2, "at most 16"),
        ("METHOD = \n", 1, "not Python"),
        ("\0", 1, "U+0000"),
    ],
)
def test_champion_refuses_whatever_is_no_literal(text, line, fragment):
    with pytest.raises(PolicyError) as caught:
        parse_champion(text)
    assert str(caught.value).startswith(f"{CHAMPION}:{line}: ")
    assert fragment in str(caught.value)
    assert caught.value.refusal in check({CHAMPION: text, f"{METHODS}probe.py": PROTOCOL}, model=MODEL)


def test_a_method_that_is_not_there_is_refused():
    found = refusals_of('"""Which."""\nMETHOD = "gone"\nHYPERPARAMETERS = {}\n')
    assert_first(found, f"{CHAMPION}:2: ", "METHOD names 'gone'")


def test_a_missing_champion_is_refused():
    (found,) = check({}, model=MODEL)
    assert str(found).startswith(f"{CHAMPION}:1: this file is missing")


@pytest.mark.parametrize(
    ("old", "new", "line", "fragment"),
    [
        ("def step(", "def steps(", 1, "no function step"),
        ("def predict(state, x, hp)", "def predict(state, sample, hp)", 4, "write def predict(state, x, hp)"),
        ("hp, tracker=NO_TRACKER)", "hp, tracker)", 6, "write def step(state, x, y, hp, tracker=NO_TRACKER)"),
        ("n_bits, k_sparse, hp, rng)", "n_bits, hp, rng)", 2, "init has other parameters"),
        ('    state["w"][0] += hp["lr"] * y * x[0]', "    return y", 6, "step returns a value"),
        ('    return state["w"][0] * x[0]', "    return", 4, "predict returns no single value"),
        ('    return state["w"][0] * x[0]', "    return 1, 2", 4, "predict returns no single value"),
    ],
)
def test_the_champions_method_must_keep_the_protocol(old, new, line, fragment):
    assert_first(refusals_of(probe=PROTOCOL.replace(old, new)), f"{METHODS}probe.py:{line}: ", fragment)


def test_only_the_champions_method_must_keep_the_protocol():
    assert refusals_of(parts="def halve(a):\n    return a / 2\n") == []
