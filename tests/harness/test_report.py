"""The report's view of a run, and its page as text: what is counted, chained, compared, escaped, and never left out."""

import base64
import hashlib
import math
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from harness.profiling import Buffer, Line, Profile, Sums
from harness.records import METRICS, Cost, Evidence, Pair, Verdict
from harness.report.charts import Curve, compared, named_levels, trajectory
from harness.report.comparison import compare, cut
from harness.report.diffs import show_diff
from harness.report.endings import endings
from harness.report.findings import unmarked
from harness.report.levels import Level, Standing, chain, standings
from harness.report.page import render
from harness.report.profiles import movement
from harness.report.source import Audit, Statement
from harness.report.spending import REST, spending
from harness.report.view import view_run
from harness.totals import is_kept
from harness.verify import Problem
from tests.harness.factories import (
    make_diff,
    make_effects,
    make_experiment,
    make_measurement,
    make_verdict,
    scale_measurement,
)
from tests.harness.pages import MADE, TASK, hostile_source, make_source, uncharted
from tests.harness.synthetic import make_rows

NO_SHRINKING = (Phase.explicit, Phase.generate)  # a page takes a tenth of a second
few = settings(
    max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING
)


@pytest.fixture(scope="module")
def source():
    return make_source(60)


@pytest.fixture(scope="module")
def page(source):
    return render([source], MADE)


def kept_row(number, ratios, **changes):
    """A kept row whose pairs have these ratios in every cost."""
    start = make_measurement()
    pairs = tuple(Pair(f"{number:032x}{at:032x}", scale_measurement(start, r), start) for at, r in enumerate(ratios))
    mean = math.exp(fmean(map(math.log, ratios))) - 1
    effects = make_effects(**dict.fromkeys(("ard", "dmd", "reuse", "traffic"), mean))
    verdict = make_verdict(effects=effects)
    return make_experiment(number=number, evidence=Evidence((), pairs), verdict=verdict, **changes)


# -- levels -----------------------------------------------------------------------------------------------------------


def test_a_level_is_the_incumbents_times_the_paired_change():
    rows = [make_rows(0, TASK)[0], kept_row(1, [0.5] * 16), kept_row(2, [0.8] * 16)]
    found = standings(rows)
    assert [point.incumbent["dmd"] for point in found] == pytest.approx([1.0, 0.5, 0.4])
    lost = replace(rows[2], verdict=replace(rows[2].verdict, outcome="discarded"))
    assert [point.incumbent["dmd"] for point in standings([*rows[:2], lost])] == pytest.approx([1.0, 0.5, 0.5])
    assert standings([*rows[:2], lost])[2].levels["dmd"].value == pytest.approx(0.4)


def test_a_null_row_moves_no_line_even_if_it_is_kept():
    null = kept_row(1, [0.5] * 16, kind="null")
    assert standings([make_rows(0, TASK)[0], null])[1].incumbent["dmd"] == 1.0
    assert not is_kept(null)


