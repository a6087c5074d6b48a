"""The families of cheats, each with what it is. Every family has attacks; a test counts them."""

from collections.abc import Mapping

FAMILIES: Mapping[str, str] = {
    "escape": "sandbox escapes",
    "tampering": "tampering with meter, harness, builtins, JSON, clock or git",
    "answers": "forged, late, early, oversized and malformed answers",
    "leaks": "leaks of labels, seeds or earlier runs",
    "foresight": "hard-coded secrets and lucky initialisations",
    "learning": "learning in init or predict",
    "deferred": "deferred work",
    "caching": "caching across runs",
    "hidden": "storage that the meter cannot see",
    "dilution": "dilution by short reads, copies, identity write-backs, tail loops and dead stores",
    "resetting": "resetting last-write times",
    "sampling": "changing the sampling of what is measured",
    "less": "shrinking work by training less",
    "shopping": "seed shopping",
    "chance": "non-determinism kept until lucky",
    "ratchet": "accuracy lost in small steps",
    "numbers": "NaN, negative, boolean and huge numbers",
    "outside": "edits to tests, tasks, prompts, ledger, git hooks, attributes, symlinks, case-colliding names",
    "injection": "prompt injection through docstrings and tracebacks",
    "structure": "structure as storage: lengths, nesting, shared boxes, row identity, fields, hyperparameters",
    "containers": "containers made in C: starred targets, methods of rng",
    "readers": "readers in C that dodge the count",
    "bought": "real gains that buy dilution",
    "paid": "identity write-backs paid for by a saving",
    "moved": "work moved into predict or init",
    "unsolved": "instances given up",
    "repeat": "resubmission, as it was and with noise",
    "breaking": "crashes, hangs, floods and bombs",
}
