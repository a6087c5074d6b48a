"""The ledger in the briefing: what was found, what died and why, and the last experiments.

Promises: every foreign word is quoted and capped; the dead ends take bounded room however long the ledger is, and count
every experiment, those too whose rows are left out. Seconds are left out: they would change the prompt of a resumed
run, and its paid reply would not be found. Does not cover: which rows go in when room is short (`briefing`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness import predictions
from harness.briefing.quotes import fence, quote, quote_lines
from harness.finding.references import has_interval
from harness.records import Effect, Experiment
from harness.totals import Tally, total

MAX_TITLE, MAX_HYPOTHESIS, MAX_REASON, MAX_EXACT = 120, 300, 500, 3_000
# How many of the last experiments are told with their whole reason, line by line.
EXACT_REASONS = 5
MAX_GROUPS, TITLES_A_GROUP, MAX_GIST = 15, 4, 90
MOST_GROUPS = 2_000  # some 500 bytes each
_PLACE = re.compile(r"^(?:\S+\.py:\d+: |edit \d+ \([^)]*\): )")
_DIGITS = re.compile(r"\d[\d,.]*")
_END = re.compile(r": |; | - |, write |\n")


@dataclass(slots=True)
class Group:
    """Deaths of one kind. `latest`: number and quoted title of the last ones, newest last."""

    outcome: str
    stage: str
    why: str
    count: int = 0
    last: int = 0
    latest: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class DeadEnds:
    """What was tried and not kept, grouped by where and why it ended.

    So that no ledger can make it grow without bounds, the rarer half of the groups is forgotten each time that there
    are `MOST_GROUPS`; their rows stay counted in `forgotten`.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    forgotten: int = 0

    def add(self, row: Experiment) -> None:
        """Count the row where it died, if it did."""
        if row.kind != "proposal" or row.verdict.outcome == "kept":
            return
        parts = (row.verdict.outcome, row.verdict.stage, gist(row.verdict.reason))
        group = self.groups.setdefault("\n".join(parts), Group(*parts))  # no part has a line break
        group.count, group.last = group.count + 1, row.number
        group.latest = [*group.latest, (row.number, quote(row.title, MAX_TITLE // 2))][-TITLES_A_GROUP:]
        if len(self.groups) >= MOST_GROUPS:
            self._forget()

    def ordered(self) -> list[Group]:
        """The most frequent first; of equally frequent ones the latest."""
        return sorted(self.groups.values(), key=lambda group: (-group.count, -group.last))

    def _forget(self) -> None:
        kept = self.ordered()[: MOST_GROUPS // 2]
        self.forgotten += sum(group.count for group in self.groups.values()) - sum(group.count for group in kept)
        self.groups = {f"{group.outcome}\n{group.stage}\n{group.why}": group for group in kept}


def newest_won(experiments: Sequence[Experiment]) -> Iterator[Experiment]:
    """The kept proposals, newest first, each read when it is asked for."""
    return (experiments[position] for position in reversed(total(experiments, Tally).kept))


def newest_lost(experiments: Sequence[Experiment]) -> Iterator[Experiment]:
    """The proposals that were not kept, likewise."""
    return (row for row in reversed(experiments) if row.kind == "proposal" and row.verdict.outcome != "kept")


def render_tally(experiments: Sequence[Experiment]) -> str:
    """One line over the whole run, and one on its predictions."""
    tally = total(experiments, Tally)
    if not tally.proposals:
        return "No proposal was tried yet in this run."
    parts = ", ".join(f"{count} {name}" for name, count in tally.outcomes.items())
    scored = predictions.sentence(predictions.score(experiments))
    told = f"\nPredictions so far: {scored}." if scored else ""
    return f"Proposals so far: {tally.proposals}, of which {parts}.{told}"


def render_dead_ends(experiments: Sequence[Experiment]) -> str:
    """What was tried and not kept, grouped by where and why it ended, the most frequent first."""
    dead = total(experiments, DeadEnds)
    if not dead.groups:
        return "Nothing has died yet."
    ordered = dead.ordered()
    lines = [_render_group(group) for group in ordered[:MAX_GROUPS]]
    rest = sum(group.count for group in ordered[MAX_GROUPS:]) + dead.forgotten
    if rest:
        lines.append(f"- and {rest} more, each for a rarer reason")
    return fence("dead ends", "\n".join(lines))


def gist(reason: str) -> str:
    """A reason without its place and numbers, so that equal deaths look equal. Still foreign text: to be quoted."""
    start = _PLACE.sub("", reason[: 4 * MAX_GIST])
    return _DIGITS.sub("N", _END.split(start, maxsplit=1)[0])


def _render_group(group: Group) -> str:
    times = "once" if group.count == 1 else f"{group.count} times"
    latest = "; ".join(f"{number} {title}" for number, title in reversed(group.latest))
    return f"- {group.outcome} at {group.stage}, {times}: {quote(group.why, MAX_GIST)}. Latest: {latest}"


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
    interval = f" [{low:+.1f}, {high:+.1f}]" if has_interval(effect) else " (one instance)"
    return f"{effect.metric} {change:+.1f}{unit}{interval}"


def render_history(name: str, rows: Sequence[str], *, left_out: int) -> str:
    """The rows, oldest first, and how many are missing."""
    if not rows and not left_out:
        return "None yet."
    note = f"The oldest {left_out} are left out for length.\n" if left_out else ""
    return note + fence(name, "\n".join(rows))
