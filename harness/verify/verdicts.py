"""A recorded verdict, derived again by the judge of its ledger (`editions`).

Promises: pure; the looks and the slack are those that follow from the rows before, whatever the row says. Does not
cover: rows whose pairs have values that cannot be (`rows.check_shape` comes first).
"""

from harness.judge import heed, in_order
from harness.records import Experiment, Verdict
from harness.settings import GateRules
from harness.verify import editions
from harness.verify.comparison import CLOSE, differences
from harness.verify.rows import Past

Derived = tuple[Verdict | None, list[tuple[str, str]]]  # None where there is nothing to derive it from; what differs


def derive(row: Experiment, past: Past, rules: GateRules) -> Derived:
    """The verdict that the row must have, and what differs from it in the one recorded."""
    recorded = row.verdict
    if recorded.stage == "confirm":
        return _derive_confirm(row, past, rules)
    if recorded.stage == "screen" and recorded.outcome == "discarded":
        verdict = editions.screen(row.evidence.screen[0], rules)
        if verdict is None:
            return None, [("verdict.stage", "recorded 'screen', and the judge sends this pair on to confirm")]
        return verdict, _compared(recorded, verdict)
    if recorded.stage == "duplicate" and row.tree_sha256 in past.trees:
        # The judge's words are the gate's; see gate.judge_candidate.
        verdict = Verdict("invalid", "duplicate", f"the same code as experiment {past.trees[row.tree_sha256]}")
        return verdict, _compared(recorded, verdict)
    plain = Verdict("invalid", recorded.stage, recorded.reason)
    return None, _compared(recorded, plain)


def _derive_confirm(row: Experiment, past: Past, rules: GateRules) -> Derived:
    drawn, looks = in_order(row.evidence), past.looks + 1
    screened = editions.screen(row.evidence.screen[0], rules)
    if screened is not None:
        return screened, [("verdict.stage", f"recorded 'confirm', and the screen pair is {screened.outcome} at screen")]
    for count in range(1, len(drawn) + 1):
        verdict = editions.confirm(drawn[:count], past.slack, rules, looks)
        if verdict is not None:
            break
    else:
        verdict = None
    if verdict is None:
        plain = Verdict("invalid", "confirm", row.verdict.reason, looks=looks)
        if row.verdict.outcome == "invalid":
            return None, _compared(row.verdict, plain)
        undecided = f"recorded {row.verdict.outcome!r}, and {len(drawn)} instances decide nothing"
        return None, [("verdict.outcome", undecided)]
    if row.schema > 1:  # before, there was no second opinion
        verdict = heed(verdict, row.evidence.opinion)
    wrong = _compared(row.verdict, verdict)
    if count < len(drawn):
        wrong.append(("evidence.confirm", f"{len(drawn)} instances, and the judge decides after {count}"))
    return verdict, wrong


def _compared(recorded: Verdict, derived: Verdict) -> list[tuple[str, str]]:
    return list(differences(recorded, derived, "verdict", close=CLOSE))
