"""Which judge a ledger is judged by: today's, or the one of schema 1.

Promises: the rules of a ledger's own task say which. Does not cover: what they decide.
"""

from collections.abc import Sequence

from harness import judge
from harness.judge import Drawn
from harness.records import Pair, Slack, Verdict
from harness.settings import GateRules
from harness.verify import first_judge
from harness.verify.first_task import FirstRules


def screen(pair: Pair, rules: GateRules) -> Verdict | None:
    """The verdict on the screen pair, None where it goes on to confirm."""
    return first_judge.screen(pair, rules) if isinstance(rules, FirstRules) else judge.screen(pair, rules)


def confirm(drawn: Sequence[Drawn], slack: Slack, rules: GateRules, looks: int) -> Verdict | None:
    """The verdict after these confirm instances, None where it takes another."""
    if isinstance(rules, FirstRules):
        pairs = [each for each in drawn if isinstance(each, Pair)]
        return first_judge.confirm(pairs, slack, rules, looks)
    return judge.confirm(drawn, slack, rules, looks)


def slack_after(slack: Slack, verdict: Verdict, pairs: Sequence[Pair], rules: GateRules) -> Slack:
    """The slack after a kept verdict."""
    if isinstance(rules, FirstRules):
        return first_judge.slack_after(slack, verdict)
    return judge.slack_after(slack, verdict, pairs)
