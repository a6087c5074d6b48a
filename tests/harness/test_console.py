"""What a person sees: one line an experiment, and a summary that says what to do next."""

import io
from dataclasses import replace

import pytest

from harness.console import Console, first_line, summary
from harness.console.json_lines import row_object
from harness.proposers.options import Wait
from harness.records import Cost, Verdict
from tests.harness.factories import make_effects, make_experiment, make_verdict
from tests.harness.shown_runs import invalid, make_run


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(row, title="A title", out=None):
    out = out or io.StringIO()
    console = Console(out)
    console.begin("3/20")
    console.title(title)
    console.end(row)
    return out.getvalue()


def test_a_line_has_position_title_verdict_numbers_and_seconds():
    assert shown(make_experiment()) == (
        "   3/20  A title....................................... kept         "
        "ARD 27,545 (+3.1%)  DMD -87.4%  accuracy 96.0%  61.5 s\n"
    )


def test_what_was_not_measured_has_its_stage_and_reason_below():
    assert shown(invalid("line 3: import os is not allowed")) == (
        "   3/20  A title....................................... invalid      0.0 s\n"
        "         policy: line 3: import os is not allowed\n"
    )


def test_titles_of_any_length_keep_the_columns():
    columns = {shown(make_experiment(), title).index("kept") for title in ("", "x", "x" * 46, "x" * 47, "x" * 500)}
    assert len(columns) == 1


@pytest.mark.parametrize("reason", ["one\ntwo", "o\x1b[2Jne", "x" * 1000, "", "\u202eone"])
def test_a_reason_takes_one_harmless_line(reason):
    below = shown(invalid(reason)).splitlines()[1:]
    assert len(below) == 1
    assert below[0].isprintable()
    assert len(below[0]) <= 180


def test_first_line_is_cut_at_its_cap():
    assert first_line("abcdef", cap=4) == "abc…"
    assert first_line("abcd", cap=4) == "abcd"


def test_stages_and_instances_are_not_printed_as_lines():
    out = Terminal()
    Console(out).stage("confirm")
    Console(out).instance(1, 16)
    assert out.getvalue() == ""


def test_a_wait_ends_the_line_and_begins_it_again():
    out = io.StringIO()
    console = Console(out)
    console.begin("3/20")
    console.waiting(Wait(31.6, 2, 8, "HTTP 529: over\x1b[2Jloaded"))
    console.title("A title")
    console.end(make_experiment())
    lines = out.getvalue().splitlines()
    assert lines[0] == "   3/20  waiting 32 s before try 2 of 8: HTTP 529: over [2Jloaded"
    assert lines[1].startswith("   3/20  A title......")


def test_quiet_leaves_the_summary_alone():
    out = io.StringIO()
    with Console(out, quiet=True) as console:
        console.say("proposer: search")
        console.begin("1/20")
        console.title("A title")
        console.end(invalid("x"))
        console.summary(make_run(invalid("x")), "budget used")
    assert out.getvalue().startswith("run main: 1 of 20 experiments, budget used\n")


def test_aloud_there_is_no_row_of_dots():
    out = io.StringIO()
    console = Console(out, aloud=True)
    console.begin("3/20")
    console.title("A title")
    console.end(make_experiment())
    said = " ".join(out.getvalue().split())
    assert said == "3/20 A title kept ARD 27,545 (+3.1%) DMD -87.4% accuracy 96.0% 61.5 s"


def test_an_open_line_is_ended_when_something_goes_wrong():
    def fail_in_the_middle_of_a_line():
        with Console(out) as console:
            console.begin("1/2")
            raise ZeroDivisionError

    out = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle_of_a_line()
    assert out.getvalue() == "    1/2  \n"


def test_a_whole_line_is_not_ended_twice():
    out = io.StringIO()
    with Console(out) as console:
        console.begin("1/2")
        console.say("rest")
    assert out.getvalue() == "    1/2  rest\n"


def test_signs_that_a_stream_has_not_are_replaced():
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, encoding="ascii"))
    console.say("Größe…")
    assert raw.getvalue() == b"Gr??e?\n"


def test_a_program_gets_null_where_one_instance_gives_no_interval():
    """The judge writes all there is: -1 to 1e9, for accuracy -1 to 1."""
    ends = {effect.metric: (-1.0, 1.0 if effect.metric == "accuracy" else 1e9) for effect in make_effects()}
    effects = tuple(replace(e, low=ends[e.metric][0], high=ends[e.metric][1]) for e in make_effects())
    told = row_object(make_experiment(verdict=make_verdict(effects=effects)))["changes"]
    assert {(change["low"], change["high"]) for change in told.values()} == {(None, None)}
    known = row_object(make_experiment())["changes"]
    assert all(change["low"] < change["change"] < change["high"] for change in known.values())


def test_the_summary_multiplies_paired_gains():
    halves = [make_experiment(verdict=make_verdict(effects=make_effects(dmd=-0.5, ard=-0.5))) for _ in range(2)]
    text = summary(make_run(*halves), "budget used")
    assert "paired, in all: ARD -75.0%, DMD -75.0%" in text
    assert "verdicts  2 kept, 0 discarded, 0 inconclusive, 0 invalid" in text
    assert "python -m harness review main" in text
    assert "python -m harness merge main" in text


def test_the_summary_without_a_gain_offers_nothing_to_merge():
    text = summary(make_run(invalid("x")), "budget used")
    assert "the baseline: nothing beat it" in text
    assert "harness merge" not in text
    assert "harness verify" not in text


def test_the_summary_counts_null_rows_apart():
    null = make_experiment(kind="null")
    lost = make_experiment(kind="null", verdict=Verdict("inconclusive", "confirm", "noise"))
    text = summary(make_run(invalid("x"), null, lost), "budget used")
    assert "1 of 20 experiments" in text
    assert "null rows 1 of 2 kept" in text
    assert "nothing beat it" in text


@pytest.mark.parametrize(
    ("dollars", "said"), [((0.25, 0.5), "0.75 dollars"), ((0.25, None), "cost unknown")], ids=["known", "unknown"]
)
def test_the_summary_says_what_a_model_cost(dollars, said):
    rows = [replace(invalid("x"), cost=Cost(calls=1, dollars=each)) for each in dollars]
    assert f"spent     {said}" in summary(make_run(*rows), "budget used")


def test_the_summary_of_free_proposals_names_no_cost():
    assert "spent" not in summary(make_run(replace(invalid("x"), cost=Cost())), "budget used")


def test_the_summary_goes_on_with_the_same_budget_until_it_is_used():
    command = "python loop.py --run main --task parity20 --proposer search --budget"
    assert f"{command} 20" in summary(make_run(invalid("x")), "paused")
    assert f"{command} 21" in summary(make_run(invalid("x"), budget=1), "budget used")


def test_the_summary_before_the_baseline_says_so():
    run = make_run()
    run.ledger.rows = ()
    assert "before the baseline" in summary(run, "interrupted")
