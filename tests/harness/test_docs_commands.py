"""Every command of README.md and docs/ is one that works: each is run here, or its arguments are parsed.

A command stands in a fence marked `sh`, one a line, or in backquotes within the text. Those of the fences are either in
EXECUTED, and run in a small project in which the run `x` has ended, made small as SMALL says; or in PARSED with the
reason why not, and then the real parser must take their arguments, as it must for all in backquotes.
"""

import argparse
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli
from harness.errors import ArdentError
from tests.harness.loops import clean_environment, copy_project
from tests.harness.project import ROOT, git

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:PYTHONPATH=\. )?(?:python|pytest) [^`]+)`")
FIRST_WORDS = ("python", "pip", "git", "pytest", "RUN=", "ANTHROPIC_", "PYTHONPATH", "mkdocs", "$ ")
PLACEHOLDERS = {"<name>": "parity20", "<run>": "x", "RUN": "x", "AGAIN": "y", "ID": "R3-9.1", "N": "1", "FILE": "f"}
NO_COMMANDS = {"python -s -P -S -B"}  # how the sandbox starts Python

# Longest first. What it does, and to what: a run of the small task, of one experiment, called as the page calls it.
SMALL = {
    "pip install -e . && ": "",  # `.ci/run` does that, in a fresh environment
    "python loop.py --budget 20": "python loop.py --task tiny --budget 1",
    "python ": f"{shlex.quote(sys.executable)} ",
    "parity20-1": "x",
    "night": "x",
    "$RUN": "x",
}
EXECUTED = (
    "python -m harness status",
    "python -m harness status $RUN",
    "python -m harness status night --json",
    "python -m harness report $RUN",
    "python -m harness verify --run $RUN",
    "python -m harness verify --run $RUN --rerun kept",
    "python -m harness review $RUN --list",
    'python -m harness review $RUN --approve 1 --note "seen twice"',
    'python -m harness review $RUN --annotate 1 --note "try it on parity10"',
    "python -m harness review $RUN --json",
    "python -m harness merge $RUN --dry-run",
    "python -m harness merge $RUN",
    "python -m harness check",
    "pip install -e . && python loop.py --budget 20",
)
SMALL_TESTS = "minutes; its own tests run it on a small task"
A_MODEL = "asks a model; tests/harness/test_claude_*.py run it against a server of their own"
A_NIGHT = "takes a night; its arguments are those of the loop"
PARSED = {
    "RUN=parity20-2": "names a run for the lines below it",
    "RUN=night": "names a run for the lines below it",
    "python -m harness review $RUN": "asks on a terminal; tests/harness/test_review.py does it there",
    'python -m harness review $RUN --reject 2 --note "not worth its lines"': "tests/harness/test_review.py does it",
    "pip install -e '.[dev]' && pytest": "is what .ci/run does",
    "python -m harness gate": SMALL_TESTS,
    "python -m harness gate --against HEAD~3 --json": SMALL_TESTS,
    "python -m harness profile": SMALL_TESTS,
    "python -m harness doctor": "half a minute; tests/harness/test_doctor.py runs it",
    "python -m harness redteam --family escape": "minutes; .ci/run tries every attack",
    "python -m harness report": "a profile of each finding; tests/harness/test_report*.py run it",
    "python -m harness report parity20-1": "as the line above",
    "python -m harness report night-1 search-1 --out compared.html": "as the line above",
    "python loop.py --dry-run": "tests/harness/test_dry_run.py runs it",
    "python loop.py --dry-run --json": "as the line above",
    "python loop.py --dry-run --max-usd 5": "the price of a model belongs to it; test_dry_run.py runs it",
    "python loop.py --dry-run --max-usd 20": "as above",
    "python loop.py --dry-run --count-tokens": A_MODEL,
    "ANTHROPIC_BASE_URL=http://127.0.0.1:8080 python loop.py --dry-run --model my-model --price 0/0": A_MODEL,
    "ANTHROPIC_BASE_URL=http://127.0.0.1:8080 python loop.py --model my-model --price 0/0 --budget 20": A_MODEL,
    "python loop.py --budget 500 --max-hours 8 --max-usd 20": A_NIGHT,
    "until python loop.py --run night --budget 500; do sleep 600; done": A_NIGHT,
    "nohup python loop.py --run night --budget 500 > night.log 2>&1 &": A_NIGHT,
    "watch -n 10 python -m harness status": "never ends",
    "cp tasks/parity20.yaml tasks/mine.yaml": "the reader's own task",
    "python -m harness profile --task mine": "the reader's own task",
    "git add tasks/mine.yaml": "the reader's own task",
    'git commit -m "Task mine"': "the reader's own task",
    "python loop.py --task mine --dry-run": "the reader's own task",
    "python loop.py --task mine --budget 20": "the reader's own task",
    "python loop.py --proposer replay --replay parity20-1 --run again --task parity20 --budget 20": "ten minutes",
    "python -m harness diff parity20-1 again": "its own tests run it on a small task",
    "python -m sparse_parity run --quick": "trains; tests/reproduction/test_parity_command.py runs it",
    "python -m sparse_parity run": "a minute; as above",
    "python -m sparse_parity reproduce --fast": "a minute; tests/reproduction/test_reproduce_command.py runs it",
    "python -m sparse_parity reproduce --claim R3-9.1": "as above",
}


def commands_of(page):
    """The commands of a page's fences, without their comments."""
    blocks = [body for language, body in FENCE.findall(page.read_text("utf-8")) if language == "sh"]
    lines = "".join(blocks).splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s+)# .*", "", line).strip())]


