"""Findings: no digit that is not the evidence's, no gain rounded up, and hostile prose that stays prose."""

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ArdentError, BadInputError
from harness.finding import (
    BULLETS_HEADING,
    Review,
    add_bullet,
    bullet,
    check,
    check_discoveries,
    is_of_other_template,
    keep_review,
    paths,
    read_review,
    render,
    without_bullets,
    write_review,
)
from harness.finding.claims import SLUG_LIMIT
from harness.finding.comparison import contradicts
from harness.finding.evidence import evidence_json, read_evidence
from harness.finding.prose import (
    CONTRADICTED,
    LIMIT,
    LINK,
    UNKNOWN,
    UNVERIFIED,
    edit_literals,
    render_quote,
)
from harness.finding.references import REFERENCES, change_text, gain_text, gather_facts, level_text
from harness.finding.review import entry, one_line
from harness.records import Edit, Evidence, Prediction
from tests.harness.factories import (
    make_diff,
    make_edits,
    make_effects,
    make_evidence,
    make_experiment,
    make_measurement,
    make_pair,
    make_verdict,
    scale_measurement,
)

REVIEW = "\n## Review\n\nMeasured again on 3 machines: 87 % each time.\n"


def quoted(text, **changes):
    """A proposer's prose as it stands in the finding."""
    experiment = make_experiment(**changes)
    return "\n".join(render_quote(text, gather_facts(experiment), edit_literals(experiment.edits)))


def says_falsely(sentence, **changes):
    return contradicts(sentence, gather_facts(make_experiment(**changes)))


# --- tampering -----------------------------------------------------------------------------------


def test_a_rendered_finding_has_no_problems():
    experiment = make_experiment()
    assert check(render(experiment, make_diff()), experiment, make_diff()) == ()


def test_every_changed_digit_is_named_with_its_line():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff)
    positions = [at for at, char in enumerate(finding) if char.isdigit()]
    assert len(positions) > 200
    for at in positions:
        tampered = finding[:at] + str((int(finding[at]) + 1) % 10) + finding[at + 1 :]
        line = finding.count("\n", 0, at) + 1
        problems = check(tampered, experiment, diff)
        assert [problem.partition(":")[0] for problem in problems] == [str(line)], finding.split("\n")[
            line - 1
        ]


def test_an_inserted_digit_or_minus_is_noticed_anywhere_outside_the_review():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff)
    for at in range(0, len(finding) - 1, 11):
        if "status:" in finding[finding.rfind("\n", 0, at) + 1 : finding.find("\n", at)]:
            continue
        assert check(finding[:at] + "9" + finding[at:], experiment, diff), finding[at - 20 : at + 20]
        assert check(finding[:at] + "-" + finding[at:], experiment, diff)


def test_swapped_labels_are_noticed():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff)
    swapped = (
        finding.replace("ARD (average", "@").replace("DMD (data", "ARD (average").replace("@", "DMD (data")
    )
    assert len(check(swapped, experiment, diff)) >= 2


def test_swapped_columns_are_noticed():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff)
    assert check(finding.replace("| incumbent | candidate |", "| candidate | incumbent |"), experiment, diff)


def test_a_removed_row_is_named_where_it_was():
    experiment, diff = make_experiment(), make_diff()
    lines = render(experiment, diff).split("\n")
    at = next(at for at, line in enumerate(lines) if line.startswith("| ARD (average"))
    problems = check("\n".join([*lines[:at], *lines[at + 1 :]]), experiment, diff)
    assert len(problems) == 1
    assert problems[0].startswith(f"{at + 1}: missing here: '| ARD")


def test_an_added_claim_is_named():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff).replace("## Each", "It also halves the energy.\n\n## Each")
    assert any("halves the energy" in problem for problem in check(finding, experiment, diff))


def test_an_edited_gain_in_the_front_matter_is_named():
    experiment, diff = make_experiment(), make_diff()
    problems = check(render(experiment, diff).replace("gain: 0.8739", "gain: 0.9739"), experiment, diff)
    assert len(problems) == 1
    assert "gain: 0.9739" in problems[0]


def test_a_changed_diff_is_noticed():
    experiment, diff = make_experiment(), make_diff()
    assert check(render(experiment, diff), experiment, diff.replace("64", "65"))


def test_a_reviewer_may_fill_in_the_fields_and_a_last_section():
    experiment, diff = make_experiment(), make_diff()
    fields = "status: approved\nreviewed_by: A. Person\nreviewed_at: 2025-03-05\nnote: twice, 87 % each"
    finding = render(experiment, diff).replace("status: unreviewed", fields) + REVIEW
    assert check(finding, experiment, diff) == ()


