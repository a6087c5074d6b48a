"""What the gate does not see, or sees otherwise than one may think: each limit as a test, to be known."""

from harness.gate import Incumbent
from harness.records import Edit, Slack
from tests.attacks.attack import CHAMPION, FORWARD, change
from tests.attacks.control_methods import NET, ROW_FUSED, STEP
from tests.attacks.controls import hyper, new_method
from tests.attacks.lab import PATIENT, attempt, lab
from tests.attacks.measured import at_the_end

PACKED = (
    NET.replace("{imports}", "descend, forward, init_mlp")
    + STEP
    + """    wd = hp["wd"]
    packed = 0
    for v in x:
        packed = packed * 2 + (v > 0.0)
    W2 = state["W2"]
    dh_pre = [w * -y if a > 0.0 else 0.0 for w, a in zip(W2, h_pre)]
    n = len(x)
    for row, g in zip(state["W1"], dh_pre):
        for i in range(n):
            p = row[i]
            row[i] = p - lr * (g * (1.0 if packed >> (n - 1 - i) & 1 else -1.0) + wd * p)
    descend(state["b1"], dh_pre, lr, wd)
    descend(W2, [-y * a for a in h], lr, wd)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (-y + wd * b2)
"""
)


SCRATCH = at_the_end("s = [0.0]", "for _ in range(200):", "    lr = s[0]")


def fall(verdict, metric):
    return -next(effect.change for effect in verdict.effects if effect.metric == metric)


def test_gotcha_many_small_numbers_packed_into_one_count_once():
    """A cell or register of 64 bits may hold a whole sample of signs: to the meter it is one number.

    It is less movement on real hardware too, and it works only because the inputs are bits. The gate keeps it.
    """
    verdict = attempt(new_method(PACKED), task=PATIENT).verdict
    assert (verdict.outcome, verdict.exact) == ("kept", True)
    assert fall(verdict, "traffic") > 0.04


def test_gotcha_dilution_on_top_of_a_real_gain_lowers_the_reported_ard():
    """A smaller layer frees traffic that scratch reads use up. What is claimed is the fall of DMD, which is true."""
    diluted = attempt((hyper("hidden", 12), *SCRATCH), task=PATIENT)
    honest = attempt((hyper("hidden", 12),), task=PATIENT)
    assert diluted.verdict.outcome == honest.verdict.outcome == "kept"
    assert fall(diluted.verdict, "ard") > fall(honest.verdict, "ard")
    for metric in ("dmd", "traffic"):
        assert fall(diluted.verdict, metric) < fall(honest.verdict, metric)
    claimed = diluted.verdict.gain
    assert claimed <= min(fall(diluted.verdict, "dmd"), fall(diluted.verdict, "reuse")) + 1e-9


def against_diluted(proposed):
    """The verdict on a proposal when the incumbent reads a scratch cell over and over."""
    sources = dict(lab().incumbent.sources)
    for edit in SCRATCH:
        sources[edit.path] = sources[edit.path].replace(edit.search, edit.text)
    pair = attempt(SCRATCH).evidence.screen[0]
    return attempt(proposed, Incumbent("diluted", sources, pair.seed, pair.candidate, Slack())).verdict


def test_honest_code_wins_against_an_incumbent_whose_ard_was_diluted():
    """Dilution cannot lock the door behind itself: less movement is a win, though ARD rises."""
    verdict = against_diluted(new_method(ROW_FUSED))
    assert (verdict.outcome, verdict.win) == ("kept", "movement")
    assert fall(verdict, "ard") < 0


def test_dilution_that_came_in_with_a_real_gain_can_be_taken_out_again():
    """Scratch reads cost traffic and a little DMD and reuse: without them is a movement win, though ARD rises."""
    verdict = against_diluted(tuple(Edit("replace", edit.path, edit.text, edit.search) for edit in SCRATCH))
    assert (verdict.outcome, verdict.win, verdict.exact) == ("kept", "movement", True)
    assert fall(verdict, "ard") < 0 < fall(verdict, "traffic")


def test_gotcha_one_of_two_equal_names_renamed_is_not_the_same_code():
    """The duplicate stage does not know that two comprehensions may share a name. It costs a measurement."""
    edits = (change("    dW2 = [dout * a for a in h]\n", "    dW2 = [dout * unit for unit in h]\n"),)
    verdict = attempt(edits).verdict
    assert (verdict.outcome, verdict.stage, verdict.exact) == ("discarded", "screen", True)
    assert "no gain" in verdict.reason


def test_gotcha_integers_between_two_names_may_be_large():
    """One expression is not cut up: what it holds on its way is bounded by its length, and gone at its end."""
    edits = (change(FORWARD, "    p = (4611686018427387904 * 4611686018427387904) % 97\n" + FORWARD),)
    verdict = attempt(edits).verdict
    assert (verdict.outcome, verdict.stage) == ("discarded", "screen")


def test_gotcha_hyperparameters_and_constants_are_read_for_free():
    """They are literals of the source, the same for every instance, so they cannot carry what was learned."""
    edits = (
        change("'wd': 0.01", "'wd': 0.01, 'table': 3.0", CHAMPION),
        change(FORWARD, '    t = hp["table"]\n' + FORWARD),
    )
    verdict = attempt(edits).verdict
    assert "ARD +0.0%, DMD +0.0%, reuse +0.0%, traffic +0.0%" in verdict.reason
