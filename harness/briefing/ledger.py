"""The ledger in the briefing: what was found, what died and why, and the last experiments.

Promises: every foreign word is quoted and capped; the dead ends take bounded room however long the ledger is, and count
every experiment, those too whose rows are left out. Seconds are left out: they would change the prompt of a resumed
run, and its paid reply would not be found. Does not cover: which rows go in when room is short (`briefing`).
"""

import re
from collections import Counter
from collections.abc import Sequence

from harness import predictions
from harness.briefing.quotes import fence, quote, quote_lines
from harness.records import Effect, Experiment

MAX_TITLE, MAX_HYPOTHESIS, MAX_REASON, MAX_EXACT = 120, 300, 500, 3_000
# How many of the last experiments are told with their whole reason, line by line.
EXACT_REASONS = 5
MAX_GROUPS, TITLES_A_GROUP, MAX_GIST = 15, 4, 90
_PLACE = re.compile(r"^(?:\S+\.py:\d+: |edit \d+ \([^)]*\): )")
_DIGITS = re.compile(r"\d[\d,.]*")
_END = re.compile(r": |; | - |, write |\n")


def render_tally(experiments: Sequence[Experiment]) -> str:
    """One line over the whole run, and one on its predictions."""
    proposals = [row for row in experiments if row.kind == "proposal"]
    outcomes = Counter(row.verdict.outcome for row in proposals)
    if not outcomes:
        return "No proposal was tried yet in this run."
    parts = ", ".join(f"{outcomes[name]} {name}" for name in ("kept", "discarded", "inconclusive", "invalid"))
    scored = predictions.sentence(predictions.score(proposals))
    told = f"\nPredictions so far: {scored}." if scored else ""
    return f"Proposals so far: {outcomes.total()}, of which {parts}.{told}"


def render_dead_ends(experiments: Sequence[Experiment]) -> str:
    """What was tried and not kept, grouped by where and why it ended, the most frequent first."""
    groups: dict[tuple[str, str, str], list[Experiment]] = {}
    for row in experiments:
        if row.kind == "proposal" and row.verdict.outcome != "kept":
            key = (row.verdict.outcome, row.verdict.stage, gist(row.verdict.reason))
            groups.setdefault(key, []).append(row)
    if not groups:
        return "Nothing has died yet."
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), -item[1][-1].number))
    lines = [_render_group(*key, rows) for key, rows in ordered[:MAX_GROUPS]]
    rest = sum(len(rows) for _, rows in ordered[MAX_GROUPS:])
    if rest:
        lines.append(f"- and {rest} more, each for a rarer reason")
    return fence("dead ends", "\n".join(lines))


def gist(reason: str) -> str:
    """A reason without its place and numbers, so that equal deaths look equal. Still foreign text: to be quoted."""
    start = _PLACE.sub("", reason[: 4 * MAX_GIST])
    return _DIGITS.sub("N", _END.split(start, maxsplit=1)[0])


def _render_group(outcome: str, stage: str, why: str, rows: list[Experiment]) -> str:
    times = "once" if len(rows) == 1 else f"{len(rows)} times"
    latest = "; ".join(f"{row.number} {quote(row.title, MAX_TITLE // 2)}" for row in rows[: -TITLES_A_GROUP - 1 : -1])
    return f"- {outcome} at {stage}, {times}: {quote(why, MAX_GIST)}. Latest: {latest}"


def render_row(row: Experiment) -> str:
    """What was claimed, what came out, and why it ended, in a few lines."""
    return "\n".join([*_claim(row), f"   ended: {quote(row.verdict.reason, MAX_REASON)}"])


def render_in_full(row: Experiment) -> str:
    """As `render_row`, with the whole reason, and what was to be mended before."""
    repairs = [f"   to mend, {at}:\n{quote_lines(text, MAX_REASON)}" for at, text in enumerate(row.repairs, 1)]
    return "\n".join([*_claim(row), *repairs, "   ended:", quote_lines(row.verdict.reason, MAX_EXACT)])


def _claim(row: Experiment) -> list[str]:
    verdict = row.verdict
    title = quote(row.title, MAX_TITLE) or "(no proposal)"
    lines = [f"{row.number}. {verdict.outcome} at {verdict.stage}: {title}"]
    if row.hypothesis:
        lines.append(f"   claimed: {quote(row.hypothesis, MAX_HYPOTHESIS)}")
    if row.prediction is not None:
        size = "" if row.prediction.size is None else f" by {100 * row.prediction.size:g} %"
        fate = {"unmeasured": "not measured"}.get(predictions.fate(row), f"came out {predictions.fate(row)}")
        lines.append(f"   predicted: {row.prediction.metric} {row.prediction.direction}{size} ({fate})")
    if verdict.effects:
        lines.append(f"   measured: {'; '.join(map(_effect, verdict.effects))}")
    return lines


def _effect(effect: Effect) -> str:
    unit = " points" if effect.metric == "accuracy" else " %"
    change, low, high = (100 * value for value in (effect.change, effect.low, effect.high))
    # One instance has no interval; the judge writes that as -1 to 1e9.
    interval = f" [{low:+.1f}, {high:+.1f}]" if high < 1e9 else " (one instance)"
    return f"{effect.metric} {change:+.1f}{unit}{interval}"


def render_history(name: str, rows: Sequence[str], *, left_out: int) -> str:
    """The rows, oldest first, and how many are missing."""
    if not rows and not left_out:
        return "None yet."
    note = f"The oldest {left_out} are left out for length.\n" if left_out else ""
    return note + fence(name, "\n".join(rows))
