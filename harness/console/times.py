"""What is left of a run and when it will end, in words. Does not cover: the arithmetic (`progress`)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.progress import Estimate, Progress, estimate_end

HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Left:
    """What is left: experiments, hours (infinite without --max-hours), and the ceiling in dollars."""

    budget: int = 0
    hours: float = math.inf
    max_usd: float | None = None


def end_words(progress: Progress, left: Left, elapsed: float) -> str:
    """When the run will have ended. `elapsed`: seconds of the experiment in progress."""
    if progress.done >= left.budget:
        return "now: the budget is used"
    estimate = estimate_of(progress, left)
    if estimate is None:
        return "no estimate yet"
    low, high = (each - min(elapsed, each / estimate.turns) for each in (estimate.low, estimate.high))
    last = f"median and mean of the last {estimate.of}"
    if high < 1:
        return f"soon ({last})"
    if high <= 1.25 * low + 1:
        return f"in about {duration(high)}, {_moment(high)} ({last})"
    return f"in {duration(low)} to {duration(high)}, {_moment(high)} at the latest ({last})"


def estimate_of(progress: Progress, left: Left) -> Estimate | None:
    """When what is left will be used; None if it is too early."""
    return estimate_end(progress, max(left.budget - progress.done, 0), left.hours, dollars_left(progress, left))


def left_words(progress: Progress, left: Left) -> list[str]:
    """What is left, of each that ends a run."""
    parts = [f"{max(left.budget - progress.done, 0)} of {left.budget} experiments"]
    if left.max_usd is not None:
        parts.append(f"{max(dollars_left(progress, left), 0.0):.2f} of {left.max_usd:.2f} dollars")
    elif progress.calls:
        known = "dollars unknown" if progress.dollars is None else f"{progress.dollars:.2f} dollars spent"
        parts.append(f"{known}, no ceiling")
    if left.hours < math.inf:
        parts.append(f"{duration(max(left.hours, 0.0) * HOUR)} of --max-hours")
    return parts


def dollars_left(progress: Progress, left: Left) -> float:
    """Of the ceiling; infinite without one."""
    if left.max_usd is None:
        return math.inf
    return left.max_usd - (progress.dollars or 0.0) - (progress.lost_dollars or 0.0)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 42 s, 14 min, 3 h 05 min, 2 d 4 h."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if seconds < DAY:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = round(seconds / HOUR)
    return f"{hours // 24} d {hours % 24} h"


def _moment(seconds: float) -> str:
    then = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"{then:%H:%M}" if seconds < DAY / 2 else f"{then:%a %H:%M}"
