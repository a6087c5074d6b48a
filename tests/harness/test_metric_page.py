"""docs/metric.md: its worked example runs as it stands, and each limit that it lists is a test."""

import re
from pathlib import Path

import pytest

from harness import rewrite
from tests.harness.trace_forms import FORMS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "metric.md").read_text("utf-8")
ABOUT_THE_METER = ("attacks/test_*.py", *(f"harness/test_{n}*.py" for n in ("m", "trace", "rewrite", "policy")))
EXAMPLE = re.search(r"## A worked example\n\n```python\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.mark.parametrize("form", ["imported", "uncompiled", "reference"])
def test_the_worked_example_counts_what_the_page_says(form):
    meter = FORMS[form].meter(1)
    step = rewrite.load({"example": EXAMPLE}, meter)["example"]["step"]
    state = meter.record(("w",), meter.fill((0.5, 0.25), 1))
    before = meter.counters()
    meter.begin_step([1.0], 1.0)
    step(state, meter.input_buffer(), 1.0, {})
    meter.end_step()
    after = meter.counters()
    assert (after["ard_distance"], after["ard_reads"]) == (15, 3)
    assert "The step's sum is 15 over 3 reads: ARD 5. Traffic is 2 + 3 + 1 = 6." in PAGE
    assert after["reads"] + after["writes"] - before["reads"] - before["writes"] == 6
    assert state["w"][1] == 0.75


def test_every_limit_that_is_a_test_is_listed_and_every_one_listed_is_a_test():
    paths = [path for pattern in ABOUT_THE_METER for path in (ROOT / "tests").glob(pattern)]
    files = [path.read_text("utf-8") for path in paths]
    tests = {name for text in files for name in re.findall(r"^def (test_gotcha_\w+)", text, re.MULTILINE)}
    assert set(re.findall(r"`(test_gotcha_\w+)`", PAGE)) == tests
