"""The commands of README.md and docs/, and what is done with each: run in a small project, or only parsed and why.

A command stands in a fence marked `sh`, one a line, or in backquotes within the text. Four scenes are played, each in a
project of its own, one command after another: the `morning` after a run of two kept experiments, named `x`; a `desk`
where nothing was run yet and an edit lies ready; a `model` behind a server on loopback; and the `whole` project, with
tests and benchmarks. LESS makes a command small: fewer experiments of a smaller task, but the words of the page. The
slow ones need none of the others before them.
"""

import re
import shlex
import sys
from dataclasses import dataclass

from tests.harness.project import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:[A-Z_]+=\S+ )*(?:python|pytest|pip|mkdocs) [^`]+)`")
NO_COMMANDS = {"python -s -P -S -B", "python -m sparse_parity"}  # how the sandbox starts Python; a program's name

# In this order, in every command.
LESS = {
    "pip install -e . && ": "",  # `.ci/run` does that, in a fresh environment
    "python loop.py --budget 20": "python loop.py --task tiny --budget 1",
    "python loop.py --budget 500": "python loop.py --task tiny --budget 1",
    "--run night --budget 500": "--run night --task tiny --budget 1",
    "python loop.py --dry-run": "python loop.py --dry-run --task tiny",
    "--model my-model --price 0/0 --budget 20": "--model my-model --price 0/0 --task tiny --budget 1",
    "--proposer claude --budget 20": "--proposer claude --run asked --task tiny --budget 1",
    "--task mine --budget 20": "--task mine --budget 1",
    "--task <name> --budget 20": "--task tiny --budget 1",
    "--budget 3 --seed 1": "--task tiny --budget 1 --seed 1",
    "--task parity20 --budget 20": "--task tiny --budget 2",
    "tasks/parity20.yaml": "tasks/tiny.yaml",
    "sleep 600": "exit 1",
    "night.log 2>&1 &": "night.log 2>&1 & wait $!; cat night.log",
    "python -m harness gate": "python -m harness gate --task tiny --seed 3",
    "python -m harness doctor": "python -m harness doctor || test $? = 1",  # 1: what is optional is not here
    "--against COMMIT": "--against HEAD~3",
    "python -m harness profile --task mine": "python -m harness profile --task mine --steps 100",
    "status night --json": "status x --json",
    "parity20-1": "x",
    "night-1": "x",
    "search-1": "again",
    "RUN AGAIN": "x again",
    "=parity20-2": "=x",
    "--claim ID": "--claim R3-9.1",
    "crash_matrix.py": "crash_matrix.py --every 45",
    "--kills 100": "--kills 4",
    "--sessions 20": "--sessions 2",
    "--minutes 30": "--minutes 0.05",
    "docs/guide/terminal.svg": "terminal.svg && cat terminal.svg",
    "benchmarks.ledger": "benchmarks.ledger --rows 2000 --appended 100",
    "benchmarks.no_effect": "benchmarks.no_effect --candidates 4 --file no-effect.jsonl",
    "benchmarks.report": "benchmarks.report --experiments 20 40 --repeats 1",
    "instruments.py": "instruments.py --hidden 100",
    "thousand.py": "thousand.py --candidates 30",
}
EXACTLY = {"python -m harness profile": "python -m harness profile --task tiny"}

SCENES = {
    "morning": (
        "RUN=parity20-2",
        "RUN=night",
        "python -m harness status",
        "python -m harness status $RUN",
        "python -m harness status night --json",
        "python -m harness status --watch",
        "python -m harness verify",
        "python -m harness verify --run $RUN",
        "python -m harness review $RUN",
        "python -m harness review $RUN --list",
        'python -m harness review $RUN --approve 1 --note "seen twice"',
        'python -m harness review $RUN --reject 2 --note "not worth its lines"',
        'python -m harness review $RUN --annotate 1 --note "try it on parity10"',
        "python -m harness review $RUN --json",
        "python -m harness merge $RUN --dry-run",
        "python -m harness merge $RUN",
        "python -m harness check",
        "python loop.py --proposer replay --replay parity20-1 --run again --task parity20 --budget 20",
        "python -m harness diff parity20-1 again",
        "python -m harness diff RUN AGAIN",
        "python -m harness report night-1 search-1 --out compared.html",
        "python -m harness verify --run $RUN --rerun kept",
    ),
    "desk": (
        "python -m harness gate",
        "python loop.py --dry-run --json",
        "cp tasks/parity20.yaml tasks/mine.yaml",
        "python loop.py --task mine --dry-run",
        "python -m harness profile --task mine",
        "git add tasks/mine.yaml",
        'git commit -m "Task mine"',
        "python loop.py --task mine --budget 20",
        "pip install -e . && python loop.py --budget 20",
        "nohup python loop.py --run night --budget 500 > night.log 2>&1 &",
    ),
    "model": (
        "python loop.py --dry-run --max-usd 5",
        "python loop.py --dry-run --count-tokens",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:8080 python loop.py --dry-run --model my-model --price 0/0",
        "python loop.py --budget 500 --max-hours 8 --max-usd 20",
    ),
    "whole": (
        "python -m sparse_parity reproduce --claim R3-9.1",
        "python -m sparse_parity reproduce --claim ID",
        "PYTHONPATH=. python tests/harness/screenshot.py docs/guide/terminal.svg",
        "python tests/harness/fuzz_trace.py --minutes 30 --seed 1",
    ),
}
# Minutes, or like another one above: `pytest -m slow tests/harness/test_docs_commands.py`.
SLOW_SCENES = {
    "morning": (
        "python -m harness report $RUN",
        "python -m harness report",
        "python -m harness report parity20-1",
        "python -m harness verify --rerun kept",
    ),
    "desk": (
        "python -m harness gate --against HEAD~3 --json",
        "python -m harness profile",
        "python loop.py --dry-run",
        "until python loop.py --run night --budget 500; do sleep 600; done",
        "python -m harness gate --against COMMIT",
        "python loop.py --budget 3 --seed 1",
        "python loop.py --task <name> --budget 20",
    ),
    "model": (
        "python loop.py --dry-run --max-usd 20",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:8080 python loop.py --model my-model --price 0/0 --budget 20",
        "python loop.py --proposer claude --budget 20",
    ),
    "whole": (
        "python -m sparse_parity run --quick",
        "pytest tests/harness/test_judge.py",
        "pytest -k foresight",
        "python -m harness doctor",
        "python -m harness redteam",
        "python -m harness redteam --family escape",
        "python -m sparse_parity run",
        "python -m sparse_parity reproduce --fast",
        "python -m benchmarks.ledger",
        "python -m benchmarks.no_effect",
        "python -m benchmarks.report",
        "python benchmarks/instruments.py",
        "python benchmarks/thousand.py",
        "PYTHONPATH=. python tests/harness/crash_matrix.py",
        "PYTHONPATH=. python tests/harness/forgeries.py",
        "PYTHONPATH=. python tests/harness/random_kills.py --kills 100 --seed 1",
        "PYTHONPATH=. python tests/harness/random_users.py --sessions 20",
    ),
}
AN_HOUR = "an hour's measuring; --fast is executed"
SLOW_ITSELF = "is slow tests, which need not run twice"
PARSED = {
    "pip install -e '.[dev]' && pytest": "installs; it is what .ci/run does",
    "pip install -e '.[docs]'": "installs; it is what .ci/run does",
    "mkdocs serve": "never ends; .ci/run builds the same site",
    "python -m benchmarks.gate": "25 minutes of a processor; 7 for the fewest instances that it can draw from",
    "python -m sparse_parity reproduce": AN_HOUR,
    "python -m sparse_parity reproduce --out results/reproduction.md --plots docs/guide": AN_HOUR,
    "pytest -m slow": SLOW_ITSELF,
    "pytest -m slow tests/reproduction": AN_HOUR,
    "REPRODUCTION_KEPT=$PWD/reproduction-kept.jsonl pytest -m slow tests/reproduction": AN_HOUR,
    "pytest -m slow tests/harness/test_forgeries.py": SLOW_ITSELF,
    "pytest -m slow tests/harness/test_hostile.py": SLOW_ITSELF,
    "PYTHONPATH=. python tests/harness/full_disk.py": "mounts, as root; test_full_disk.py does the same",
    "PYTHONPATH=. python tests/harness/power_cut.py --fs ext4": "mounts, as root; test_power_cut.py does the same",
}
SILENT = ("RUN=", "cp ", "git add ")


@dataclass(frozen=True)
class Written:
    """A command, and the page that it stands on first."""

    command: str
    page: str


def fenced(page):
    """The commands of a page's fences, without their comments."""
    blocks = [body for language, body in FENCE.findall(page.read_text("utf-8")) if language == "sh"]
    lines = "".join(blocks).splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s+)# .*", "", line).strip())]


def within_text(page):
    """The commands between backquotes."""
    return [found for found in INLINE.findall(FENCE.sub("", page.read_text("utf-8"))) if found not in NO_COMMANDS]


def written():
    """Every command of every page, once."""
    pages = {command: page.name for page in reversed(PAGES) for command in (*within_text(page), *fenced(page))}
    return [Written(command, page) for command, page in pages.items()]


def small(command, address=""):
    """What is run in its place, with this Python; `address`: of the server that answers as a model."""
    command = EXACTLY.get(command, command)
    for long, short in LESS.items():
        command = command.replace(long, short)
    command = command.replace("http://127.0.0.1:8080", address)
    command = re.sub(r"^pytest ", "python -m pytest -q -p no:cacheprovider ", command)
    return command.replace("python ", f"{shlex.quote(sys.executable)} ")