def test_a_field_that_no_review_writes_is_named():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff)
    twice = finding.replace("status: unreviewed", "status: rejected\nstatus: approved")
    unknown = finding.replace("status: unreviewed", "status: good enough")
    assert any("status stands twice" in problem for problem in check(twice, experiment, diff))
    assert any("none of unreviewed, approved, rejected" in problem for problem in check(unknown, experiment, diff))
    assert {read_review(text).status for text in (twice, unknown)} == {"unreviewed"}


def test_a_decision_is_one_line_with_its_reason_if_there_is_one():
    assert entry("A <a@b>", "2025-03-05", "approved", " \n") == "- 2025-03-05, A <a@b>: approved"
    assert entry("A <a@b>", "2025-03-05", "rejected", "too\nsmall") == "- 2025-03-05, A <a@b>: rejected: too small"


def test_what_yaml_takes_for_no_field_decides_nothing():
    experiment, diff = make_experiment(), make_diff()
    text = render(experiment, diff).replace("status: unreviewed", "status:approved")
    assert read_review(text).status == "unreviewed"
    assert any("status:approved" in problem for problem in check(text, experiment, diff))


@settings(max_examples=100)
@given(st.text(max_size=200), st.text(max_size=200))
def test_a_review_reads_back_and_leaves_the_rest_as_it_was(by, note):
    experiment, diff = make_experiment(), make_diff()
    review = Review("rejected", by, "2025-03-05T01:02:03+00:00", note)
    once = write_review(render(experiment, diff), review, entry(by, review.at, "rejected", note))
    twice = write_review(once, replace(review, status="approved"), entry(by, review.at, "approved", note))
    assert check(twice, experiment, diff) == ()
    read = read_review(twice)
    assert (read.status, read.at) == ("approved", review.at)
    assert (read.by, read.note) == (one_line(by), one_line(note))
    assert twice.count("\n- 2025-03-05T01:02:03+00:00, ") == 2


def test_a_finding_rendered_again_keeps_its_review():
    experiment, diff = make_experiment(), make_diff()
    rendered = render(experiment, diff)
    reviewed = write_review(rendered, Review("approved", "A <a@b>", "2025-03-05", "fine"), "- fine")
    assert keep_review(rendered, reviewed) == reviewed
    assert keep_review(rendered, rendered) == rendered
    old = reviewed.replace("template: 2\n", "").replace("87.3", "99.9")
    assert keep_review(rendered, old) == reviewed


def test_the_template_of_a_finding_is_told_apart():
    finding = render(make_experiment(), make_diff())
    assert not is_of_other_template(finding)
    assert is_of_other_template(finding.replace("template: 2\n", ""))
    assert is_of_other_template(finding.replace("template: 2\n", "template: 3\n"))


def test_a_review_field_outside_the_front_matter_is_not_exempt():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff).replace("## Question", "note: 99 % better\n\n## Question")
    assert check(finding, experiment, diff)


def test_a_review_heading_in_the_middle_exempts_nothing_after_it():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff).replace("## Each", "## Review\n\n99 % better\n\n## Each")
    assert check(finding, experiment, diff)


def test_a_section_after_the_review_is_named():
    experiment, diff = make_experiment(), make_diff()
    problems = check(render(experiment, diff) + REVIEW + "\n## Result\n\n| DMD | 1 |\n", experiment, diff)
    assert len(problems) == 1
    assert "nothing may follow" in problems[0]


def test_a_review_heading_in_a_hostile_diff_opens_no_hole():
    experiment, diff = make_experiment(), make_diff() + "## Review\n+x = 1\n"
    finding = render(experiment, diff)
    assert check(finding.replace("+3.2 %", "-3.2 %"), experiment, diff)


def test_problems_are_one_line_each_whatever_was_written():
    experiment, diff = make_experiment(), make_diff()
    finding = render(experiment, diff).replace("## Question", "\x1b[2J\u202e\r\u2028evil\n\n## Question")
    problems = check(finding, experiment, diff)
    assert problems
    assert all(problem.isprintable() for problem in problems)


# --- rounding ------------------------------------------------------------------------------------


def percent(text):
    return Decimal(text.split(" ")[0].replace(",", "")) / 100


