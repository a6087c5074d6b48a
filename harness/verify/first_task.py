"""Task files as they were when ledgers had schema 1: other fields in `rules`, and so another hash.

Promises: the hash of such a file is the one that its ledger names. Does not cover: running such a task; the gate reads
today's fields only.
"""

import hashlib
from dataclasses import dataclass, fields

import msgspec
import yaml

from harness.records import Win
from harness.settings import GateRules, Task


@dataclass(frozen=True, slots=True)
class FirstRules(GateRules):
    """Today's rules with the field that is gone; what is new since then decides nothing in these ledgers."""

    exact_instances: int


@dataclass(frozen=True, slots=True)
class _Rules:
    wins: tuple[Win, ...]
    min_gain: float
    alpha: float
    exact_instances: int
    first_look: int
    max_instances: int
    screen_margin: float
    accuracy_tolerance: float
    traffic_tolerance: float
    predict_tolerance: float
    null_every: int


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    n_bits: int
    k_sparse: int
    n_train: int
    n_validation: int
    n_test: int
    target: float
    check_every: int
    max_epochs: int
    min_reads: int
    time_limit_s: float
    memory_mb: int
    tests_time_limit_s: float
    rules: _Rules


def read_first_task(text: str, name: str, sha256: str) -> Task | None:
    """The task of that hash, from the text of its file; None if the file is another one."""
    try:
        task = msgspec.convert({"name": name, **yaml.safe_load(text)}, _Task)
    except (yaml.YAMLError, msgspec.ValidationError, TypeError, ValueError, RecursionError):
        return None
    if hashlib.sha256(msgspec.json.encode(task, order="sorted")).hexdigest() != sha256:
        return None
    old = {f.name: getattr(task.rules, f.name) for f in fields(_Rules)}
    rules = FirstRules(**old, exact_gain=0.0, exact_spread=0.0, guard_level=0.0)
    return Task(**{f.name: getattr(task, f.name) for f in fields(_Task) if f.name != "rules"}, rules=rules)
