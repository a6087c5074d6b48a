"""Pages to look at: a recorded run as the report's source, hostile words in every field, and a headless Chromium."""

import shutil
from contextlib import contextmanager
from dataclasses import replace

from harness import task as tasks
from harness.records import Edit
from harness.report.page import Made, render
from harness.report.source import Audit, Fact, ProfilePair, Published, Review, RunSource, Statement
from harness.totals import is_kept
from tests.harness.factories import make_diff
from tests.harness.project import TINY
from tests.harness.synthetic import make_rows

TASK = tasks.parse(TINY.replace("null_every: 0", "null_every: 10"), "tiny")
MADE = Made("2026-11-22T08:00:00+00:00", "python -m harness report", "ab" * 32)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def make_source(count=40, rows=None, **changes):
    """A run of so many experiments that holds, with what lies beside its findings."""
    rows = tuple(make_rows(count, TASK) if rows is None else rows)
    source = RunSource(
        name=rows[0].run,
        rows=rows,
        audit=Audit(derived=len(rows) - 1, consistent=1, findings=sum(map(is_kept, rows))),
        rules=TASK.rules,
        budget=None,
        state=Statement("note", ""),
        facts=(Fact("branch", Statement("good", "research/synthetic is merged.")),),
        published={row.number: make_published() for row in rows if is_kept(row)},
    )
    return replace(source, **changes)


def make_published(**changes):
    review = Review("unreviewed", "", "", "", "research/synthetic")
    profile = ProfilePair(missing="No profile: none was asked for.")
    published = Published(make_diff(), "", "3d" * 20, "findings/synthetic-0001-hidden.md", review, profile)
    return replace(published, **changes)


def hostile(row, words):
    """The row with these words wherever a proposer, a model or a machine can put any."""
    edits = tuple(Edit(edit.kind, words, words, words) for edit in row.edits)
    texts = {"title": words, "hypothesis": words, "why": words, "environment": words, "proposer": words, "model": words}
    return replace(row, **texts, edits=edits, verdict=replace(row.verdict, reason=words))


def uncharted(rows):
    """The rows as those of a run that has no baseline, so that no chart is drawn: each takes a tenth of a second."""
    return [replace(rows[0], kind="null"), *rows[1:]]


def hostile_source(words, count=12, *, charted=True):
    """A run in which everything that can be said says these words."""
    rows = [hostile(row, words) for row in make_rows(count, TASK)]
    rows = rows if charted else uncharted(rows)
    published = make_published(diff=words, diff_source=words, review=Review(words, words, words, words, words))
    source = make_source(rows=rows, state=Statement("warning", words), unreadable=(words,))
    notes = Audit(notes=(words,))
    beside = dict.fromkeys(source.published, published)
    return replace(source, published=beside, audit=notes, facts=(Fact(words, Statement("note", words)),))


def write_page(path, *sources):
    """The page of these runs at `path`."""
    path.write_text(render(sources, MADE), "utf-8")
    return path


def find_browser():
    """Chromium's path. AssertionError says how to get it: tests of the page are never skipped."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium here, which the tests of the page need: apt-get install chromium"
    return found


@contextmanager
def started_browser():
    """A headless Chromium that speaks to nobody."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