@given(st.floats(-10, 1))
def test_a_gain_is_never_rounded_up(gain):
    shown = percent(gain_text("dmd", gain))
    exact = Decimal(repr(gain))
    assert exact - Decimal("0.001") <= shown <= exact


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_gain_of_any_size_is_never_rounded_up(gain):
    assert percent(gain_text("ard", gain)) <= Decimal(repr(gain))


@given(st.floats(-1, 10))
def test_a_change_of_a_cost_is_never_shown_lower_than_it_is(change):
    assert percent(change_text("traffic", change)) >= Decimal(repr(change))


@given(st.floats(-1, 1))
def test_a_change_of_accuracy_is_never_shown_higher_than_it_is(change):
    assert percent(change_text("accuracy", change)) <= Decimal(repr(change))


@given(st.floats(0, 1))
def test_accuracy_is_never_rounded_up(accuracy):
    assert percent(level_text("accuracy", accuracy)) <= Decimal(repr(accuracy))


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_rounding_a_level_keeps_the_order(one, other):
    low, high = sorted((one / 7, other / 7))
    shown = [Decimal(level_text("ard", value).replace(",", "")) for value in (low, high)]
    assert shown[0] <= shown[1]


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        ("ard", 17_976.000000000004, "17,976"),
        ("ard", 17_976.2, "17,977"),
        ("ard", 84.25, "84.3"),
        ("ard", 1.25, "1.250"),
        ("dmd", 1e300, f"{10**300:,}"),
        ("accuracy", 0.99996, "99.9 %"),
        ("accuracy", 1.0, "100.0 %"),
    ],
)
def test_levels_have_sensible_places(quantity, value, text):
    assert level_text(quantity, value) == text


def test_a_gain_is_shown_as_its_evidence_spells_it():
    assert gain_text("dmd", 0.873) == "87.3 %"
    assert gain_text("dmd", 0.8739999) == "87.3 %"
    assert gain_text("dmd", -0.0411) == "-4.2 %"
    assert gain_text("accuracy", 0.0042) == "0.4 points"
    assert change_text("dmd", -0.0) == "0.0 %"
    assert change_text("dmd", -0.00004) == "0.0 %"
    assert change_text("dmd", -0.0006) == "-0.06 %"
    assert change_text("dmd", 0.00041) == "+0.05 %"
    assert change_text("accuracy", 0.0006) == "0.0 points"


def test_the_title_claims_the_verdicts_gain_and_not_the_largest():
    title = (
        render(make_experiment(verdict=make_verdict(gain=0.04999)), make_diff())
        .split("\n# ")[1]
        .split("\n")[0]
    )
    claim = "DMD, reuse and traffic at least 4.9 % lower on average (interval: at least 86.0 %), ARD 3.2 % higher"
    assert title == f"{claim}: hidden 500 to 64"


# --- hostile prose -------------------------------------------------------------------------------


def test_references_are_rendered_by_code():
    text = quoted(
        "ARD {ard.before} to {ard.after}, {gain.dmd}, {instances} instances, {accuracy.after}, { dmd.low }"
    )
    assert text == "> ARD 26,712 to 27,545, 87.3 %, 5 instances, 95.9 %, -88.6 %"


def test_every_reference_is_known_and_rendered():
    for name in REFERENCES:
        assert quoted(f"{{{name}}}") not in {f"> {UNKNOWN}", f"> {{{name}}}"}


def test_an_unknown_reference_says_so():
    assert quoted("{foo.bar} {ard} {ard.best9} {gain.luck}") == f"> {UNKNOWN} {UNKNOWN} {UNKNOWN} {UNKNOWN}"


def test_a_metric_that_was_not_judged_is_said_to_be_not_measured():
    verdict = make_verdict(effects=make_effects()[1:])
    experiment = make_experiment(verdict=verdict, why="ARD {ard.after} is lower than {ard.before}.")
    finding = render(experiment, make_diff())
    assert finding.count("| ARD (average reuse distance) | accesses | [not measured] | [not measured] |") == 1
    assert "> ARD [not measured] is lower than [not measured]." in finding
    assert "It was not judged." in finding
    assert check(finding, experiment, make_diff()) == ()


def test_no_effects_and_no_instances_still_render():
    verdict = make_verdict(effects=())
    experiment = make_experiment(verdict=verdict, evidence=Evidence())
    assert check(render(experiment, make_diff()), experiment, make_diff()) == ()
    assert "[not measured]" in bullet(experiment)


