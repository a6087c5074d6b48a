"""The live view as a person sees it: in a pseudo-terminal, at several sizes, with and without colours."""

import os
import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.console import Limits, can_move_its_cursor, choose_view
from harness.console.live import Live
from harness.console.plain import Console
from harness.proposers.options import Wait
from harness.records import Cost
from tests.harness.factories import make_experiment, make_verdict
from tests.harness.project import ROOT
from tests.harness.shown_runs import invalid, make_run
from tests.harness.terminals import Terminal

KEPT = make_experiment(title="Half the units", cost=Cost(), seconds=240.0)
LOST = make_experiment(
    title="Twice the units", cost=Cost(), seconds=8.0, verdict=make_verdict(outcome="discarded", reason="no gain: none")
)
NULL = make_experiment(kind="null", cost=Cost(), seconds=20.0, verdict=make_verdict(outcome="inconclusive"))
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-7]m|\x1b\[38")


@contextmanager
def live_view(columns=80, lines=24, **limits):
    """A view of a run with four experiments behind it, in the middle of the fifth."""
    terminal = Terminal(columns, lines)
    with os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8") as out:
        with Live(out) as view:
            view.follow(make_run(KEPT, LOST, NULL, invalid("x", cost=Cost())), Limits(**limits))
            view.begin("4/20")
            view.title("Half of them again")
            view.stage("confirm")
            view.instance(3, 16)
            yield view, terminal
        terminal.read()
        terminal.mode = terminal.is_sane()
    terminal.close()


@pytest.fixture(autouse=True)
def capable(monkeypatch):
    """A terminal with colours, whatever the tests run in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_before_the_run_is_known_nothing_is_said_of_it():
    terminal = Terminal(80, 24)
    with os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8") as out, Live(out) as view:
        view.say("proposer: search")
        view.stage("tests")
        terminal.wait_for("proposer: search")
    terminal.read()
    assert b"left" not in terminal.said
    terminal.close()


@pytest.mark.parametrize("columns", [80, 120])
def test_the_live_part_says_what_is_done_what_was_found_and_what_is_left(columns):
    with live_view(columns, hours_left=lambda: 7.5, max_usd=5.0) as (_, terminal):
        shown = terminal.wait_for("of the last 4)")
    for words in (
        "4/20 Half of them again confirm 3/16 for 0:0",
        "best ARD 3 DMD 1.23e+09 accuracy 95.5% against the baseline: ARD +3.1%, DMD -87.4%, traffic -87.5%",
        "ARD █▁▁ 27 to 3, log scale ▲ kept",
        "done 1 kept 1 discarded 0 inconclusive 1 invalid 1 null row",
        "left 17 of 20 experiments 5.00 of 5.00 dollars 7 h 30 min of --max-hours",
        "end in 5 min to 25 min, ",
    ):
        assert words in shown


def test_before_three_experiments_there_is_no_estimate():
    with live_view() as (view, terminal):
        view.follow(make_run(KEPT, LOST), Limits())
        assert "end no estimate yet" in terminal.wait_for("end no estimate yet")


@pytest.mark.parametrize("columns", [20, 40, 80, 120])
def test_no_row_of_the_live_part_reaches_the_last_column(columns):
    """A terminal would wrap there, and the next picture would begin a row too low."""
    with live_view(columns, 60, max_usd=5.0) as (view, terminal):
        view.title("広い文字の題名 " * 20)
        terminal.wait_for("left 17 of 20")
        assert {row[columns - 1].data for row in terminal.screen.buffer.values()} == {" "}


def test_at_40_columns_nothing_is_left_out():
    with live_view(40, 60, max_usd=5.0) as (_, terminal):
        shown = terminal.wait_for("last 4)")
    for words in ("ARD +3.1%, DMD -87.4%, traffic -87.5%", "1 null row", "17 of 20 experiments", "(median and"):
        assert words in shown


def test_finished_experiments_scroll_away_above_and_are_never_erased():
    with live_view(80, 16) as (view, terminal):
        for number in range(30):
            view.begin(f"{number}/99")
            view.title(f"Title {number}")
            view.end(replace(LOST, number=number))
            if number % 10 == 9:
                terminal.wait_for("log scale")
                terminal.resize(70 - number, 16)
    said = terminal.transcript()
    assert [f"Title {number}" for number in range(30) if f"Title {number}\n" not in said] == []
    assert said.count("discarded    ARD 27,545 (+3.1%)") == 30


@pytest.mark.parametrize(("columns", "lines"), [(10, 3), (1, 1), (300, 2)])
def test_a_terminal_too_small_for_it_shows_what_fits(columns, lines):
    with live_view(columns, lines) as (view, terminal):
        view.end(LOST)
        view.begin("5/20")
        terminal.read(0.3)
    assert "disca" in terminal.transcript().replace("\n", "")


def test_a_hostile_title_is_harmless_text():
    hostile = "\x1b[2J\x1b]0;evil\x07[red]boo[/red]\r\n\u202e\x9b31m"
    with live_view() as (view, terminal):
        view.title(hostile)
        terminal.wait_for("]0;evil [red]boo[/red]")
        view.end(replace(invalid(hostile), title=hostile))
    for codes in (b"\x1b[2J", b"\x1b]", b"\x07", "\u202e".encode(), "\x9b".encode()):
        assert codes not in terminal.said
    assert terminal.transcript().count("[red]boo[/red]") == 2


def test_colours_are_there_unless_they_are_not_wanted(monkeypatch):
    with live_view() as (_, terminal):
        terminal.wait_for("end in")
    assert COLOUR.search(terminal.said)
    monkeypatch.setenv("NO_COLOR", "1")
    with live_view() as (_, terminal):
        assert "1 kept" in terminal.wait_for("end in")
    assert not COLOUR.search(terminal.said)


def test_a_waiting_retry_and_a_first_interrupt_are_shown():
    with live_view() as (view, terminal):
        view.waiting(Wait(31.6, 2, 8, "HTTP 529: overloaded"))
        view.interrupted()
        shown = terminal.wait_for("Ctrl-C once more")
    assert "waiting (try 2 of 8 in 32 s; HTTP 529: overloaded) for 0:00" in shown


def test_time_moves_on_while_nothing_happens():
    with live_view() as (_, terminal):
        terminal.wait_for("confirm 3/16 for 0:02")


def test_at_the_end_the_live_part_is_gone_and_the_terminal_is_as_it_was():
    with live_view() as (view, terminal):
        terminal.wait_for("end in")
        view.end(KEPT)
        view.summary(make_run(KEPT), "budget used")
    assert "end in" not in terminal.transcript()
    assert "run main: 1 of 20 experiments, budget used" in terminal.transcript()
    assert terminal.mode


def test_an_experiment_cut_short_leaves_its_left_half():
    with pytest.raises(KeyboardInterrupt), live_view() as (_, terminal):
        raise KeyboardInterrupt
    assert b"4/20  Half of them again\r\n" in terminal.said or terminal.read()


def test_a_terminal_that_hangs_up_ends_the_view_and_not_the_run():
    terminal = Terminal(80, 24)
    with os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8") as out, Live(out) as view:
        view.follow(make_run(KEPT), Limits())
        terminal.close()
        for _ in range(3):
            view.begin("1/2")
            view.end(LOST)


def test_no_view_moves_a_cursor_where_there_is_none():
    terminal = Terminal(80, 24)
    with os.fdopen(os.dup(terminal.theirs), "w") as out, Path(os.devnull).open("w") as file:
        assert isinstance(choose_view("", out, {"TERM": "xterm"}), Live)
        assert isinstance(choose_view("plain", out, {"TERM": "xterm"}), Console)
        assert isinstance(choose_view("quiet", out, {"TERM": "xterm"}), Console)
        for term in ({"TERM": "dumb"}, {"TERM": ""}, {}):
            assert not can_move_its_cursor(out, term)
        assert isinstance(choose_view("", file, {"TERM": "xterm"}), Console)
    terminal.close()


BACKGROUND = """
import os, sys, time
from harness.console.painter import Painter
if os.fork() == 0:
    os.setpgid(0, 0)
    painter = Painter(1, lambda columns, rows: ["a picture"])
    painter.start()
    painter.say("a line")
    time.sleep(0.3)
    painter.stop()
    os._exit(0)
os.wait()
"""


def test_in_the_background_of_a_shell_nothing_is_drawn_and_lines_are_said():
    terminal = Terminal(80, 24)
    terminal.start([sys.executable, "-c", BACKGROUND], ROOT, {**os.environ, "PYTHONPATH": str(ROOT)})
    assert terminal.finish() == 0
    assert terminal.said == b"a line\r\n"
    terminal.close()


def test_the_process_that_draws_never_forks_without_exec():
    """A fork would copy the painter's half-held locks into a child. Only the zygote forks, in a process of its own."""
    forks = re.compile(r"\bos\.fork\b|\bpty\.fork\b|\bmultiprocessing\b|\bpreexec_fn\b|\bProcessPool")
    paths = [path for path in (ROOT / "harness").rglob("*.py") if forks.search(path.read_text("utf-8"))]
    assert {path.relative_to(ROOT).parts[1] for path in paths} == {"confine", "doctor"}
