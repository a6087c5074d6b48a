"""The top rows of a profile, as the briefing carries them.

Promises: the same program, task and instance give the same text; it costs a second or two, whatever the program is:
so many steps are taken as move about ten million cells, and no more than one pass over the samples. Does not cover:
when it is taken, and for whom (`run`).
"""

from harness.measure import Failure, Program
from harness.profiling import Profile, profile
from harness.profiling.table import answer, buffer_table, headline, line_table
from harness.settings import Task
from harness.task import draw

ACCESSES = 10_000_000  # about a second's, profiled
PROBE = 5  # steps that tell how many accesses a step makes
BUFFERS, LINES = 8, 10


def profile_rows(program: Program, task: Task, seed: str) -> list[str]:
    """A profile of the first steps on the instance of that seed, as lines of text; one line if there is none."""
    found = _profile(program, task, seed, PROBE)
    if isinstance(found, Profile):
        a_step = max(1, (found.total.reads + found.total.writes) // PROBE)  # `init` is in it: rather fewer steps
        found = _profile(program, task, seed, min(task.n_train, max(PROBE, ACCESSES // a_step)))
    if isinstance(found, Failure):
        return [f"There is no profile: {found.reason}"]
    return [headline(found), answer(found), "", *buffer_table(found, BUFFERS), "", *line_table(found, LINES)]


def _profile(program: Program, task: Task, seed: str, steps: int) -> Profile | Failure:
    return profile(program, draw(task, seed), task, steps=steps, on_check=lambda _: None)