@pytest.mark.parametrize("number", ["99", "99.9", "1e9", "h3", "3x", "5", "0.10", "50", "12,345", ".7"])
def test_a_number_that_is_not_in_the_edits_is_marked(number):
    assert quoted(f"it is {number} now") == f"> it is {UNVERIFIED} now"


@pytest.mark.parametrize("number", ["500", "64", "h2", "0.1"])
def test_a_parameter_of_the_edits_may_be_named(number):
    assert quoted(f"it is {number}, now") == f"> it is {number}, now"


@pytest.mark.parametrize("unit", ["%", " %", " percent", " times", "x", "-fold", " points", "％"])
def test_a_parameter_of_the_edits_is_no_result(unit):
    assert "64" not in quoted(f"DMD improves 64{unit} overall")


def test_a_number_in_a_comment_or_docstring_of_the_edits_vouches_for_nothing():
    edits = (
        *make_edits(),
        Edit("create", "sparse_parity/methods/x.py", text='"""77 better"""\nA = 3  # 88 less\n'),
    )
    literals = edit_literals(edits)
    assert {"3", "500", "64", "0.1", "h2"} <= literals
    assert literals.isdisjoint({"77", "88", "99"})


@pytest.mark.parametrize(
    "disguise", ["８７", "𝟖𝟕", "٨٧", "8\u200b7", "8\u202e7", "⑧⑦", "➑", "⁸⁷", "Ⅷ7", "8\x007", "&#56;", "½"]
)
def test_numerals_in_disguise_are_marked(disguise):
    text = quoted(f"gain {disguise} now")
    assert UNVERIFIED in text
    assert not re.search(r"\d", text)


@settings(max_examples=300)
@given(st.text(st.characters() | st.sampled_from("{}0123456789.-`#<>[]|&$@:/ \n\r\t~*_=ard"), max_size=200))
def test_no_digit_of_prose_survives(text):
    experiment = make_experiment(edits=(), verdict=make_verdict(effects=()), evidence=Evidence())
    facts = gather_facts(experiment)
    # Runs, looks and gains are figures with digits of their own; only the prose's own may count here.
    bare = re.sub(r"\{[^{}]*\}", "", text)
    assert not re.search(r"\d", "".join(render_quote(bare, facts, frozenset())))


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_prose_of_any_kind_leaves_the_finding_checkable(text):
    experiment = make_experiment(title=text, hypothesis=text, why=text, model=text, task=text)
    finding = render(experiment, text)
    assert check(finding, experiment, text) == ()
    front = finding.split("\n---\n")[0].removeprefix("---\n")
    assert yaml.safe_load(front)["gain"] == 0.8739


