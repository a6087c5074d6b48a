"""The briefing: what a proposer is told, assembled from templates that a person edits and from the ledger.

Promises: deterministic, bounded by a token budget, and well under a second with 10,000 experiments, because
rows are rendered newest first and only while they fit. Candidate-written text is data: fenced, capped,
without control characters.
Does not cover: sending it, and what the model makes of it.

Templates are prompts/system.md (stable over a run, so that servers can cache it) and prompts/experiment.md. A
hole is {{like_this}}; every hole of the template must stand there, and no other.

What is left out first when the budget is short: (1) the oldest experiments that were not kept, which stay in the dead
ends' counts, (2) the profile, (3) the oldest known facts, (4) the oldest findings, (5) read-only files, then methods
that the champion does not use. Tally, dead ends (of bounded length), measurements, champion and its methods always
stay; when these alone are too long, BadInputError.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.briefing import ledger, sections
from harness.briefing.quotes import fence
from harness.errors import BadInputError
from harness.records import Briefing, Experiment, Measurement
from harness.settings import Task
from harness.totals import Tally, total

TOKEN_BUDGET = 60_000
CHARS_PER_TOKEN = 3.5
_VARIABLE = ("sources", "findings", "history", "discoveries", "profile")
_HOLE = re.compile(r"\{\{(.*?)\}\}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the briefing of experiment `number` is made of.

    Attributes:
        prompts: the folder of the templates.
        sources: the incumbent's editable files, path to text.
        incumbent: measured on the current screen instance; None before anything was.
        baseline: experiment 0, likewise.
        experiments: the ledger, oldest first; only its newest rows are read, and its totals.
        remaining: experiments left in the budget, this one included.
        task: has the thresholds to state.
        discoveries: the text of DISCOVERIES.md.
        token_budget: for system and prompt together, at 3.5 characters a token.
        profile: the rows of `python -m harness profile`.
        read_only: other files worth seeing, path to text.
    """

    prompts: Path
    sources: Mapping[str, str]
    incumbent: Measurement | None
    baseline: Measurement | None
    experiments: Sequence[Experiment]
    number: int
    remaining: int
    task: Task
    discoveries: str
    token_budget: int = TOKEN_BUDGET
    profile: str = ""
    read_only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """A briefing's text, and its parts as (name, text) in the prompt's order, the frame's own words last."""

    system: str
    prompt: str
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Optional:
    """What goes in as far as it fits."""

    files: str
    findings: str
    history: str
    discoveries: str
    profile: str


def assemble(facts: Facts) -> Briefing:
    """The briefing that `lay_out` makes of the same facts, for a proposer; the incumbent must have been measured."""
    assert facts.incumbent is not None
    laid = lay_out(facts)
    return Briefing(
        laid.system,
        laid.prompt,
        dict(facts.sources),
        incumbent=facts.incumbent,
        experiments=facts.experiments,
        number=facts.number,
        remaining=facts.remaining,
    )


def lay_out(facts: Facts) -> Layout:
    """The text of the briefing.

    Raises BadInputError: a template is missing or has a wrong hole, or the budget is too small.
    """
    system = fill(facts.prompts / "system.md", sections.describe_task(facts.task))
    values = {
        "number": str(facts.number),
        "remaining": str(facts.remaining),
        "measurements": sections.render_measurements(facts.incumbent, facts.baseline),
        "tally": ledger.render_tally(facts.experiments),
        "dead_ends": ledger.render_dead_ends(facts.experiments),
    }
    needed, others = sections.render_files(facts.sources, facts.read_only)
    path = facts.prompts / "experiment.md"
    fixed = len(system) + len(needed) + len(fill(path, {**values, **dict.fromkeys(_VARIABLE, "")}))
    extra = _fill_room(_room(facts.token_budget, fixed), others, facts)
    texts = (needed + extra.files, extra.findings, extra.history, extra.discoveries, extra.profile)
    filled = {**values, **dict(zip(_VARIABLE, texts, strict=True))}
    frame = ("frame", fill(path, dict.fromkeys(filled, "")))
    return Layout(system, fill(path, filled), (*((name, filled[name]) for name in _holes(path)), frame))


def tokens(text: str) -> int:
    """An estimate: 3.5 characters a token, rounded up."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def _holes(path: Path) -> list[str]:
    return [name for name in dict.fromkeys(_HOLE.findall(_read_template(path))) if name not in {"number", "remaining"}]


def _room(token_budget: int, fixed: int) -> int:
    """Characters left for what may be dropped."""
    room = int(token_budget * CHARS_PER_TOKEN) - fixed - sections.NOTES_CHARS
    if room < 0:
        short = int(-room / CHARS_PER_TOKEN) + 1
        raise BadInputError(
            f"token_budget: {token_budget} tokens are {short} too few for the champion alone; raise it"
        )
    return room


def fill(path: Path, values: Mapping[str, str]) -> str:
    """The template at `path` with every hole filled in one pass, so that filled-in text is never read as a
    template.

    Raises BadInputError, naming file and hole.
    """
    text = _read_template(path)
    names = _HOLE.findall(text)
    for name in names:
        if name not in values:
            raise BadInputError(
                f"{path}: {{{{{name}}}}}: unknown hole; the holes are {', '.join(sorted(values))}"
            )
    for name in values:
        if name not in names:
            raise BadInputError(f"{path}: {{{{{name}}}}}: missing hole; put it back")
    rest = _HOLE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise BadInputError(f"{path}: a hole is not closed; write {{{{name}}}} on one line")
    return _HOLE.sub(lambda found: values[found[1]], text)


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path}: the template is missing; restore it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: the template cannot be read ({error}); mend it") from None


def _fill_room(room: int, others: Sequence[sections.File], facts: Facts) -> _Optional:
    """Most important first, so that what is dropped first is what comes last."""
    fitting, room = _take_files(others, room)
    tally = total(facts.experiments, Tally)
    unkept = tally.proposals - len(tally.kept)
    won, lost = ledger.newest_won(facts.experiments), ledger.newest_lost(facts.experiments)
    kept, room = _take(map(ledger.render_row, won), room)
    known, room = _take(sections.latest_facts(facts.discoveries), room)
    shown = fence("profile", facts.profile) if facts.profile else "No profile was taken."
    if len(shown) > room:
        shown = "Left out for length."
    recent = itertools.islice(lost, ledger.EXACT_REASONS)
    died = itertools.chain(map(ledger.render_in_full, recent), map(ledger.render_row, lost))
    rest, room = _take(died, room - len(shown))
    left_out = [file.path for file in others if file not in fitting]
    return _Optional(
        files="\n".join(["", *(file.text for file in fitting), *sections.note_files(left_out)]),
        findings=ledger.render_history("findings", kept[::-1], left_out=len(tally.kept) - len(kept)),
        history=ledger.render_history("experiments", rest[::-1], left_out=unkept - len(rest)),
        discoveries=sections.render_facts(known[::-1]),
        profile=shown,
    )


def _take_files(files: Sequence[sections.File], room: int) -> tuple[list[sections.File], int]:
    """Every file that still fits, large ones skipped, and the room that is left."""
    fitting = []
    for file in files:
        if len(file.text) + 1 <= room:
            fitting.append(file)
            room -= len(file.text) + 1
    return fitting, room


def _take(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """Texts from the front while they fit, and the room that is left. Lazy: the rest is never rendered."""
    taken = []
    for text in texts:
        if len(text) + 1 > room:
            break
        taken.append(text)
        room -= len(text) + 1
    return taken, room
