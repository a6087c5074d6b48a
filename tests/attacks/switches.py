"""Each check as a switch: the line of the harness that is the check, and the same line without it.

Promises: a switch that no longer fits the harness is an error, never a check that is silently on. Used on a copy of the
harness only. Does not cover: what a candidate then gains (`unguarded`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TRACE = "harness/memory_trace.py"


@dataclass(frozen=True, slots=True)
class Switch:
    """One check: `on` stands in the file exactly once; `off` is what stands there without the check."""

    path: str
    on: str
    off: str

    def turn_off(self, root: Path) -> None:
        """Take the check out of the copy at `root`."""
        file = root / self.path
        text = file.read_text("utf-8")
        assert text.count(self.on) == 1, f"{self.path}: {self.on!r} is there {text.count(self.on)} times: mend switches"
        file.write_text(text.replace(self.on, self.off), "utf-8")


GATE, MEASURE, WORKER = "harness/gate.py", "harness/measure.py", "harness/worker.py"
CHANNEL, SANDBOX = "harness/channel.py", "harness/sandbox/__init__.py"

SWITCHES: Mapping[str, tuple[Switch, ...]] = {
    "policy": (  # and the second opinion, which stops before the ledger what the policy let through
        Switch(GATE, "    if refusals:\n        more", "    if False:\n        more"),
        Switch(GATE, "    return judge.heed(verdict, opinion), Evidence", "    return verdict, Evidence"),
    ),
    "policy alone": (Switch(GATE, "    if refusals:\n        more", "    if False:\n        more"),),
    "duplicate": (Switch(GATE, "    if tree in context.tried:", "    if False:"),),
    "tests": (
        Switch(
            GATE,
            '("tests")\n    problem = contract.run(bench.trusted, sources, bench.task)\n',
            '("tests")\n    problem = ""\n',
        ),
    ),
    "predict keeps the state": (Switch(WORKER, "            if not same(before, ", "            if not (1, "),),
    "one finite float": (
        Switch(WORKER, "if type(value) is not float or not math.isfinite(value):", "if value is None:"),
    ),
    "predictions": (
        Switch(MEASURE, "not all(type(v) is float for v in values):", "not all(type(v) is not str for v in values):"),
    ),
    "how many predictions": (Switch(MEASURE, " or len(values) != count or", " or len(values) == 0 or"),),
    "foresight": (Switch(MEASURE, "    if abs(right - GUESSES / 2) > ", "    if right > 1e9 + "),),
    "least reads": (Switch(MEASURE, '    if counters["reads"] < task.min_reads:', "    if False:"),),
    "no reads": (Switch(MEASURE, '    if counters["ard_reads"] == 0:', "    if False:"),),
    "nonce": (
        Switch(SANDBOX, '        if answer.pop("nonce", None) != nonce:', '        if not answer.pop("nonce", 1):'),
    ),
    "cap": (Switch(CHANNEL, "    if size > cap:", "    if size > 2**31:"),),
    "counts": (Switch(MEASURE, " or not 0 <= value < 2**63:", " and value is None:"),),
    "spent": (Switch(MEASURE, "        if value <= 0:", "        if False:"),),
    "slack": (
        Switch(
            GATE, "        incumbent.slack,\n        bench.task.rules,", "        Slack(),\n        bench.task.rules,"
        ),
    ),
    "strict JSON": (
        Switch(CHANNEL, "parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique", "strict=False"),
    ),
    "64 bits": (
        Switch(TRACE, "    if type(value) is int and not -LARGEST <= value < LARGEST:", "    if False:"),
        Switch(TRACE, "        if -LARGEST <= value < LARGEST:", "        if True:"),
    ),
    "real numbers": (Switch("harness/rewrite.py", "    if type(value) is complex:", "    if False:"),),
    "held once": (
        Switch(TRACE, "    if row.owned or row is holder or (", "    if row is holder or ("),
        Switch(TRACE, "                if times > 1 and type(value) is TracedList:", "                if False:"),
    ),
    "input buffer": (
        Switch(TRACE, "        if self.fixed:\n            raise", "        if False:\n            raise"),
    ),
}