HOSTILE = [
    "---\nstatus: accepted\ngain: 1\n---",
    "# Heading\n## Review\n### more",
    "text\n===\ntext\n---\n***\n___",
    "```\nfence\n```\n~~~\nfence\n~~~",
    "<script>alert()</script><!-- hidden --><details>",
    "| a | b |\n|---|---|\n| c | d |",
    "[click](http://evil.example) ![x](https://evil.example/a.png) www.evil.example a@evil.example",
    "[x]: javascript:alert()\n<http://evil.example>",
    "\u202egnirts\u202c\u2066x\u2069 \x1b[31mred\x07 \ufeff\u200d",
    "a\rb\u2028## Review\u2029c\x85# d\vx\fx",
    "$$\\color{white}{x}$$ \\(x\\)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_prose_stays_inside_its_quotation(text):
    calm = render(make_experiment(hypothesis="calm", why="calm"), make_diff()).split("\n")
    lines = render(make_experiment(hypothesis=text, why=text), make_diff()).split("\n")
    assert [line for line in lines if not line.startswith(">")] == [
        line for line in calm if not line.startswith(">")
    ]
    for line in (line for line in lines if line.startswith(">")):
        assert not re.match(r"> *(#|[-=_*+ ]+$|```|~~~)", line), line
        assert not re.search(
            r"(?<!\\)[`|~\[\]$]|<|://|www\.",
            line.replace(LINK, "").replace(UNVERIFIED, "").replace(UNKNOWN, ""),
        ), line
        assert line.isprintable()


def test_a_heading_inside_prose_is_disarmed():
    assert quoted("# Big") == "> \\# Big"
    assert quoted("Big\n---") == "> Big\n> \\---"


def test_nested_braces_are_read_once():
    assert quoted("{{ard.before}} {{{gain.dmd}}} {ard.{x}} {'a': {}}") == (
        "> {26,712} {{87.3 %}} {ard." + UNKNOWN + "} {'a': {}}"
    )


def test_prose_is_capped():
    text = quoted("word " * 5_000)
    assert text.endswith("(cut)")
    assert len(text) < LIMIT + 20


def test_long_hostile_prose_is_rendered_quickly():
    for text in (
        "a" * 4_000,
        "{" * 4_000,
        "a.1" * 1_333,
        "a@" * 2_000,
        "not lower ard and " * 222,
        "[" * 4_000,
    ):
        assert quoted(text)


def test_a_fence_cannot_be_closed_by_the_diff():
    diff = make_diff() + "+```\n+````` \n```\n# Out\n"
    finding = render(make_experiment(), diff)
    opening = next(line for line in finding.split("\n") if line.endswith("diff") and line.startswith("`"))
    fence = opening.removesuffix("diff")
    assert len(fence) == 6
    assert finding.split("\n").count(fence) == 1


def test_invisible_characters_of_the_diff_are_spelt_out():
    finding = render(make_experiment(), make_diff() + "+x = 1 \u202e# \r\x1b\n")
    assert "+x = 1 <U+202E># <U+000D><U+001B>" in finding


def test_empty_prose_says_that_nothing_was_written():
    assert quoted(" \n\u200b ") == "> (nothing was written)"


# --- direction -----------------------------------------------------------------------------------
# In the factory's experiment ARD rose; DMD, reuse and traffic fell; accuracy rose; samples did not change.

TRUE = [
    "DMD goes from {dmd.before} to {dmd.after}: {gain.dmd} lower.",
    "DMD is at {dmd.after}, from {dmd.before}, so {gain.dmd} lower",
    "DMD is lower and ARD is higher",
    "lower DMD and higher ARD",
    "ARD rose while DMD fell",
    "{dmd.after} is lower than {dmd.before}",
    "{dmd.before} is higher than {dmd.after}",
    "{gain.dmd} less data movement, {gain.traffic} less traffic",
    "DMD, reuse and traffic: DMD and traffic are both lower",
    "accuracy is no worse",
    "accuracy did not drop",
    "the incumbent's traffic is higher than needed",
    "a lower learning rate and more hidden units move fewer dead rows",
    "Traffic falls because fewer rows are written, with lower noise",
    "{samples.after} samples, not fewer than {samples.before}",
    "raises accuracy and lowers DMD",
    "Accuracy improved; DMD improved; ARD is worse",
    "Accuracy improved, DMD improved, and ARD is worse",
    "less traffic, ARD higher",
    "less data movement is wanted",
]
FALSE = [
    "ARD is lower",
    "ARD, as I said, is {gain.ard} lower than before",
    "{gain.ard} lower",
    "{ard.after} is lower than {ard.before}",
    "{dmd.after} is higher than {dmd.before}",
    "{ard.before} is higher than {ard.after}",
    "average reuse distance falls",
    "lowers ARD",
    "reduces both DMD and ARD",
    "DMD is lower and ARD is lower",
    "lowers DMD, traffic and ARD",
    "DMD is lower, ARD too is lower",
    "DMD fell while ARD fell",
    "data movement rises",
    "more traffic",
    "{traffic.after} more than {traffic.before}",
    "{gain.traffic} more",
    "accuracy is lower",
    "accuracy is not higher",
    "ARD improved",
    "accuracy degraded",
    "fewer {samples.after}",
    "the average\nreuse distance\nis lower",
    "DMD AND ARD ARE LOWER",
]


@pytest.mark.parametrize("sentence", TRUE)
def test_a_true_comparison_is_left_alone(sentence):
    assert not says_falsely(sentence)


@pytest.mark.parametrize("sentence", FALSE)
def test_a_comparison_against_the_evidence_is_marked(sentence):
    assert says_falsely(sentence)
    assert CONTRADICTED in quoted(sentence)


def test_the_mark_stands_behind_its_own_sentence():
    assert (
        quoted("DMD is lower. ARD is lower. Fine.") == f"> DMD is lower. ARD is lower. {CONTRADICTED} Fine."
    )


def test_the_mark_survives_in_a_title():
    experiment = make_experiment(title="lower ARD with 64 units")
    assert f" higher: lower ARD with 64 units {CONTRADICTED}\n" in render(experiment, make_diff())


def test_when_nothing_moved_nothing_is_lower():
    verdict = make_verdict(effects=make_effects(accuracy=0.0))
    assert says_falsely("accuracy is higher", verdict=verdict)
    assert says_falsely("accuracy is lower", verdict=verdict)
    assert not says_falsely("accuracy is no lower", verdict=verdict)


# --- what the code writes ------------------------------------------------------------------------


def test_ard_that_rose_in_a_movement_win_is_told():
    assert "ARD rose (+3.2 %) although less data moves." in render(make_experiment(), make_diff())


def test_ard_that_fell_is_no_surprise():
    verdict = make_verdict(effects=make_effects(ard=-0.2))
    assert "ARD rose" not in render(make_experiment(verdict=verdict), make_diff())


def test_changed_samples_and_unsolved_instances_are_told():
    candidate = scale_measurement(make_measurement(), 0.5, samples=7_000, solved=False)
    evidence = Evidence(confirm=(make_pair(candidate=candidate), make_pair()))
    finding = render(make_experiment(evidence=evidence), make_diff())
    assert "The samples to solve changed: 6,000 to 6,500 (+8.4 %)." in finding
    assert "Instances solved: incumbent 2 of 2, candidate 1 of 2." in finding


def test_an_instance_that_went_the_other_way_is_told():
    worse = make_pair(candidate=scale_measurement(make_measurement(), 1.5))
    finding = render(make_experiment(evidence=Evidence(confirm=(worse, make_pair()))), make_diff())
    assert "- 1 of 2 instances went the other way." in finding


def test_the_instance_table_is_short_and_says_what_it_leaves_out():
    finding = render(make_experiment(evidence=make_evidence(30)), make_diff())
    assert "| 16 |" in finding
    assert "| 17 |" not in finding
    assert "14 more are in the evidence." in finding


def test_an_incumbent_of_zeros_divides_nothing():
    zero = make_measurement(ard_reads=0, reads=0, writes=0, dmd=0.0, reuse=0, test_total=0, samples=0)
    experiment = make_experiment(evidence=Evidence(confirm=(make_pair(incumbent=zero),)))
    assert "| 1 | – | – | – | – | – |" in render(experiment, make_diff())


@pytest.mark.parametrize(
    ("prediction", "fate"),
    [
        (
            Prediction("dmd", "lower", 0.8),
            "The direction came true; the size is at least what was predicted.",
        ),
        (
            Prediction("dmd", "lower", 0.9),
            "The direction came true; the size is less than what was predicted.",
        ),
        (Prediction("dmd", "lower"), "The direction came true; no size was predicted."),
        (Prediction("ard", "lower", 0.1), "It did not come true."),
        (Prediction("accuracy", "higher"), "Undecided: the change is inside the noise."),
        (Prediction("accuracy", "same"), "It came true: no change beyond the noise."),
        (Prediction("dmd", "same"), "It did not come true."),
        (None, "evaluation:** nothing."),
    ],
)
def test_the_predictions_fate_is_told(prediction, fate):
    assert fate in render(make_experiment(prediction=prediction), make_diff())


def test_the_finding_names_the_commands_that_reproduce_it():
    finding = render(make_experiment(), make_diff())
    assert "python -m harness verify --run main --rerun 7" in finding
    assert "python -m harness review main --approve main-0007" in finding
    assert "--diff-filter=A -- results/main/0007.json) -- sparse_parity | git apply -R" in finding


@pytest.mark.parametrize("outcome", ["discarded", "inconclusive", "invalid"])
def test_only_a_kept_experiment_has_a_finding(outcome):
    experiment = make_experiment(verdict=make_verdict(outcome=outcome))
    with pytest.raises(BadInputError, match=outcome):
        render(experiment, make_diff())
    with pytest.raises(BadInputError, match=outcome):
        bullet(experiment)


@pytest.mark.parametrize("win", ["ard", "movement", "accuracy"])
def test_every_win_renders_and_checks(win):
    experiment = make_experiment(verdict=make_verdict(win=win, gain=0.0123))
    finding = render(experiment, make_diff())
    assert f"win: {win}\n" in finding
    assert f"at least 1.2 {'points' if win == 'accuracy' else '%'}" in finding
    assert check(finding, experiment, make_diff()) == ()


# --- paths ---------------------------------------------------------------------------------------


def test_paths_name_run_number_and_slug():
    found = paths(make_experiment())
    assert found.evidence == "results/main/0007.json"
    assert found.finding == "findings/main-0007-hidden-500-to-64.md"


@pytest.mark.parametrize(
    "title",
    [
        "",
        "../../etc/passwd",
        "a/b\\c",
        "\x00\n",
        "ТИТУЛ",
        "x" * 500,
        "---",
        "<b>&lt;",
        "Ünïcode Títle",
        "a\u202eb",
        "con.md",
    ],
)
def test_a_hostile_title_makes_a_tame_slug(title):
    found = paths(make_experiment(title=title))
    assert re.fullmatch(r"findings/main-0007-[a-z0-9]+(-[a-z0-9]+)*\.md", found.finding)
    assert len(found.finding) < 70


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("a" * SLUG_LIMIT, "a" * SLUG_LIMIT),
        ("a" * (SLUG_LIMIT + 5), "a" * SLUG_LIMIT),
        (f"{'a' * (SLUG_LIMIT - 3)} bb cc", f"{'a' * (SLUG_LIMIT - 3)}-bb"),
        (f"{'a' * (SLUG_LIMIT - 3)} bbb cc", "a" * (SLUG_LIMIT - 3)),
        ("a -- b", "a-b"),
    ],
)
def test_a_slug_is_cut_between_words_where_there_are_some(title, slug):
    """Names of files are links: they stay what they were."""
    experiment = make_experiment(title=title)
    assert paths(experiment).finding == f"findings/{experiment.run}-{experiment.number:04d}-{slug}.md"


