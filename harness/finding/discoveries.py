"""The loop's section of DISCOVERIES.md: one bullet a finding, rendered from its evidence; struck when rejected.

Promises: pure functions of texts and rows. Does not cover: the other sections, which people write.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from harness.finding.check import excerpt
from harness.finding.claims import kept_win, paths, title
from harness.finding.references import HEADLINE, gather_facts
from harness.finding.sections import code_span, short_label
from harness.records import METRICS, Experiment

DISCOVERIES = "DISCOVERIES.md"
BULLETS_HEADING = "## Findings of the loop"
REJECTED = "Rejected in review."


def bullet(experiment: Experiment, *, is_rejected: bool = False) -> str:
    """One line for DISCOVERIES.md: one fact with its numbers, one source; struck through once rejected.

    Raises:
        BadInputError: the experiment was not kept, or its run has no name for files.
    """
    win, facts, source = kept_win(experiment), gather_facts(experiment), paths(experiment).finding
    figures, headline = facts.figures, HEADLINE[win]
    before, after = figures[f"{headline}.before"].text, figures[f"{headline}.after"].text
    numbers = [f"{short_label(headline)} {before} to {after}"]
    others = [metric for metric in METRICS if metric != headline and metric in facts.changes]
    numbers += [f"{short_label(metric)} {figures[f'{metric}.change'].text}" for metric in others]
    over = f"{figures['instances'].text} instances of {code_span(experiment.task)}"
    fact = f"{title(experiment, facts)}; {', '.join(numbers)}; {over}."
    said = f"~~{fact}~~ {REJECTED}" if is_rejected else fact
    return f"- {said} [{PurePosixPath(source).name}]({source})"


def add_bullet(discoveries: str, bullet: str) -> str:
    """DISCOVERIES.md with the bullet at the end of the loop's section, made if missing. Twice is once.

    A bullet of the same finding that says something else is replaced where it stands.
    """
    lines = discoveries.split("\n")
    section = _section(lines)
    if section is None:
        body = discoveries.rstrip("\n")
        return f"{body}\n\n{BULLETS_HEADING}\n\n{bullet}\n".lstrip("\n")
    same = [at for at in section if _source(lines[at]) == _source(bullet)]
    if same:
        lines[same[0]] = bullet
        return "\n".join(line for at, line in enumerate(lines) if at not in same[1:])
    filled = [at for at in section if lines[at].strip()]
    place = filled[-1] + 1 if filled else section.start
    added = [bullet] if filled else ["", bullet]
    return "\n".join([*lines[:place], *added, *lines[place:]]).rstrip("\n") + "\n"


def without_bullets(discoveries: str, sources: Collection[str]) -> list[str]:
    """What people wrote: lines but blank ones, the loop's heading, and the bullets below it of findings `sources`."""
    lines = [line.rstrip() for line in discoveries.split("\n")]
    section = _section(lines) or range(0)
    own = {at for at in section if f"findings/{_source(lines[at])}" in sources}
    return [line for at, line in enumerate(lines) if at not in own and line not in ("", BULLETS_HEADING)]


def listed_sources(discoveries: str) -> frozenset[str]:
    """File names of the findings that the loop's section cites. Elsewhere a person may cite one, which is no bullet."""
    lines = discoveries.split("\n")
    return frozenset(source for at in _section(lines) or () if (source := _source(lines[at])))


def _section(lines: list[str]) -> range | None:
    """Indices of the lines below the loop's heading, up to the next heading of its level or above."""
    start = next((at + 1 for at, line in enumerate(lines) if line.rstrip() == BULLETS_HEADING), None)
    if start is None:
        return None
    end = next((at for at in range(start, len(lines)) if re.match(r"##? ", lines[at])), len(lines))
    return range(start, end)


def _source(line: str) -> str | None:
    """File name of the finding that a bullet ends with."""
    found = re.search(r"\]\(findings/([^()\s]+)\)$", line.rstrip())
    return found[1] if found else None


def check_discoveries(discoveries: str, bullets: Mapping[str, str]) -> tuple[str, ...]:
    """Problems of the loop's section. `bullets`: file name or path of each finding, to its line as `bullet` says it."""
    lines = discoveries.split("\n")
    rendered = {PurePosixPath(name).name: line for name, line in bullets.items()}
    headings = [at for at, line in enumerate(lines, start=1) if line.rstrip() == BULLETS_HEADING]
    problems = [f"{at}: the loop's section stands twice; its bullets belong in the first" for at in headings[1:]]
    seen = set()
    for at in _section(lines) or ():
        line, source = lines[at].rstrip(), _source(lines[at])
        if line in seen:
            problems.append(f"{at + 1}: the same bullet twice")
        elif source is None and line:
            problems.append(f"{at + 1}: no bullet of the loop with its source at the end: {excerpt(line)}")
        elif source is not None and source not in rendered:
            problems.append(f"{at + 1}: there is no finding {excerpt(source)}")
        elif source is not None and line != rendered[source]:
            problems.append(f"{at + 1}: not rendered from the evidence; it says {excerpt(rendered[source])}")
        seen.update({line} - {""})
    return tuple(problems)
