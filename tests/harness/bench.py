"""A task so small that a measurement takes a tenth of a second, and methods written for tests."""

from dataclasses import replace
from pathlib import Path

from harness.gate import TRUSTED_FOLDERS, Bench
from harness.measure import Program
from harness.task import load

ROOT = Path(__file__).resolve().parents[2]
CHAMPION = "sparse_parity/champion.py"
METHODS = "sparse_parity/methods/"

TINY = replace(
    load(ROOT, "parity20"),
    name="tiny",
    n_bits=8,
    k_sparse=2,
    n_train=200,
    n_validation=200,
    n_test=200,
    check_every=50,
    max_epochs=20,
    min_reads=100,
    time_limit_s=20,
    memory_mb=512,
)


def trusted():
    """Text of the package and of the contract tests as they stand in this checkout, by path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for folder in TRUSTED_FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def editable(champion_text):
    """The files that a proposal may edit, with that champion."""
    methods = {p: t for p, t in trusted().items() if p.startswith(METHODS) and not p.endswith("__init__.py")}
    return {**methods, CHAMPION: champion_text}


def champion(method="standard", **hyperparameters):
    """The text of champion.py."""
    return f'"""The champion."""\n\nMETHOD = "{method}"\nHYPERPARAMETERS = {hyperparameters!r}\n'


def tiny_bench(task=TINY):
    """What the candidates of the tests are measured with."""
    return Bench(task, trusted(), b"a secret of the tests")


def net(method="standard", **hyperparameters):
    """The program of a published method."""
    wanted = {"hidden": 24, "lr": 0.1, "wd": 0.01} | hyperparameters
    return tiny_bench().program(editable(champion(method, **wanted)))


LEARNER = """
def init(n_bits, k_sparse, hp, rng):
    {init}


def step(state, x, y, hp, tracker=None):
    {step}


def predict(state, x, hp):
    {predict}
"""
INIT = 'return {"w": [0.0 for _ in range(n_bits)], "b": 0.0, "flag": 1, "rows": [[1.0], [2.0]]}'
STEP = 'state["w"][0] = state["w"][0] + y'
PREDICT = 'return sum(w * v for w, v in zip(state["w"], x)) + 0.5'


def learner(init=INIT, step=STEP, predict=PREDICT):
    """A program of three statements that learns next to nothing. The policy has not seen it."""
    parts = {"init": init, "step": step, "predict": predict}
    text = LEARNER.format(**{name: body.replace("\n", "\n    ") for name, body in parts.items()})
    return Program({"sparse_parity.methods.small": text}, "small", {"lr": 0.1})