def test_a_slug_claims_no_unproven_number():
    assert "99" not in paths(make_experiment(title="99 percent less ARD")).finding


@pytest.mark.parametrize("run", ["", "../x", "a/b", "-rf", ".git", "a b", "x" * 65, "a\n"])
def test_a_run_that_could_leave_its_directory_is_refused(run):
    with pytest.raises(BadInputError, match="not a name for files"):
        paths(make_experiment(run=run))


# --- discoveries ---------------------------------------------------------------------------------

DISCOVERIES = (
    "# Discoveries\n\n## From the seeds\n\n- ARD of 17,976.\n\n"
    "## Findings of the loop\n\n## Open\n\n- What else?\n"
)
NAME = "main-0007-hidden-500-to-64.md"


def test_a_bullet_is_one_line_with_its_numbers_and_its_source():
    line = bullet(make_experiment())
    assert "\n" not in line
    assert line.startswith(
        "- DMD, reuse and traffic at least 87.3 % lower on average (interval: at least 86.0 %), ARD 3.2 % higher: "
        "hidden 500 to 64; DMD 9,876,543,211 to"
    )
    assert line.endswith(f"[{NAME}](findings/{NAME})")


def test_a_bullet_is_put_under_the_loops_heading_once():
    line = bullet(make_experiment())
    once = add_bullet(DISCOVERIES, line)
    assert once == DISCOVERIES.replace("of the loop\n\n", f"of the loop\n\n{line}\n\n")
    assert add_bullet(once, line) == once


