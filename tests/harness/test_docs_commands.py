"""Every command of README.md and docs/ is one that works: each is run here, small, or it is said why it is only parsed.

What is done with which command stands in tests/harness/documented.py.
"""

import argparse
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli
from harness.errors import ArdentError
from harness.git import Repository
from harness.redteam import note_passed
from tests.harness.documented import FENCE, PAGES, PARSED, SCENES, SILENT, SLOW_SCENES, small, written
from tests.harness.loops import clean_environment, copy_project
from tests.harness.messages_server import KEY, counted, serve
from tests.harness.project import HIDDEN, ROOT, git, set_hidden
from tests.harness.researcher import tool
from tests.harness.scripts import hidden
from tests.harness.terminals import Terminal

FIRST_WORDS = ("python", "pip", "git", "pytest", "RUN=", "ANTHROPIC_", "PYTHONPATH", "mkdocs", "$ ")
ASKS = "python -m harness review $RUN"
SMALL_SPACE = "hidden: {type: int, low: 8, high: 24, log: true}\nlr: {type: float, low: 0.05, high: 0.2, log: true}\n"
NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", "build", "*.egg-info", ".hypothesis", "site")
EXECUTED = [command for scenes in (SCENES, SLOW_SCENES) for scene in scenes.values() for command in scene]


def accept(command):
    """Have the program's own parser take the arguments, and go no further."""
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


class ParsedError(BaseException):
    """The arguments were taken. No `except Exception` stops it."""


def module_path(name):
    """The file that `python -m` runs."""
    path = ROOT / name.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_every_command_is_executed_or_it_is_said_why_not():
    known = {*EXECUTED, *PARSED}
    there = {one.command: one.page for one in written()}
    assert [f"{page}: {command}" for command, page in there.items() if command not in known] == []
    assert sorted(known - set(there)) == []
    assert len(known) == len(EXECUTED) + len(PARSED)


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


@pytest.mark.parametrize("wrong", ["loop.py --budgets 3", "-m harness status --jsn", "-m harness stats", "-m nothing"])
def test_a_command_that_does_not_exist_is_found(wrong):
    with pytest.raises((SystemExit, ArdentError, FileNotFoundError)):
        accept(f"python {wrong}")


# -- executed -------------------------------------------------------------------------------------------------------


class Scene:
    """A project and the environment in which its commands are typed."""

    def __init__(self, root, address="", **variables):
        self.root, self.address = root, address
        quiet = {"PAGER": "cat", "GIT_EDITOR": "true", "RUN": "x", "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment = {**clean_environment(root), **quiet, **variables}
        self.failures = {}

    def failure(self, command):
        """What the command failed with, or None. It is typed once, whichever test asks first."""
        if command not in self.failures:
            try:
                self.ask(command, b"q\n") if command == ASKS else self.play(command)
                self.failures[command] = None
            except AssertionError as failure:
                self.failures[command] = failure
        return self.failures[command]

    def play(self, command):
        """Type it; it must end well, and say something unless it is one that does not."""
        line = small(command, self.address)
        shell = ["bash", "-euc", line]
        options = {"cwd": self.root, "env": self.environment, "capture_output": True, "text": True}
        done = subprocess.run(shell, stdin=subprocess.DEVNULL, timeout=1500, check=False, **options)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert done.stdout or command.startswith(SILENT), line

    def ask(self, command, keys):
        """Type it at a terminal, and answer its first question."""
        terminal = Terminal(80, 24)
        try:
            terminal.start(["bash", "-euc", small(command)], self.root, {**self.environment, "TERM": "xterm"})
            terminal.wait_for("x-0001>")
            terminal.press(keys)
            assert terminal.finish() == 0, terminal.transcript()
        finally:
            terminal.process.kill()
            terminal.close()


def own(project, tmp_path):
    """A copy in which somebody may commit."""
    root = copy_project(project, tmp_path)
    git(root, "config", "user.name", "A User")
    git(root, "config", "user.email", "user@example.org")
    return root


@pytest.fixture(scope="module")
def morning(reviewable_project, tmp_path_factory):
    return Scene(own(reviewable_project, tmp_path_factory.mktemp("morning")))


@pytest.fixture(scope="module")
def desk(user_project, tmp_path_factory):
    """With a search space of the small task, three commits, and half the hidden units lying uncommitted."""
    root = own(user_project, tmp_path_factory.mktemp("desk"))
    (root / "prompts" / "search_space.yaml").write_text(SMALL_SPACE)
    git(root, "commit", "--quiet", "--all", "--message=A small space")
    for number in range(3):
        git(root, "commit", "--quiet", "--allow-empty", f"--message=Note {number}")
    set_hidden(root, 16)
    return Scene(root)


@pytest.fixture(scope="module")
def model(user_project, tmp_path_factory):
    """With a key, and a server that answers as a model."""
    root = own(user_project, tmp_path_factory.mktemp("model"))
    note_passed(Repository.open(root))  # the attacks have tests of their own
    answer = tool("Four times the hidden units", hidden(HIDDEN, 4 * HIDDEN))
    with serve(answer=lambda _: answer, count=counted(1234)) as server:
        yield Scene(root, server.address, ANTHROPIC_BASE_URL=server.address, ANTHROPIC_API_KEY=KEY)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All of this project, without its history."""
    root = tmp_path_factory.mktemp("whole") / "project"
    shutil.copytree(ROOT, root, ignore=NOT_COPIED)
    return Scene(root)


FAST = [(scene, command) for scene, commands in SCENES.items() for command in commands]
SLOW = [(scene, command) for scene, commands in SLOW_SCENES.items() for command in commands]
TRIALS = [*FAST, *(pytest.param(*each, marks=pytest.mark.slow) for each in SLOW)]


def up_to(scene, command):
    """The commands that this one may build on, in their order, and itself."""
    commands = SCENES[scene] if scene != "whole" else ()
    return commands[: commands.index(command) + 1] if command in commands else (command,)


@pytest.mark.parametrize(("scene", "command"), TRIALS)
def test_the_commands_work_one_after_another(request, scene, command):
    there = request.getfixturevalue(scene)
    *_, failure = [there.failure(each) for each in up_to(scene, command)]
    if failure:
        raise failure


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
