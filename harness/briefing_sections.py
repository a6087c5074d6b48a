"""The sections of the briefing, as text: numbers rendered one way, foreign text made harmless.

Promises: text that a candidate or a model wrote appears only inside a fence whose code is a hash of the
content, which the content cannot contain; in one-line fields it has no line breaks, control characters,
fences or fence-like marks, and a cap. Files are fenced but otherwise verbatim, because edits must copy from
them. Seconds are left out: they would change the prompt of a resumed run, and its paid reply would not be
found.
Does not cover: what goes in when room is short (`briefing`).
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Effect, Experiment, Measurement
from harness.settings import Task

NOTES_CHARS = 1_500  # fences, notes on what was left out, and blank lines
MAX_TITLE, MAX_HYPOTHESIS, MAX_REASON, MAX_FACT = 120, 300, 500, 600
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
        "task_name": quote(task.name, MAX_TITLE),
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


def render_measurements(incumbent: Measurement, baseline: Measurement) -> str:
    """The table of incumbent and baseline."""
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


# -- the ledger ---


def render_tally(experiments: Sequence[Experiment]) -> str:
    """One line over the whole run."""
    outcomes = Counter(row.verdict.outcome for row in experiments if row.kind == "proposal")
    if not outcomes:
        return "No proposal was tried yet in this run."
    parts = ", ".join(f"{outcomes[name]} {name}" for name in ("kept", "discarded", "inconclusive", "invalid"))
    return f"Proposals so far: {outcomes.total()}, of which {parts}."


def render_row(row: Experiment) -> str:
    """What was claimed, what came out, and why it ended, in a few lines."""
    verdict = row.verdict
    title = quote(row.title, MAX_TITLE) or "(no proposal)"
    lines = [f"{row.number}. {verdict.outcome} at {verdict.stage}: {title}"]
    if row.hypothesis:
        lines.append(f"   claimed: {quote(row.hypothesis, MAX_HYPOTHESIS)}")
    if row.prediction is not None:
        size = "" if row.prediction.size is None else f" by {_percent(row.prediction.size)}"
        lines.append(f"   predicted: {row.prediction.metric} {row.prediction.direction}{size}")
    if verdict.effects:
        lines.append(f"   measured: {'; '.join(map(_effect, verdict.effects))}")
    return "\n".join([*lines, f"   ended: {quote(verdict.reason, MAX_REASON)}"])


def _effect(effect: Effect) -> str:
    unit = " points" if effect.metric == "accuracy" else " %"
    change, low, high = (100 * value for value in (effect.change, effect.low, effect.high))
    return f"{effect.metric} {change:+.1f}{unit} [{low:+.1f}, {high:+.1f}]"


def render_history(rows: Sequence[str], *, left_out: int) -> str:
    """The rows, oldest first, and how many are missing."""
    if not rows and not left_out:
        return "It is empty."
    note = f"The oldest {left_out} are left out for length.\n" if left_out else ""
    return note + fence("ledger", "\n".join(rows))


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
    names = quote(", ".join(left_out), MAX_REASON)
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


# -- foreign text ---


def fence(name: str, text: str) -> str:
    """`text` between marks that it cannot contain: their code is a hash of it."""
    safe = text.encode("utf-8", "replace").decode()
    code = hashlib.sha256(safe.encode()).hexdigest()[:12]
    label = quote(name, MAX_TITLE)
    end = "" if safe.endswith("\n") else "\n"
    return f"<<<{label} {code}\n{safe}{end}{label} {code}>>>"


def quote(text: str, cap: int) -> str:
    """`text` on one line of at most `cap` characters, without control characters, fences and marks."""
    start = text[: 4 * cap]  # a reason may be megabytes long
    printable = "".join(" " if character.isspace() else character for character in start)
    visible = "".join(c for c in printable if unicodedata.category(c)[0] != "C")
    line = " ".join(visible.replace("`" * 3, "'''").replace("<<<", "‹‹‹").replace(">>>", "›››").split())
    return line if len(line) <= cap and len(text) <= 4 * cap else line[: cap - 1] + "…"