WRITTEN = {command: page.name for page in reversed(PAGES) for command in commands_of(page)}
WITHIN_TEXT = sorted({found for page in PAGES for found in INLINE.findall(page.read_text("utf-8"))} - NO_COMMANDS)


class ParsedError(BaseException):
    """The arguments were taken. No `except Exception` stops it."""


def accept(command):
    """Have the program's own parser take the arguments, and go no further."""
    for placeholder, value in PLACEHOLDERS.items():
        command = re.sub(rf"(?<![\w-]){re.escape(placeholder)}(?!\w)", value, command)
    words = shlex.split(re.search(r"\b(python|pytest)\b[^;&>]*", command)[0], comments=True)
    if words[0] == "pytest":
        assert all((ROOT / word).exists() for word in words[1:] if "/" in word)
        return
    if words[1] == "loop.py":
        cli.loop_arguments(words[2:])
        return
    path, arguments = (module_path(words[2]), words[3:]) if words[1] == "-m" else (ROOT / words[1], words[2:])
    assert path.name == "__main__.py" or "argparse" in path.read_text("utf-8"), "it would run"
    with pytest.MonkeyPatch.context() as patch:
        whole = argparse.ArgumentParser.parse_args

        def parse_and_stop(self, args=None, namespace=None):
            whole(self, args, namespace)
            raise ParsedError

        patch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
        patch.setattr(sys, "argv", [path.name, *arguments])
        with pytest.raises(ParsedError):
            runpy.run_path(str(path), run_name="__main__")


def module_path(name):
    """The file that `python -m` runs."""
    path = ROOT / name.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_every_command_is_executed_or_its_arguments_are_parsed():
    known = {*EXECUTED, *PARSED}
    assert [f"{page}: {command}" for command, page in WRITTEN.items() if command not in known] == []
    assert sorted(known - set(WRITTEN)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is_and_commands_stand_in_those_marked_sh(page):
    text = page.read_text("utf-8")
    for language, body in FENCE.findall(text):
        assert language in {"sh", "text", "python", "yaml", "json"}, body
        if language == "text":
            assert not body.startswith(FIRST_WORDS), body
    outside = FENCE.sub("", text)
    assert re.findall(rf"^ {{4}}(?:{'|'.join(map(re.escape, FIRST_WORDS))}).*", outside, re.MULTILINE) == []


@pytest.mark.parametrize("command", [command for command in PARSED if re.search(r"python|pytest", command)])
def test_the_arguments_of_what_is_not_executed_are_taken(command):
    accept(command)


@pytest.mark.parametrize("command", WITHIN_TEXT)
def test_the_arguments_of_commands_within_the_text_are_taken(command):
    accept(command)


@pytest.mark.parametrize("wrong", ["loop.py --budgets 3", "-m harness status --jsn", "-m harness stats", "-m nothing"])
def test_a_command_that_does_not_exist_is_found(wrong):
    with pytest.raises((SystemExit, ArdentError, FileNotFoundError)):
        accept(f"python {wrong}")


@pytest.fixture(scope="module")
def morning(recorded_project, tmp_path_factory):
    """A project in which the run `x` has ended with one finding, and somebody who may commit."""
    root = copy_project(recorded_project, tmp_path_factory.mktemp("morning"))
    git(root, "config", "user.name", "A User")
    git(root, "config", "user.email", "user@example.org")
    return root


@pytest.mark.parametrize("command", EXECUTED)
def test_the_commands_work_one_after_another(morning, command):
    small = command
    for long, short in SMALL.items():
        small = small.replace(long, short)
    environment = {**clean_environment(morning), "PAGER": "cat", "GIT_EDITOR": "true"}
    shell = ["bash", "-euc", small]
    done = subprocess.run(shell, cwd=morning, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (small, done.stdout, done.stderr)
    assert done.stdout


# -- links ----------------------------------------------------------------------------------------------------------

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
READ = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]


def anchors_of(page):
    """As GitHub and MkDocs make them from headings."""
    headings = re.findall(r"^#+ (.*)", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        if link.startswith(("http://", "https://")):
            continue
        target = page if not path else Path(os.path.normpath(page.parent / path))
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_page_is_on_the_site():
    named = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    assert named == {page.name for page in PAGES[1:]}
