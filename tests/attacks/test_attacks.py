"""Every attack ends where and why it must; and what it would have won where its check is off."""

import shutil

import pytest

from tests.attacks.attacks import ATTACKS
from tests.attacks.families import FAMILIES
from tests.attacks.suite import gains, judged, missing_lure, objection, switch_of, tried
from tests.attacks.switches import SWITCHES
from tests.attacks.unguarded import ROOT, unguarded

BY_SOURCE = [attack for attack in ATTACKS if not attack.takeover]
TAKEOVERS = [attack for attack in ATTACKS if attack.takeover]


@pytest.mark.parametrize("attack", BY_SOURCE, ids=lambda attack: f"{attack.family}: {attack.name}")
def test_attack_is_refused_where_and_why_it_must(attack):
    said = judged(attack)
    assert not objection(attack, said)
    if not switch_of(attack) and not attack.because:  # its own measurement says what it would gain
        assert not missing_lure(attack, said)


def test_worker_in_the_hands_of_a_cheat_is_believed_nothing():
    quick = [attack for attack in TAKEOVERS if not attack.impatient]
    assert not [problem for attack, said in tried(quick) if (problem := objection(attack, said))]


@pytest.mark.slow
def test_worker_that_never_answers_is_over_the_time_limit():
    patient = [attack for attack in TAKEOVERS if attack.impatient]
    assert not [problem for attack, said in tried(patient) if (problem := objection(attack, said))]


def test_the_same_cheat_is_kept_where_nobody_reads_the_source():
    chosen = [attack for attack in ATTACKS if attack.name in {"the net in a global", "JSON of one's own"}]
    assert [said.outcome for said in unguarded(chosen, "policy")] == ["kept", "kept"]


def test_what_the_policy_would_let_through_the_second_opinion_stops():
    chosen = [attack for attack in ATTACKS if attack.name in {"the net in a global", "JSON of one's own"}]
    assert "kept" not in [said.outcome for said in unguarded(chosen, "policy alone")]


@pytest.mark.slow
def test_each_attack_gains_without_its_check_what_it_lures_with():
    lures = [attack for attack in ATTACKS if attack.lure]
    said = dict(tried([attack for attack in lures if not switch_of(attack)]))
    wanting = [(a.name, problem) for a, _, problem in gains(lures, [said.get(a) for a in lures]) if problem]
    assert not wanting


@pytest.mark.parametrize("name", SWITCHES)
def test_switch_fits_the_harness_as_it_is(name, tmp_path):
    for part in SWITCHES[name]:
        (tmp_path / part.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part.path, tmp_path / part.path)
    for part in SWITCHES[name]:
        part.turn_off(tmp_path)
        text = (tmp_path / part.path).read_text()
        assert text != (ROOT / part.path).read_text()
        compile(text, part.path, "exec")


def test_every_family_has_attacks_and_every_attack_a_name_of_its_own():
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert {attack.family for attack in ATTACKS} == set(FAMILIES)


def test_every_attack_is_measured_without_its_check_or_says_why_not():
    for attack in ATTACKS:
        measured = bool(switch_of(attack)) or attack.stage == "edit" or "discarded" in attack.outcomes
        assert measured != bool(attack.because), attack.name
    assert {attack.off for attack in ATTACKS} - {""} <= set(SWITCHES)