def test_a_rejected_findings_bullet_is_struck_where_it_stands():
    first, second = (make_experiment(number=number) for number in (3, 7))
    text = add_bullet(add_bullet(DISCOVERIES, bullet(first)), bullet(second))
    struck = add_bullet(text, bullet(first, is_rejected=True))
    assert struck == text.replace(bullet(first), bullet(first, is_rejected=True))
    assert "\n- ~~DMD, reuse" in struck
    assert add_bullet(struck, bullet(first)) == text


def test_a_bullet_that_stands_twice_stands_once_where_it_first_stood():
    first, second = (bullet(make_experiment(number=number)) for number in (3, 7))
    text = add_bullet(add_bullet(DISCOVERIES, first), second)
    assert add_bullet(text.replace(second, f"{second}\n{first}"), first) == text


def test_what_people_wrote_is_every_line_but_blank_ones_and_the_bullets_of_these_findings():
    first, second = (make_experiment(number=number) for number in (3, 7))
    lines = [bullet(first), bullet(second)]
    text = f"{lines[0]}\n\n{BULLETS_HEADING}\n\n{lines[0]}  \n{lines[1]}\n- mine\n\n## Others\n\n{lines[0]}\n"
    left = without_bullets(text, [paths(first).finding])
    assert left == [lines[0], lines[1], "- mine", "## Others", lines[0]]
    assert without_bullets(text, [paths(second).finding]) == [*lines[:1] * 2, "- mine", "## Others", lines[0]]
    assert without_bullets("- a\n\n", [paths(first).finding]) == ["- a"]


def test_bullets_keep_their_order():
    lines = [bullet(make_experiment(number=number)) for number in (3, 7, 11)]
    text = DISCOVERIES
    for line in lines:
        text = add_bullet(text, line)
    assert "\n".join(lines) in text


