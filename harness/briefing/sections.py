"""The sections of the briefing that tell of numbers, facts and files; those of the ledger are in `briefing.ledger`.

Promises: numbers are rendered one way; facts are quoted and capped. Files are fenced but otherwise verbatim, because
edits must copy from them; the policy has refused characters in them that cannot be seen. Does not cover: what goes in
when room is short (`briefing`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.briefing.quotes import fence, quote
from harness.records import Measurement
from harness.settings import Task

NOTES_CHARS = 1_500  # fences, notes on what was left out, and blank lines
MAX_NAME, MAX_NAMES, MAX_FACT = 120, 500, 600
CHAMPION = "sparse_parity/champion.py"
_METHOD = re.compile(r"""^METHOD\s*=\s*["'](\w+)["']""", re.MULTILINE)
_IMPORT = re.compile(r"^from sparse_parity\.methods\.(\w+) import", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class File:
    """A fenced file."""

    path: str
    text: str


# -- numbers ---


def describe_task(task: Task) -> dict[str, str]:
    """The holes of prompts/system.md."""
    rules = task.rules
    return {
        "task_name": quote(task.name, MAX_NAME),
        "n_bits": str(task.n_bits),
        "k_sparse": str(task.k_sparse),
        "n_train": str(task.n_train),
        "n_validation": str(task.n_validation),
        "n_test": str(task.n_test),
        "target": f"{task.target:g}",
        "check_every": str(task.check_every),
        "max_epochs": str(task.max_epochs),
        "time_limit": f"{task.time_limit_s:g}",
        "wins": ", ".join(rules.wins),
        "min_gain": _percent(rules.min_gain),
        "alpha": _percent(rules.alpha),
        "exact_gain": _percent(rules.exact_gain),
        "first_look": str(rules.first_look),
        "max_instances": str(rules.max_instances),
        "screen_margin": _percent(rules.screen_margin),
        "accuracy_tolerance": f"{100 * rules.accuracy_tolerance:g}",
        "traffic_tolerance": _percent(rules.traffic_tolerance),
        "predict_tolerance": _percent(rules.predict_tolerance),
    }


def render_measurements(incumbent: Measurement | None, baseline: Measurement | None) -> str:
    """The table of incumbent and baseline."""
    if incumbent is None or baseline is None:
        return "The run measures it first."
    lines = ["| number | baseline | incumbent | change |", "|---|---|---|---|"]
    was = _numbers(baseline)
    for name, value in _numbers(incumbent).items():
        change = f"{100 * (value / was[name] - 1):+.1f} %" if was[name] else ""
        lines.append(f"| {name} | {_number(was[name])} | {_number(value)} | {change} |")
    solved = ["yes" if each.solved else "no" for each in (baseline, incumbent)]
    return "\n".join([*lines, f"| solved | {solved[0]} | {solved[1]} | |"])


def _numbers(measurement: Measurement) -> dict[str, float]:
    return {
        "ARD": measurement.ard,
        "DMD": measurement.dmd,
        "reuse": measurement.reuse,
        "traffic": measurement.traffic,
        "test accuracy": measurement.accuracy,
        "samples to solution": measurement.samples,
        "traffic of one prediction": measurement.predict_traffic,
        "most cells alive": measurement.peak_cells,
    }


def _number(value: float) -> str:
    """Four digits, or all of a number of cells: 0.9531, 812.4, 18,205,331."""
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e15 else f"{value:.4g}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:g} %"


# -- known facts ---


def latest_facts(discoveries: str) -> Iterator[str]:
    """The lines of DISCOVERIES.md from the last to the first, cleaned and capped; empty ones go.

    Headings lose their marks: only the template has headings.
    """
    for line in reversed(discoveries.splitlines()):
        if fact := quote(line, MAX_FACT).lstrip("# "):
            yield fact


def render_facts(facts: Sequence[str]) -> str:
    """The facts in the file's order."""
    return fence("facts", "\n".join(facts)) if facts else "None are recorded yet."


# -- files ---


def render_files(sources: Mapping[str, str], read_only: Mapping[str, str]) -> tuple[str, tuple[File, ...]]:
    """The champion with the methods that it uses, and the other files in the order in which they matter."""
    used = _used_paths(sources)
    needed = "\n".join(fence(path, sources[path]) for path in used)
    others = [File(path, fence(path, sources[path])) for path in sorted(sources) if path not in used]
    shown = [File(path, fence(f"{path} (read only)", text)) for path, text in sorted(read_only.items())]
    return needed, (*others, *shown)


def note_files(left_out: Sequence[str]) -> list[str]:
    """A line on the files that did not fit."""
    names = quote(", ".join(left_out), MAX_NAMES)
    return [f"Left out for length: {names}. They exist; do not create them again."] if left_out else []


def _used_paths(sources: Mapping[str, str]) -> list[str]:
    """champion.py, its method, and the methods that this one imports, in that order."""
    used = [CHAMPION] if CHAMPION in sources else []
    waiting = _METHOD.findall(sources.get(CHAMPION, ""))
    while waiting:
        path = f"sparse_parity/methods/{waiting.pop(0)}.py"
        if path in sources and path not in used:
            used.append(path)
            waiting += _IMPORT.findall(sources[path])
    return used
