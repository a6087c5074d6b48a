"""A series as one row of bars. Does not cover: colours, and what the bars stand for."""

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=+*#@"


def sparkline(values: Sequence[float], bars: str) -> str:
    """One bar a value, from the lowest to the highest on a log scale; values are above 0."""
    logs = [math.log(max(value, 1e-9)) for value in values]
    if not logs:
        return ""
    low, spread = min(logs), max(logs) - min(logs)
    most = len(bars) - 1
    return "".join(bars[round(most * (each - low) / spread) if spread else 0] for each in logs)