@pytest.mark.parametrize(
    "text", ["", "# Discoveries", "# Discoveries\n\n- a\n", "# D\n\n## Findings of the loop"]
)
def test_a_missing_heading_is_made(text):
    line = bullet(make_experiment())
    added = add_bullet(text, line)
    assert added.startswith(text.rstrip("\n"))
    assert added.endswith(f"{BULLETS_HEADING}\n\n{line}\n")
    assert add_bullet(added, line) == added


def test_rendered_discoveries_have_no_problems():
    text = add_bullet(DISCOVERIES, bullet(make_experiment()))
    assert check_discoveries(text, {NAME: bullet(make_experiment())}) == ()
    assert check_discoveries(text, {f"findings/{NAME}": bullet(make_experiment())}) == ()
    assert check_discoveries("# Discoveries\n\n- 99 % of it\n", {}) == ()


def test_every_changed_digit_of_a_bullet_is_noticed():
    text = add_bullet(DISCOVERIES, bullet(make_experiment()))
    start = text.index("- DMD")
    for at in range(start, text.index("\n", start)):
        if text[at].isdigit():
            tampered = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
            (problem,) = check_discoveries(tampered, {NAME: bullet(make_experiment())})
            assert problem.startswith("9: "), text[start:at]


def test_a_bullet_without_its_finding_is_a_problem():
    problems = check_discoveries(add_bullet(DISCOVERIES, bullet(make_experiment())), {})
    assert len(problems) == 1
    assert problems[0] == f"9: there is no finding '{NAME}'"


def test_other_lines_and_repeated_bullets_in_the_loops_section_are_problems():
    line = bullet(make_experiment())
    text = f"{BULLETS_HEADING}\n\n{line}\n{line}\n- 50 % less, trust me\nand more\n"
    problems = check_discoveries(text, {NAME: bullet(make_experiment())})
    assert [problem.partition(":")[0] for problem in problems] == ["4", "5", "6"]


# --- evidence ------------------------------------------------------------------------------------


def test_evidence_reads_back_equal():
    experiment = make_experiment()
    text = evidence_json(experiment)
    assert read_evidence(text, "results/main/0007.json") == experiment
    assert evidence_json(read_evidence(text, "x")) == text


@settings(max_examples=50)
@given(st.text(), st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**200))
def test_evidence_of_any_text_and_number_reads_back_equal(text, number, count):
    pair = make_pair(candidate=make_measurement(ard_distance=count, dmd=number))
    experiment = make_experiment(title=text, why=text, evidence=Evidence(confirm=(pair,)), seconds=number)
    assert read_evidence(evidence_json(experiment), "x") == experiment


def test_evidence_is_sorted_ascii():
    text = evidence_json(make_experiment(title="Größe\u202e"))
    assert text.isascii()
    assert list(json.loads(text)) == sorted(json.loads(text))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_say_is_refused_by_name(value):
    experiment = make_experiment(
        evidence=Evidence(confirm=(make_pair(candidate=make_measurement(dmd=value)),))
    )
    with pytest.raises(ArdentError, match=r"evidence\.confirm\[0\]\.candidate\.dmd"):
        evidence_json(experiment)


def tamper(**changes):
    return json.dumps(json.loads(evidence_json(make_experiment())) | changes)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (tamper(number="7"), "number"),
        (tamper(bonus=1), "bonus"),
        (tamper(kind="miracle"), "kind"),
        (tamper(verdict={"outcome": "kept", "stage": "confirm", "reason": ""}), "verdict.effects"),
        (tamper(seconds=True), "seconds"),
        (
            evidence_json(make_experiment()).replace('"run": "main"', '"run": "main", "run": "main"'),
            "'run' occurs twice",
        ),
        (evidence_json(make_experiment()).replace("61.5", "NaN"), "NaN"),
        (evidence_json(make_experiment()).replace("61.5", "1e999"), "1e999"),
        (evidence_json(make_experiment()).replace("61.5", "9" * 5_000), "JSON"),
        ("[" * 100_000, "JSON"),
        ("", "JSON"),
        ("[]", "row"),
        ('{"run": "main"}', "row"),
    ],
)
def test_bad_evidence_names_file_and_field_on_one_line(text, field):
    with pytest.raises(BadInputError) as caught:
        read_evidence(text, "results/main/0007.json")
    assert str(caught.value).startswith("results/main/0007.json: ")
    assert field in str(caught.value)
    assert "\n" not in str(caught.value)