def test_one_kept_step_has_students_interval():
    ratios = [0.5 + at / 100 for at in range(16)]
    low, high = chain([kept_row(1, ratios)], "dmd").interval()
    expected = ttest_1samp([math.log(r) for r in ratios], 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((math.expm1(expected.low), math.expm1(expected.high)))


def test_the_interval_of_a_chain_holds_the_truth_as_often_as_it_says():
    drawn, steps, runs, hits = random.Random(7), (-0.4, -0.1, -0.02), 400, 0
    for _ in range(runs):
        rows = [kept_row(at, [math.exp(drawn.gauss(step, 0.1)) for _ in range(16)]) for at, step in enumerate(steps)]
        low, high = chain(rows, "dmd").interval()
        hits += low <= math.expm1(sum(steps)) <= high
    assert 0.92 <= hits / runs <= 0.98, f"{hits} of {runs}, seed 7"


def test_what_was_not_kept_or_has_one_instance_gives_no_chain():
    assert chain([], "dmd") is None
    assert chain([kept_row(1, [0.5])], "dmd") is None
    assert chain([kept_row(1, [0.5] * 16)], "accuracy") is None


# -- endings and spending ---------------------------------------------------------------------------------------------


def test_every_proposal_that_was_not_kept_is_in_exactly_one_group(source):
    numbers = [row.number for group in endings(source.rows) for row in group.rows]
    due = [row.number for row in source.rows if row.kind == "proposal" and row.verdict.outcome != "kept"]
    assert sorted(numbers) == due
    stages = [group.stage for group in endings(source.rows)]
    assert stages == sorted(stages, key=["propose", "edit", "policy", "tests", "screen", "confirm"].index)


def test_an_unknown_price_makes_the_dollars_unknown_and_never_zero(source):
    rows = list(source.rows)
    assert spending(rows).dollars == 0.0
    rows[3] = replace(rows[3], cost=Cost(calls=1, dollars=None))
    assert spending(rows).dollars is None
    assert "not known, so neither is the cost" in render([make_source(rows=uncharted(rows))], MADE)


def test_the_seconds_of_all_stages_add_up_to_the_run(source):
    spent = spending(source.rows)
    assert sum(stage.seconds for stage in spent.stages) == pytest.approx(spent.seconds, rel=0.05)
    assert {stage.stage for stage in spent.stages} >= {"screen", "confirm", REST}
    assert sum(stage.share for stage in spent.stages) == pytest.approx(1)


# -- comparison -------------------------------------------------------------------------------------------------------


def arm(name, proposer, effect, seed=0, proposals=3):
    """A run with one kept step of that log effect and some that were refused."""
    drawn = random.Random(seed)
    first = make_rows(0, TASK, run=name)[0]
    rows = [replace(first, proposer=proposer, tree_sha256="7" * 64)]
    ratios = [math.exp(drawn.gauss(effect, 0.05)) for _ in range(16)]
    rows.append(kept_row(1, ratios, run=name, proposer=proposer, task_sha256=first.task_sha256))
    refused = Verdict("invalid", "policy", "no")
    rows += [replace(rows[1], number=at, verdict=refused, evidence=Evidence()) for at in range(2, proposals + 1)]
    rows = [replace(row, harness_sha256=first.harness_sha256, task_sha256=first.task_sha256) for row in rows]
    return make_source(rows=rows, name=name)


def test_runs_are_cut_to_the_budget_that_all_have():
    found = compare([arm("a", "claude", -1, proposals=9), arm("b", "search", -1, proposals=4)])
    assert found.budget == 4
    assert [sum(row.kind == "proposal" for row in one.rows) for one in found.arms] == [4, 4]
    assert cut(make_rows(30, TASK), 5)[-1].kind in ("proposal", "null")


def test_one_run_of_each_never_says_which_proposer_is_better():
    runs = [arm("a", "claude", -3), arm("b", "search", -1)]
    found = compare(runs)
    assert any("which of these runs found more, not which proposer is better" in line for line in found.sentences)
    assert "1 run of <code>claude</code> against 1 of <code>search</code>" in render(runs, MADE)
    assert not any("%" in line for line in found.sentences[1:])
    contest = found.contests[0]
    assert contest.low < math.expm1(-2) < contest.high
    assert contest.high < 0


def test_runs_of_several_seeds_get_the_exact_permutation_p_and_the_least_that_there_can_be():
    ours, theirs = [-3.0, -2.9, -2.8], [-1.0, -1.1, -1.2]
    runs = [arm(f"a{at}", "claude", e, at) for at, e in enumerate(ours)]
    runs += [arm(f"b{at}", "search", e, at + 9) for at, e in enumerate(theirs)]
    said = compare(runs).sentences[1]
    assert "`claude` found less data movement on average" in said
    assert "10.0% of all ways" in said, said  # 2 of 20: the split as it is and its mirror image
    assert "10.0% is the least" in said


def test_a_permutation_test_of_mixed_runs_counts_every_split():
    ours, theirs = [-1.0, -3.0], [-2.0, -1.5, -1.2]
    runs = [arm(f"a{at}", "claude", e, at) for at, e in enumerate(ours)]
    runs += [arm(f"b{at}", "search", e, at + 9) for at, e in enumerate(theirs)]
    found = compare(runs)
    values = [one.chains["dmd"].mean for one in found.arms]
    apart = abs(fmean(values[:2]) - fmean(values[2:]))
    splits = list(combinations(range(5), 2))
    rest = {chosen: [v for at, v in enumerate(values) if at not in chosen] for chosen in splits}
    hits = sum(abs(fmean(values[at] for at in chosen) - fmean(rest[chosen])) >= apart - 1e-12 for chosen in splits)
    assert f"{hits / 10:.1%} of all ways" in found.sentences[1]


def test_runs_of_another_task_or_baseline_are_left_out_and_named():
    other = arm("b", "search", -1)
    rows = [replace(row, task_sha256="0" * 64) for row in other.rows]
    found = compare([arm("a", "claude", -1), arm("c", "claude", -1, 5), replace(other, rows=tuple(rows))])
    assert [one.name for one in found.arms] == ["a", "c"]
    assert found.objections == ("b: another task than the others",)
    assert compare([arm("a", "claude", -1)]) is None
    assert compare([make_source(rows=make_rows(0, TASK)), make_source(rows=make_rows(0, TASK))]).arms == ()


def test_two_runs_that_kept_nothing_differ_by_nothing():
    nothing = [make_source(rows=[row for row in arm(name, "search", -1).rows if not is_kept(row)]) for name in "ab"]
    contest = compare(nothing).contests[0]
    assert (contest.change, contest.low, contest.high) == (0, 0, 0)


# -- charts -----------------------------------------------------------------------------------------------------------


def test_every_experiment_has_a_mark_in_every_chart_and_each_leads_to_its_row(source):
    for metric in ("ard", "dmd", "traffic", "accuracy"):
        svg = trajectory(standings(source.rows), metric, "r0e").svg
        assert sorted(map(int, re.findall(r'href="#r0e(\d+)"', svg))) == list(range(61)), metric


def test_charts_have_no_style_attribute_no_script_and_no_foreign_address(source):
    charts = [trajectory(standings(source.rows), "dmd", "r0e"), compared([Curve("<a&b>", (1.0, 0.5))], "x")]
    for chart in charts:
        assert not re.search(r"\bstyle=|<script|<style|url\((?!#)|target=", chart.svg)
        assert set(re.findall(r"https?://[^\"]*", chart.svg)) == {"http://www.w3.org/2000/svg"}
        assert set(re.findall(r'class="(\w+)"', chart.svg)) == set(chart.styles)


def test_the_same_rows_draw_the_same_bytes(source):
    once, again = (trajectory(standings(source.rows), "dmd", "r0e").svg for _ in range(2))
    assert once == again


def test_outcomes_are_told_apart_by_shape(source):
    """Each has a path of its own: their colours may all be the same."""
    points = standings(source.rows)
    shapes = {}
    for outcome in ("kept", "discarded", "inconclusive", "invalid"):
        svg = trajectory([p for p in points if p.row.verdict.outcome == outcome][-1:], "dmd", "e").svg
        used = re.search(r'<a href="#e\d+"[^>]*><use [^>]*href="#([^"]+)"', svg)
        start = f'<path d="([^"]+)"[^>]*id="{used[1]}"' if used else r'<a href="#e\d+"[^>]*><path d="([^"]+)"'
        path = re.search(start, svg)[1]
        shapes[outcome] = re.sub(r"-?\d+(\.\d+)?", "", path)
    assert len({*shapes.values()}) == 4, shapes


# -- diffs ------------------------------------------------------------------------------------------------------------


def test_a_diff_keeps_every_line_whatever_it_looks_like():
    diff = "@@ -1,3 +1,3 @@\n same\n---- a/x\n+++++ b/y\n index 3\n"
    shown = str(show_diff(diff))
    text = re.sub(r"<[^>]+>", "", shown)
    lines = [line for line in text.splitlines() if line]
    assert lines == ["@@ -1,3 +1,3 @@", " same", "---- a/x", "+++++ b/y", " index 3"]
    assert re.findall(r'<span class="(add|del|same|hunk)">', shown) == ["hunk", "same", "del", "add", "same"]


@few
@given(st.text(max_size=200))
def test_any_text_in_a_diff_stays_text(words):
    tags = set(re.findall(r"<(/?\w+)", str(show_diff(f"@@ -1,9 +1,9 @@\n+{words}"))))
    assert tags <= {"span", "/span"}


def test_what_cannot_be_seen_in_a_diff_is_spelt_out():
    assert "U+202E" in show_diff("@@ -1 +1 @@\n+x = 1 # \u202e\n")


def test_a_diff_is_coloured_as_python_on_both_sides():
    shown = show_diff(make_diff())
    assert shown.count('class="p-mi">500</span>') == 1
    assert shown.count('class="p-mi">64</span>') == 1


def test_code_below_a_docstring_that_began_above_is_coloured_as_code():
    inside = '@@ -1,3 +1,3 @@\n are numbers.\n """\n+METHOD = "fused"\n'
    begins = '@@ -1,2 +1,2 @@\n+"""What it is.\n+METHOD = 1\n'
    assert 'class="p-n">METHOD</span>' in show_diff(inside)
    assert 'class="p-n">METHOD</span>' not in show_diff(begins)


# -- profiles ---------------------------------------------------------------------------------------------------------


def sums(dmd, reads=10):
    return Sums(reads, 0, 0, 0, reads, 100, dmd, ())


def profiled(lines, buffers, samples=10):
    total = sums(math.fsum(line.sums.dmd for line in lines))
    return Profile("m", {}, samples, None, total, 1, tuple(lines), tuple(buffers), {})


def test_what_moved_is_sorted_by_how_far_and_what_only_one_side_has_is_shown():
    before = profiled([Line("a.py", 1, "x", sums(500.0)), Line("a.py", 2, "y", sums(90.0))], [])
    after = profiled([Line("a.py", 1, "x", sums(100.0)), Line("b.py", 9, "z", sums(80.0))], [])
    found = movement(before, after).lines
    assert [(row.name, row.before, row.after) for row in found] == [
        ("a.py:1", 50.0, 10.0),
        ("a.py:2", 9.0, None),
        ("b.py:9", None, 8.0),
    ]


def test_buffers_that_share_a_name_are_told_apart_by_their_place():
    places = [("h", "m.py:3"), ("h", "m.py:8"), ("(no name)", "m.py:9")]
    twice = [Buffer(name, place, sums(1.0)) for name, place in places]
    names = [row.name for row in movement(profiled([], twice), profiled([], twice)).buffers]
    assert sorted(names) == ["(no name), m.py:9", "h, m.py:3", "h, m.py:8"]


# -- the page ---------------------------------------------------------------------------------------------------------


class Shape(HTMLParser):
    """The tags of a page, each with the names of its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add((tag, tuple(name for name, _ in attributes)))


@pytest.fixture(scope="module")
def plain_tags():
    return Shape(render([hostile_source("plain words", charted=False)], MADE)).tags


@few
@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=60))
def test_no_words_of_a_proposers_make_a_tag_or_an_attribute(plain_tags, words):
    shape = Shape(render([hostile_source(f"<{words}>'\"&", charted=False)], MADE)).tags
    assert shape - plain_tags <= {("code", ()), ("span", ("class",))}  # what stands between backticks; Pygments


def test_a_lone_surrogate_does_not_stop_the_page():
    assert "U+D800" in render([hostile_source("\ud800", charted=False)], MADE).encode().decode()


def test_the_policy_names_the_hash_of_the_only_style_and_the_only_script(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "unsafe" not in policy


def test_nothing_that_was_recorded_is_left_out(source, page):
    for row in source.rows:
        assert page.count(f'<tr id="r0e{row.number}"') == 1
    assert page.count("<article") == len(source.published)
    assert "Verified as this page was made" in page


def test_every_command_names_run_and_number_and_hostile_names_are_quoted(source, page):
    number = next(iter(source.published))
    assert f"python -m harness verify --run synthetic --rerun {number}" in page
    rows = [replace(row, run="x; rm -rf ~") for row in uncharted(source.rows)]
    assert "--run &#39;x; rm -rf ~&#39; --rerun" in render([make_source(rows=rows)], MADE)


def test_a_problem_stands_in_a_banner_at_its_row_and_at_its_finding(source):
    number = next(iter(source.published))
    problem = Problem(number, "verdict.gain", "recorded 0.9, is 0.1")
    page = render([replace(source, audit=Audit(problems=(problem,)), rows=tuple(uncharted(source.rows)))], MADE)
    assert "Do not believe this run: 1 thing in it does not hold" in page
    assert page.count("verdict.gain: recorded 0.9, is 0.1") == 3  # the list, the row, the finding
    assert "Verified as this page was made" not in page


def test_a_broken_chain_is_said_before_anything_else(source):
    rows = tuple(uncharted(source.rows))
    page = render([replace(source, rows=rows, chained=False, unreadable=("line 3: not JSON",))], MADE)
    banners = re.findall(r'<p class="banner (\w+)"', page)
    assert banners[:2] == ["broken", "broken"]
    assert "line 3: not JSON" in page


@pytest.mark.parametrize(
    "forged",
    [
        dict(ard_reads=0, dmd=0.0, reads=0, writes=0),
        dict(samples=0, reuse=-1, ard_distance=-5),
    ],
    ids=str,
)
def test_numbers_that_no_meter_gives_are_shown_for_what_they_are(source, forged):
    number = next(iter(source.published))
    pairs = source.rows[number].evidence.confirm
    wrong = tuple(Pair(p.seed, replace(p.candidate, **forged), replace(p.incumbent, **forged)) for p in pairs)
    evidence = replace(source.rows[number].evidence, confirm=wrong)
    rows = [replace(row, evidence=evidence) if row.number == number else row for row in source.rows]
    rows[0] = replace(rows[0], evidence=Evidence())
    page = render([make_source(rows=rows)], MADE)
    assert page.count(f'<tr id="r0e{number}"') == 1


@pytest.mark.parametrize("value", [1e300, -5.0], ids=str)
def test_effects_that_cannot_be_do_not_stop_the_page(source, value):
    effects = tuple(replace(e, change=value, after=value, low=value, high=value) for e in make_effects())
    rows = [replace(row, verdict=replace(row.verdict, effects=effects)) for row in source.rows]
    assert render([make_source(rows=rows)], MADE).count("<tr id=") == len(rows)


def test_a_kept_row_without_a_gain_is_shown_as_one_that_cannot_be(source):
    number = next(iter(source.published))
    verdict = replace(source.rows[number].verdict, gain=None)
    rows = [replace(row, verdict=verdict) if row.number == number else row for row in source.rows]
    view = view_run(make_source(rows=rows), "r0e")
    assert [b.mark for b in view.banners if f"Experiment {number} is kept" in b.text] == ["broken"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_run_that_has_hardly_begun_has_a_page(count):
    page = render([make_source(count)], MADE)
    assert ("nothing was tried yet" in page) == (count == 0)


def test_a_run_without_a_row_says_so(source):
    empty = replace(source, rows=(), published={}, state=Statement("warning", "it stopped before its baseline."))
    page = render([empty], MADE)
    assert "nothing was measured in it yet" in page
    assert "it stopped before its baseline." in page


def test_a_kept_null_row_is_a_warning(source):
    rows = list(source.rows)
    at = next(row.number for row in rows[1:] if row.kind == "null")
    rows[at] = replace(rows[at], verdict=make_verdict())
    assert "Null rows kept: 1. An experiment that changes nothing" in render([make_source(rows=rows)], MADE)


def test_the_whole_runs_numbers_are_rounded_towards_the_worse():
    rows = [make_rows(0, TASK)[0], kept_row(1, [0.50049, 0.50049, 0.50048])]
    view = view_run(make_source(rows=rows), "r0e")
    assert [gain.change for gain in view.gains] == ["-49.9 %"] * 3


@few
@given(st.text(st.sampled_from("\\`*~[]|$<>&#=_+- ab\n"), max_size=40))
def test_markdown_that_was_disarmed_reads_as_it_was_written(words):
    from harness.finding.prose import _TOKEN, _guard_line, _render_token

    armed = _guard_line(_TOKEN.sub(lambda m: _render_token(m, None, frozenset()), words.replace("\n", " ")))
    assert unmarked(armed).strip() == words.replace("\n", " ").strip()


def test_instances_show_every_metric_and_every_pair(source):
    number = next(iter(source.published))
    one = next(f for f in view_run(source, "r0e").findings if f.number == number)
    assert len(one.instances) == len(source.rows[number].evidence.confirm)
    assert {len(line.cells) for line in one.instances} == {len(METRICS)}


# -- levels named beside a chart --------------------------------------------------------------------------------------


def level_labels(drawing):
    """The words beside the levels of a chart, which stand to the left of its frame."""
    return re.findall(r">([\d.,]+ ?[%×])</text>", drawing.svg)


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [1.0, 0.995], [1.0, 0.95], [1.0, 0.5], [1.0, 0.025]])
@pytest.mark.parametrize("metric", ["ard", "accuracy"])
def test_every_chart_names_three_levels_or_more_and_none_twice(values, metric):
    rows = [replace(make_experiment(), number=number) for number in range(len(values))]
    levels = [{metric: Level(value, None, None)} for value in values]
    points = [Standing(row, at, {metric: at[metric].value}) for row, at in zip(rows, levels, strict=True)]
    labels = level_labels(trajectory(points, metric, "r"))
    assert 3 <= len(labels) <= 7, labels
    assert len(set(labels)) == len(labels)


def test_any_span_has_three_named_levels():
    generator = random.Random(1)
    for _ in range(500):
        low = 10 ** generator.uniform(-5, 1)
        named = named_levels(low, low * 10 ** (10 ** generator.uniform(-2.7, 0.8)))
        assert 3 <= len(named) <= 9, (low, named)
