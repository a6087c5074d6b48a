"""The learners beside this file, each with hyperparameters and a small task that it should (or cannot) solve.

Promises: `sources_of` gives what the policy reads and the gate compiles; `run` is one training in this process, over
any meter. Does not cover: the default task, which benchmarks/learners.py runs.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from types import MappingProxyType, SimpleNamespace

from harness import interpreter, measure, rewrite, task
from tests.harness.trace_forms import FORMS
from tests.harness.trace_machine import PlainMeter, walk_plain

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("learners")
METHODS = "sparse_parity/methods"
NET = {"hidden": 24, "lr": 0.1, "wd": 0.001}


@dataclass(frozen=True)
class Case:
    """`tiny` are the hyperparameters of the reference run, which costs the square of what is alive."""

    hp: dict
    n_bits: int = 8
    k_sparse: int = 2
    solves: bool = True
    tiny: dict = None

    @property
    def small(self):
        return self.hp | {"hidden": 3, "hidden2": 2} | (self.tiny or {})


CASES = {
    "adam": Case({"hidden": 24, "lr": 0.01}),
    "averaged_perceptron": Case({"lr": 1.0}, k_sparse=3),
    "correlation": Case({"lr": 1.0}, k_sparse=3),
    "dead_rows": Case(NET),
    "deep_mlp": Case({"hidden": 24, "hidden2": 12, "lr": 0.05, "wd": 0.001}),
    "evolution": Case({"population": 16, "enough": 12}, n_bits=10, k_sparse=3, tiny={"population": 4}),
    "gf2_elimination": Case({"lr": 1.0}, n_bits=10, k_sparse=3),
    "gf2_packed": Case({"lr": 1.0}, n_bits=10, k_sparse=3),
    "hebbian": Case({"lr": 0.01}),
    "hinge_perceptron": Case({"hidden": 24, "lr": 0.1}),
    "lazy_decay": Case(NET),
    "minibatch_sgd": Case({"hidden": 24, "lr": 0.5, "wd": 0.001, "batch": 8}, tiny={"batch": 2}),
    "momentum_sgd": Case({"hidden": 24, "lr": 0.02, "wd": 0.001, "momentum": 0.8}),
    "multiplicative_weights": Case({"penalty": 0.7}, k_sparse=3),
    "nearest_neighbour": Case({"memory": 120}, n_bits=10, k_sparse=3, solves=False, tiny={"memory": 5}),
    "row_fused": Case(NET),
    "sign_sgd": Case({"hidden": 24, "lr": 0.01, "beta": 0.9, "cool": 100}),
    "subset_search": Case({"lr": 1.0}, n_bits=10, k_sparse=3),
    "tiled": Case(NET | {"tile": 4}, tiny={"tile": 2}),
    "walsh_hadamard": Case({"samples": 100}, k_sparse=3, tiny={"samples": 4}),
}

DEFAULT = task.load(ROOT, "parity20")


def source_of(name):
    return (FOLDER / f"{name}.py").read_text("utf-8")


def sources_of(name):
    champion = f'METHOD = "{name}"\nHYPERPARAMETERS = {CASES[name].hp}\n'
    return {"sparse_parity/champion.py": champion, f"{METHODS}/{name}.py": source_of(name)}


def modules_of(name):
    model = (ROOT / "sparse_parity/model.py").read_text("utf-8")
    return {"sparse_parity.model": model, f"sparse_parity.methods.{name}": source_of(name)}


def program_of(name):
    return measure.Program(modules_of(name), name, CASES[name].hp)


def task_of(name):
    """A small task: enough samples to solve it, few checks, and a minimum of reads to match."""
    case = CASES[name]
    return replace(
        DEFAULT,
        n_bits=case.n_bits,
        k_sparse=case.k_sparse,
        n_train=200,
        n_validation=200,
        n_test=200,
        check_every=200,
        min_reads=case.k_sparse * 200,
        time_limit_s=60,
    )


def samples_of(case, count, seed=7):
    """Inputs and labels; the secret is the last k bits."""
    rng = Random(seed)
    drawn = []
    for _ in range(count):
        x = [rng.choice((-1.0, 1.0)) for _ in range(case.n_bits)]
        y = 1.0
        for v in x[-case.k_sparse :]:
            y *= v
        drawn.append((x, y))
    return drawn


def load_plain(name):
    """The learner's namespace as CPython runs it, importing the package as it is."""
    return load(source_of(name))


def load_traced(name, meter):
    return load(source_of(name), meter)


def load(source, meter=None):
    """The namespace of a method's source: rewritten over a meter, or as CPython runs it."""
    if meter is None:
        namespace = {}
        exec(compile(source, "program.py", "exec"), namespace)  # noqa: S102 - our own files
        return SimpleNamespace(**namespace)
    model = (ROOT / "sparse_parity/model.py").read_text("utf-8")
    tracker = "NO_TRACKER = 0\n"
    modules = {"sparse_parity.model": model, "sparse_parity.tracker": tracker, f"{METHODS}/m": source}
    return SimpleNamespace(**rewrite.load(modules, meter)[f"{METHODS}/m"])


def load_interpreted(source, trace):
    """The same in the interpreter, which compiles nothing."""
    model = (ROOT / "sparse_parity/model.py").read_text("utf-8")
    modules = {"sparse_parity.model": model, "sparse_parity.methods.m": source}
    return SimpleNamespace(**interpreter.load(modules, "sparse_parity.methods.m", trace, 10**8))


def run(method, meter, case, hp, samples, *, ask_every=1):
    """Predictions as text that round-trips, and the state at the end."""
    hp = MappingProxyType(hp)
    state = method.init(case.n_bits, case.k_sparse, hp, Random(11))
    answers = []
    for t, (x, y) in enumerate(samples):
        meter.begin_step(x, y)
        method.step(state, meter.input_buffer(), y, hp)
        meter.end_step()
        if t % ask_every == 0:
            meter.begin_predict(x)
            answers.append(repr(method.predict(state, meter.input_buffer(), hp)))
    return answers, state


def run_plain(name, case, hp, samples, *, ask_every=1):
    answers, state = run(load_plain(name), PlainMeter(case.n_bits), case, hp, samples, ask_every=ask_every)
    return answers, [repr(value) for value in walk_plain(state)]


def run_interpreted(source, case, hp, samples, *, ask_every=1):
    """As `run_traced`, interpreted."""
    trace = interpreter.Trace(case.n_bits)
    answers, state = run(load_interpreted(source, trace), trace, case, hp, samples, ask_every=ask_every)
    return answers, [repr(value) for value in FORMS["reference"].walk(state)], trace


def run_traced(name, case, form, hp, samples, *, ask_every=1):
    """As `run_plain`, over a form of the meter; and the meter."""
    meter = form.meter(case.n_bits)
    answers, state = run(load_traced(name, meter), meter, case, hp, samples, ask_every=ask_every)
    return answers, [repr(value) for value in form.walk(state)], meter
