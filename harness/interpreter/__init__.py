"""A small, slow interpreter of candidate source that counts by docs/metric.md: the second opinion on the trace.

It walks the syntax tree over plain lists of its own. Nothing of a candidate is compiled or executed natively, and it
shares no code with `rewrite` and `memory_trace`, whose answers it is compared with; only CPython's own arithmetic,
`math` and `random.Random` are the same.

Promises: the same predictions, bit by bit, and the same counts as the compiled trace, for any program that `policy`
allows, at the reference counts of CPython 3.11 (a temporary dies where it would die there). A program that needs more
than `BUDGET` evaluations ends with an error. Does not cover: what source may say (`policy`), attribution of accesses
(`profiling`), and the texts of errors.
"""

from harness.interpreter.program import load
from harness.interpreter.session import BUDGET, Session
from harness.interpreter.trace import Trace, walk

__all__ = ["BUDGET", "Session", "Trace", "load", "walk"]
