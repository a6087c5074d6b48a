"""Profiles of what findings changed, for the report: the incumbent's and the candidate's, measured now.

Promises: only what the policy allows is run, in the sandbox, for a few steps on the run's first instance; each program
once; what cannot be profiled says why. Does not cover: whole trainings (`python -m harness profile`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness import edits, memory_trace, policy
from harness.commands.recorded import Code
from harness.errors import ArdentError
from harness.gate import MODEL, Bench
from harness.measure import Failure
from harness.profiling import Profile, profile
from harness.records import Experiment
from harness.report.source import ProfilePair
from harness.run import kept, trusted_files
from harness.settings import Task
from harness.task import draw

STEPS = 100  # at hidden 500 a second, profiled
DEFAULT_PROFILES = 10  # findings: about one second each
NEEDED_SECRET = b"profiles draw no instance of their own"


@dataclass(frozen=True, slots=True)
class Profiler:
    """Takes profiles on one instance, each program's once. `say` is told what is being profiled."""

    code: Code
    bench: Bench
    seed: str
    say: Callable[[str], None]
    _known: dict[str, Profile | str] = field(default_factory=dict)

    def pair(self, row: Experiment) -> ProfilePair:
        """Of a kept row: what it beat, and itself."""
        before = self.code.at(row.parent)
        if before is None:
            return ProfilePair(missing="No profile: its commits are not in this repository.")
        try:
            after = edits.apply(before, row.edits)
        except edits.EditError:
            return ProfilePair(missing="No profile: its edits do not apply to its parent.")
        found = self._take(before), self._take(after)
        missing = [each for each in found if isinstance(each, str)]
        if missing:
            return ProfilePair(missing=f"No profile: {missing[0]}")
        old, new = (each for each in found if isinstance(each, Profile))
        return ProfilePair(old, new, STEPS)

    def _take(self, sources: dict[str, str]) -> Profile | str:
        """The profile of that code; one line where there is none."""
        tree = edits.normal_hash(sources)
        if tree not in self._known:
            self.say(f"profile {len(self._known) + 1}: the first {STEPS} steps of {tree[:12]}")
            self._known[tree] = self._profile(sources)
        return self._known[tree]

    def _profile(self, sources: dict[str, str]) -> Profile | str:
        refusals = policy.check(sources, model=self.bench.trusted[MODEL])
        if refusals:
            return f"{refusals[0]}; only what the policy allows is run"
        instance = draw(self.bench.task, self.seed)
        found = profile(self.bench.program(sources), instance, self.bench.task, steps=STEPS, on_check=lambda _: None)
        return found.reason if isinstance(found, Failure) else found


def profile_findings(
    code: Code, rows: Sequence[Experiment], task: Task | None, most: int, say: Callable[[str], None]
) -> dict[int, ProfilePair]:
    """Of the newest `most` kept rows, by number; the others say how to have one."""
    wins = kept(tuple(rows))
    chosen = wins[len(wins) - most :] if most else []
    found = {row.number: ProfilePair(missing=_how(most)) for row in wins}
    if not chosen:
        return found
    reason = _obstacle(code, rows[0], task)
    if reason:
        return found | {row.number: ProfilePair(missing=f"No profile: {reason}") for row in chosen}
    assert task is not None
    bench = Bench(task, trusted_files(code.repository, rows[0].commit), NEEDED_SECRET)
    profiler = Profiler(code, bench, rows[0].evidence.screen[0].seed, say)
    for row in chosen:
        try:
            found[row.number] = profiler.pair(row)
        except ArdentError as error:  # no sandbox here, say: the page can do without
            found[row.number] = ProfilePair(missing=f"No profile: {error}")
    return found


def _how(most: int) -> str:
    asked = "none was asked for" if most == 0 else f"only the newest {most} findings have one"
    return f"No profile: {asked}; --profiles N takes those of the newest N."


def _obstacle(code: Code, first: Experiment, task: Task | None) -> str:
    if task is None:
        return "the task that the run was measured with is not in this repository."
    if code.at(first.commit) is None:
        return "the run's commits are not in this repository."
    if not first.evidence.screen:
        return "the ledger's first row holds no measurement."
    return "" if memory_trace.compiled else "the meter is not compiled; run: pip install -e ."
