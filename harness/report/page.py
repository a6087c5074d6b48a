"""The page: one self-contained HTML document from the views of some runs.

Promises: no network (the policy forbids it, and nothing asks for it), no script but the page's own, whose hash the
policy names, and no style but its own; every text of a proposer's is escaped and its invisible characters are spelt
out. Does not cover: what is said (`view`), and where it is written.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.finding.prose import show_code
from harness.finding.references import change_text
from harness.records import Metric
from harness.report.charts import SHOWN, Curve, compared, trajectory
from harness.report.comparison import Arm, Comparison, compare
from harness.report.diffs import code_style, show_edits
from harness.report.endings import MEANINGS
from harness.report.levels import standings
from harness.report.source import RunSource
from harness.report.svg import Drawing
from harness.report.view import IMPOSSIBLE, SHAPES, RunView, duration, view_run
from harness.totals import OUTCOMES

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """One run with its charts; none where nothing was measured."""

    view: RunView
    charts: tuple[Drawing, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """When the page was made, by which command and by which harness."""

    at: str
    command: str
    harness_sha256: str


def render(sources: Sequence[RunSource], made: Made) -> str:
    """The document."""
    sections = tuple(_section(view_run(source, f"r{at}e")) for at, source in enumerate(sources))
    comparison = compare(sources)
    race = _race(comparison)
    drawings = [chart for section in sections for chart in section.charts] + ([race] if race else [])
    environment = _environment()
    style = Markup(_style(drawings))  # noqa: S704 - the page's own, and Matplotlib's of our numbers
    script = Markup((TEMPLATES / "page.js").read_text("utf-8"))  # noqa: S704 - the page's own
    return environment.get_template("page.html").render(
        title=", ".join(source.name for source in sources) or "nothing recorded yet",
        sections=sections,
        comparison=comparison,
        race=race,
        made=made,
        style=style,
        script=script,
        policy=_policy(style, script),
    )


def _section(view: RunView) -> Section:
    if len(view.points) < 2 or not view.points[0].levels:
        return Section(view, ())
    try:
        return Section(view, tuple(trajectory(view.points, metric, view.anchor) for metric in SHOWN))
    except IMPOSSIBLE:  # forged numbers; the banner says so
        return Section(view, ())


def _race(comparison: Comparison | None) -> Drawing | None:
    if comparison is None or not comparison.arms:
        return None
    try:
        return compared([Curve(arm.name, _incumbents(arm)) for arm in comparison.arms], "race")
    except IMPOSSIBLE:
        return None


def _incumbents(arm: Arm) -> tuple[float, ...]:
    points = standings(arm.rows)
    return tuple(point.incumbent["dmd"] for point in points if point.row.kind != "null")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters |= {"duration": duration, "python": show_edits, "change": _change, "ticked": _ticked}
    environment.globals |= {"OUTCOMES": OUTCOMES, "SHAPES": SHAPES, "MEANINGS": MEANINGS}
    return environment


def _change(value: float, metric: Metric) -> str:
    return change_text(metric, value)


def _ticked(sentence: str) -> Markup:
    """Our own sentence, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(show_code(sentence)))))  # noqa: S704 - escaped before


def _visible(value: Any) -> Any:
    """What a template prints: text with its invisible characters spelt out; markup made here stays."""
    return show_code(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _style(drawings: Sequence[Drawing]) -> str:
    light, dark = code_style()
    classes = {name: rule for chart in drawings for name, rule in chart.styles.items()}
    charts = "\n".join(f".chart .{name} {{ {rule} }}" for name, rule in classes.items())
    page = (TEMPLATES / "page.css").read_text("utf-8")
    return f"{page}\n{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n{charts}\n"


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and only this style and this script may apply."""
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    rest = "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    return f"default-src 'none'; {allowed}; {rest}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
