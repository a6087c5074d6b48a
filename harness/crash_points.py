"""Named moments at which a test kills this process, to see that nothing is lost there.

Promises: without the variable nothing happens; with `ARDENT_CRASH_POINTS=<n> <file>` each passage adds its name to the
file, and the n-th kills the process as `kill -9` would (0: none); `<n>/<m>` counts from the m-th proposal asked for.
Does not cover: kills between two points, which the tests try at random times, and a power cut.
"""

import os
import signal
from pathlib import Path

VARIABLE = "ARDENT_CRASH_POINTS"
ASKING = "asking"


def reach(name: str) -> None:
    """Pass the point called `name`; each state change of an experiment has one before and after it."""
    said = os.environ.get(VARIABLE)
    if said is None:
        return
    number, _, file = said.partition(" ")
    count, _, proposal = number.partition("/")
    path = Path(file)
    with path.open("a", encoding="ascii") as passed:
        passed.write(f"{name}\n")
    names = path.read_text("ascii").splitlines()
    asked = [0, *(at for at, each in enumerate(names) if each == ASKING)]
    began = asked[int(proposal or 0) :][:1]
    if began and len(names) - began[0] == int(count):
        os.kill(os.getpid(), signal.SIGKILL)
