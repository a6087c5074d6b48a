"""The tests stage: the trusted copy of tests/sparse_parity against a candidate, in a confined child.

Promises: the tests and the package around the candidate come from the baseline commit; they run in a directory of their
own that is gone afterwards; a time-out kills every process; a failure among files that somebody removed is trouble of
the harness, never the candidate's. Does not cover: keeping a candidate from fooling the
tests it shares a process with. They are there to explain an honest mistake early; what is believed is measured later.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from harness import sandbox, scratch
from harness.errors import ArdentError
from harness.sandbox import ChildError, Limits
from harness.settings import Task

TESTS = "tests/sparse_parity"
PYTEST_FLAGS: tuple[str, ...] = ("-q", "-x", "--no-header", "--tb=short", "-p", "no:cacheprovider")
PYTEST_FLAGS += ("--import-mode=importlib",)
PYTEST_FLAGS += ("-c", os.devnull)  # no configuration file of the user's takes part
LARGEST_FILE = 16 * 2**20  # bytes that one file of the tests may have


def run(trusted: Mapping[str, str], sources: Mapping[str, str], task: Task) -> str:
    """Run the contract tests on the candidate's sources; return what failed in one line, empty when all pass."""
    with scratch.folder("tests") as root:
        folder = str(root)
        kept = {path: text for path, text in trusted.items() if not _is_replaced(path)}
        _lay_out(root, {**kept, **sources})
        limits = Limits(seconds=task.tests_time_limit_s, memory_mb=max(task.memory_mb, 1024))
        command = [sys.executable, "-s", "-P", "-B", "-m", "pytest", *PYTEST_FLAGS]
        command += ["--rootdir", folder, "--confcutdir", folder, TESTS]  # no conftest.py from above takes part
        environment = {
            "PYTHONPATH": folder,
            "PYTHONHASHSEED": "0",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "LC_ALL": "C.UTF-8",
            "HOME": folder,
            "TMPDIR": folder,
        }
        try:
            code, output = sandbox.run(command, limits, cwd=root, environment=environment, file_bytes=LARGEST_FILE)
        except ChildError as error:
            return str(error)
        except FileNotFoundError:
            raise _disturbed(root) from None
        if code != 0 and not _is_whole(root, {**kept, **sources}):
            raise _disturbed(root)
    return "" if code == 0 else _failure(output, code)


def _is_replaced(path: str) -> bool:
    """Files that only the candidate provides: its methods and champion."""
    return path == "sparse_parity/champion.py" or (
        path.startswith("sparse_parity/methods/") and path != "sparse_parity/methods/__init__.py"
    )


def _lay_out(root: Path, files: Mapping[str, str]) -> None:
    try:
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
    except FileNotFoundError:
        raise _disturbed(root) from None
    except OSError as error:  # of a write, which names no file
        raise ArdentError(f"{root}: {error.strerror}; free disk space, and run the same command again") from error


def _is_whole(root: Path, files: Mapping[str, str]) -> bool:
    """Whether all the files are still there. What failed without them says nothing about the candidate."""
    return all((root / path).is_file() for path in files)


def _disturbed(root: Path) -> ArdentError:
    return ArdentError(
        f"{root}: something removed files there while the tests ran, so they say nothing; leave that folder alone, "
        "and start the same command again"
    )


def _failure(output: str, code: int) -> str:
    """The line that says most: pytest's summary of the first failure, with its error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    summary = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    said = summary[0] if summary else (lines[-1] if lines else f"the tests ended with exit code {code} and no output")
    return said if not errors or errors[0] in said else f"{said}: {errors[0]}"
