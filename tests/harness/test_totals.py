"""What rows add up to: the same in step as all at once, and bounded."""

import json
import math
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.briefing.ledger import MOST_GROUPS, DeadEnds, render_dead_ends
from harness.proposers.search_history import MOST_TRIALS, Searched
from harness.records import Cost, Edit, Evidence, Verdict
from harness.run.opening import TOTALS
from harness.totals import Spend, Sum, Table, Tally, Trees, Tried, total
from tests.harness.briefings import make_baseline, make_row
from tests.harness.factories import make_experiment, make_measurement, make_pair

LONG = MOST_GROUPS + 100
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(finite))
def test_a_sum_is_what_fsum_gives_and_reads_back_as_it_is(numbers):
    kept = Sum()
    for number in numbers:
        kept.put(number)
        kept = msgspec.json.decode(msgspec.json.encode(kept), type=Sum)
    assert (kept.value, kept.count) == (math.fsum(numbers), len(numbers))


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 2**32 - 1))), st.text(max_size=3))
def test_a_table_finds_what_was_put_in_first_and_nothing_else(entries, other):
    table, expected = Table(), {}
    for text, number in entries:
        table.put(text, number)
        expected.setdefault(text, number)
    assert {text: table.find(text) for text in expected} == expected
    assert table.find(other) == expected.get(other)
    assert len(table.keys) == 8 * len(expected)


def rows_of_every_kind():
    """A ledger's worth: baseline, every outcome, null rows, costs known and unknown."""
    rows = [make_baseline(), make_experiment(number=1)]
    for number, outcome in enumerate(("discarded", "inconclusive", "invalid", "discarded"), 2):
        verdict = Verdict(outcome, "screen", f"edit {number}: no gain", looks=number % 2)
        cost = Cost(2, 30, 4, (0.1, None)[number % 2], 5, 1, 0.25)
        block = f'METHOD = "standard"\nHYPERPARAMETERS = {{"lr": 0.{number}}}'
        edit = Edit("replace", "sparse_parity/champion.py", "x", block)
        rows.append(make_row(number, verdict=verdict, cost=cost, edits=(edit,), tree_sha256=str(number % 3)))
    rows += [make_experiment(number=6, kind="null", prediction=None), make_row(7, kind="null", prediction=None)]
    return tuple(rows)


@pytest.mark.parametrize("kind", TOTALS, ids=lambda kind: kind.__name__)
def test_a_total_that_was_written_and_read_goes_on_as_if_it_had_not_been(kind):
    rows = rows_of_every_kind()
    whole = total(rows, kind)
    for split in range(len(rows) + 1):
        kept = msgspec.convert(json.loads(msgspec.json.encode(total(rows[:split], kind))), kind)
        for row in rows[split:]:
            kept.add(row)
        assert kept == whole, split
    assert whole != kind(), "the rows show in it"


def test_a_tally_counts_proposals_by_outcome_and_null_rows_apart():
    tally = total(rows_of_every_kind(), Tally)
    assert tally.outcomes == {"kept": 1, "discarded": 2, "inconclusive": 1, "invalid": 1}
    assert (tally.rows, tally.proposals, tally.confirmed) == (8, 5, 3)
    assert (tally.kept, tally.nulls, tally.nulls_kept) == ([1], [6, 7], 1)


@given(st.lists(st.booleans(), max_size=40), st.booleans())
def test_the_position_of_a_proposal_follows_from_the_null_rows_before_it(are_null, begins):
    kinds = ["baseline"] * begins + ["null" if each else "proposal" for each in are_null]
    rows = [make_row(number, kind=kind) for number, kind in enumerate(kinds)]
    expected = [number for number, kind in enumerate(kinds) if kind == "proposal"]
    tally = total(rows, Tally)
    assert [tally.position(index) for index in range(len(expected))] == expected


def test_trees_of_null_rows_are_no_duplicates_and_the_first_experiment_is_named():
    rows = [make_row(0, tree_sha256="a"), make_row(1, kind="null", tree_sha256="b"), make_row(2, tree_sha256="a")]
    tried = Tried(total([*rows, make_row(3, tree_sha256="")], Trees))
    assert (tried["a"], "b" in tried, "" in tried, len(tried)) == (0, False, False, 1)
    with pytest.raises(KeyError):
        tried["b"]


def test_spend_names_the_first_row_whose_cost_is_unknown():
    spend = total(rows_of_every_kind(), Spend)
    assert (spend.unknown, spend.calls, spend.lost_calls) == (1, 10, 4)  # the factory's kept rows have no price


def test_spend_adds_up_every_count_and_says_where_a_sum_is_not_known():
    paid = Cost(1, 100, 10, 0.5, cached_tokens=7, lost_calls=2, lost_dollars=0.25)
    spend = total([make_row(0, cost=paid), make_row(1, cost=paid), make_row(2, cost=Cost(dollars=1.0))], Spend)
    assert (spend.rows, spend.calls, spend.lost_calls) == (3, 2, 4)
    assert (spend.input_tokens, spend.output_tokens, spend.cached_tokens) == (200, 20, 14)
    assert (spend.known_dollars, spend.known_lost, spend.unknown) == (2.0, 0.5, None)
    assert (spend.billed.value, spend.billed.count) == (1.0, 2), "of rows that a reply was received for"
    spend.add(make_row(3, cost=replace(paid, dollars=None)))
    assert (spend.known_dollars, spend.known_lost, spend.unknown) == (None, 0.75, 3)
    spend.add(make_row(4, cost=replace(paid, lost_dollars=None)))
    assert (spend.known_dollars, spend.known_lost, spend.unknown) == (None, None, 3)
    assert total([make_row(5, cost=replace(paid, lost_dollars=None))], Spend).unknown == 5


def test_dead_ends_stay_bounded_and_count_what_they_forget():
    rows = [make_row(n, verdict=Verdict("invalid", "policy", f"reason {words(n)}")) for n in range(LONG)]
    rows += [make_row(LONG + n, verdict=Verdict("invalid", "policy", "again")) for n in range(5)]
    dead = total(rows, DeadEnds)
    assert len(dead.groups) < MOST_GROUPS
    assert sum(group.count for group in dead.groups.values()) + dead.forgotten == len(rows)
    text = render_dead_ends(rows)
    assert "- invalid at policy, 5 times: again." in text
    assert f"- and {len(rows) - 5 - 14} more, each for a rarer reason" in text


def words(number):
    """A text without digits for each number."""
    return "".join(chr(97 + int(digit)) for digit in str(number))


def test_the_search_remembers_the_best_and_the_newest_of_many_trials():
    text = 'METHOD = "standard"\nHYPERPARAMETERS = {{"lr": {}}}'
    edits = [(Edit("replace", "sparse_parity/champion.py", "x", text.format(n)),) for n in range(MOST_TRIALS + 700)]
    measured = [Evidence(screen=(make_pair(candidate=make_measurement(dmd=1e6 + n)),)) for n in range(len(edits))]
    rows = [make_row(n, edits=edits[n], evidence=measured[n]) for n in range(len(edits))]
    searched = total(rows, Searched)
    assert len(searched.trials) < MOST_TRIALS
    levels = [trial.level for trial in searched.trials]
    assert levels == sorted(levels), "oldest first"
    assert levels[0] == math.log(1e6)
    assert levels[-1] == searched.worst == math.log(1e6 + len(edits) - 1)
    assert len(searched.known.keys) == 8 * len(edits), "every configuration, so that none is proposed again"
