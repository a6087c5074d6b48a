"""The report's page of a long run: how large it is, and how long it takes to make, to open, to filter and to sort.

Its alternative in the same run is a run of 100 experiments. Needs Chromium. `python -m benchmarks.report`; `--json`.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness import task as tasks  # noqa: E402 - the path first
from harness.verify import check_rows  # noqa: E402
from tests.harness.pages import make_source, started_browser, write_page  # noqa: E402
from tests.harness.synthetic import make_rows  # noqa: E402

MEASURE = """async () => {
  const form = document.querySelector("form.filters"), field = form.elements.text;
  const timed = async (act) => {
    const began = performance.now();
    act();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
  };
  const write = (words) => () => { field.value = words; field.dispatchEvent(new Event("input", { bubbles: true })); };
  const load = performance.getEntriesByType("navigation")[0].loadEventEnd;
  const words = await timed(write("hidden 12"));
  const back = await timed(write(""));
  const verdict = await timed(() => form.querySelector("input[value=discarded]").click());
  const sort = await timed(() => document.querySelectorAll(".experiments thead button")[5].click());
  return { load, words, back, verdict, sort, elements: document.querySelectorAll("*").length };
}"""


@dataclass(frozen=True, slots=True)
class Result:
    """One page. Milliseconds: to the load event; until the next frame after each act. `make_s`: processor seconds."""

    experiments: int
    findings: int
    make_s: float
    kilobytes: float
    elements: int
    load_ms: float
    words_ms: float
    back_ms: float
    verdict_ms: float
    sort_ms: float


def measure(count: int, folder: Path, repeats: int) -> Result:
    """Make the page of so many experiments and open it; each time the least of the repeats."""
    task = tasks.load(ROOT, "parity20")
    rows = make_rows(count, task)
    problems = check_rows(rows, task).problems
    assert not problems, problems[:3]
    began = time.process_time()
    page = write_page(folder / f"{count}.html", make_source(rows=rows, rules=task.rules))
    made = time.process_time() - began
    seen = [_open(page) for _ in range(repeats)]
    least = {name: min(each[name] for each in seen) for name in seen[0]}
    times = {f"{name}_ms": round(least[name], 1) for name in ("load", "words", "back", "verdict", "sort")}
    findings = sum(row.kind == "proposal" and row.verdict.outcome == "kept" for row in rows)
    size = round(page.stat().st_size / 1000, 1)
    return Result(count, findings, round(made, 2), size, int(least["elements"]), **times)


def _open(page: Path) -> dict[str, Any]:
    with started_browser() as browser:
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.as_uri())
        found: dict[str, Any] = tab.evaluate(MEASURE)
    return found


def main() -> int:
    """Print one line a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, nargs="+", default=[100, 2000], help="default: 100 2000")
    parser.add_argument("--repeats", type=int, default=3, help="openings, of which the least counts (default: 3)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [measure(count, Path(folder), arguments.repeats) for count in arguments.experiments]
    if arguments.json:
        print(json.dumps({"benchmark": "report", "results": [asdict(r) for r in results]}, indent=2, allow_nan=False))
        return 0
    print("experiments  findings  made in, s       kB  elements  open, ms  words  back  verdict  sort, ms")
    for r in results:
        print(
            f"{r.experiments:11,}  {r.findings:8,}  {r.make_s:10.2f}  {r.kilobytes:7,.0f}  {r.elements:8,}"
            f"  {r.load_ms:8,.0f}  {r.words_ms:5.0f}  {r.back_ms:4.0f}  {r.verdict_ms:7.0f}  {r.sort_ms:8.0f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
