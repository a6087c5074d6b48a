"""Tasks, and the instances drawn from them.

Promises: a task file is read strictly (unknown, missing or senseless fields are named); an instance is a pure function
of the task and a seed, with its own secret, so that its columns are in effect permuted for each; seeds are derived from
the run's secret, so that nobody without it can tell the next one. Does not cover: who may see what of an instance.
"""

import hashlib
import hmac
import random
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from harness import strict_yaml
from harness.errors import BadInputError
from harness.settings import GateRules, Task

FOLDER = "tasks"
LARGEST = 10**9  # of any number in a task


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs as strings of + and - (one character a bit), and labels of +1 and -1."""

    inputs: tuple[str, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One drawn problem. `init_seed` seeds the candidate's own random numbers."""

    seed: str
    secret: tuple[int, ...]
    train: Samples
    validation: Samples
    test: Samples
    init_seed: int


def load(root: Path, name: str) -> Task:
    """The task of that name below `root`/tasks.

    Raises:
        BadInputError: no such task, malformed YAML, or a field that is unknown, missing, or out of range.
    """
    path = root / FOLDER / f"{name}.yaml"
    known = sorted(p.stem for p in (root / FOLDER).glob("*.yaml"))
    if name not in known:
        raise BadInputError(f"--task {name}: no such task; choose one of: {', '.join(known) or '(tasks/ is empty)'}")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{FOLDER}/{name}.yaml: cannot be read ({error}); make it a text file in UTF-8") from None
    return parse(text, name)


def parse(text: str, name: str) -> Task:
    """A task from the text of its YAML file."""
    file = f"{FOLDER}/{name}.yaml"
    data = strict_yaml.parse_one(text, file)
    if not isinstance(data, dict):
        raise BadInputError(f"{file}: empty or not a mapping; see docs/tasks.md for its fields")
    _refuse_unknown(file, "", data, Task)
    if isinstance(data.get("rules"), dict):
        _refuse_unknown(file, "rules.", data["rules"], GateRules)
    try:
        task = msgspec.convert({"name": name, **data}, Task)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{file}: {error}; see docs/tasks.md for its fields") from None
    _check(file, task)
    return task


def _refuse_unknown(file: str, prefix: str, data: dict[str, Any], record: type) -> None:
    known = {f.name for f in fields(record)} - {"name"}
    for key in data:
        if key not in known:
            raise BadInputError(f"{file}: {prefix}{key}: unknown field; known are {', '.join(sorted(known))}")


def _check(file: str, task: Task) -> None:
    rules = task.rules
    for prefix, record in (("", task), ("rules.", rules)):
        for f in fields(record):
            value = getattr(record, f.name)
            if type(value) in {int, float} and not abs(value) < LARGEST:
                raise BadInputError(f"{file}: {prefix}{f.name}: must be below {LARGEST:,}")
    demands = {
        "n_bits: between 1 and 1000": 1 <= task.n_bits <= 1000,
        "k_sparse: between 1 and n_bits": 1 <= task.k_sparse <= task.n_bits,
        "n_train: at least 1": task.n_train >= 1,
        "n_validation: at least 100": task.n_validation >= 100,
        "n_test: at least 100": task.n_test >= 100,
        "target: above 0.5, at most 1": 0.5 < task.target <= 1,
        "check_every: at least 1": task.check_every >= 1,
        "max_epochs: at least 1": task.max_epochs >= 1,
        "min_reads: at least 1": task.min_reads >= 1,
        "time_limit_s: above 0": task.time_limit_s > 0,
        "memory_mb: at least 64": task.memory_mb >= 64,
        "tests_time_limit_s: above 0": task.tests_time_limit_s > 0,
        "rules.wins: at least one": len(rules.wins) > 0,
        "rules.min_gain: above 0, below 1": 0 < rules.min_gain < 1,
        "rules.alpha: above 0, below 0.5": 0 < rules.alpha < 0.5,
        "rules.exact_gain: above 0, at most min_gain": 0 < rules.exact_gain <= rules.min_gain,
        "rules.exact_spread: above 0, at most 1": 0 < rules.exact_spread <= 1,
        "rules.guard_level: above 0, below 0.5": 0 < rules.guard_level < 0.5,
        "rules.first_look: at least 3, at most max_instances": 3 <= rules.first_look <= rules.max_instances,
        "rules.screen_margin: above 0": rules.screen_margin > 0,
        "rules.accuracy_tolerance: between 0 and 0.5": 0 <= rules.accuracy_tolerance <= 0.5,
        "rules.traffic_tolerance: at least 0": rules.traffic_tolerance >= 0,
        "rules.predict_tolerance: at least 0": rules.predict_tolerance >= 0,
        "rules.null_every: at least 0": rules.null_every >= 0,
    }
    for demand, holds in demands.items():
        if not holds:
            field, bounds = demand.split(": ")
            raise BadInputError(f"{file}: {field}: must be {bounds}")


def task_hash(task: Task) -> str:
    """SHA-256 over the task's values; comments do not matter."""
    return hashlib.sha256(msgspec.json.encode(task, order="sorted")).hexdigest()


def derive_seed(secret: bytes, *purpose: str) -> str:
    """The seed (hex) of one instance, from the run's secret and what it is for."""
    return hmac.new(secret, "/".join(purpose).encode(), hashlib.sha256).hexdigest()


def draw(task: Task, seed: str) -> Instance:
    """The instance of that seed."""
    rng = random.Random(int(seed, 16))
    secret = tuple(sorted(rng.sample(range(task.n_bits), task.k_sparse)))
    train, validation, test = (
        _samples(task, secret, count, rng) for count in (task.n_train, task.n_validation, task.n_test)
    )
    return Instance(seed, secret, train, validation, test, init_seed=rng.getrandbits(63))


def _samples(task: Task, secret: tuple[int, ...], count: int, rng: random.Random) -> Samples:
    inputs = tuple("".join(rng.choices("+-", k=task.n_bits)) for _ in range(count))
    labels = tuple(-1 if sum(text[i] == "-" for i in secret) % 2 else 1 for text in inputs)
    return Samples(inputs, labels)
