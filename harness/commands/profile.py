"""`python -m harness profile`: which source lines and which buffers the ARD and the DMD of a method come from.

Promises: the working tree's method, uncommitted changes included, trained in the sandbox on one instance; what is
written is said. Does not cover: comparing two methods (`python -m harness gate` does); nothing is recorded.
"""

import hashlib
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import msgspec

from harness import edits, policy
from harness import task as tasks
from harness.cli import DEFAULT_TASK, Parser
from harness.errors import ArdentError, BadInputError
from harness.flags import steps_above_zero, whole_seed
from harness.gate import MODEL, Bench
from harness.git import Repository
from harness.measure import Failure, Program
from harness.profiling import Profile, profile
from harness.profiling.page import render
from harness.profiling.plot import draw, require_matplotlib
from harness.profiling.table import answer, headline, tables
from harness.run import check_meter

PURPOSE = "profile"
OUT = Path("results/profile")


@dataclass(frozen=True, slots=True)
class ProfileArguments:
    """What was asked for; --help says what each means."""

    method: str | None
    task: str
    steps: int | None
    seed: int
    out: Path | None
    json: bool


class ProgressLine:
    """The samples so far: one line overwritten on a terminal, else a line a check."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.perf_counter()

    def show(self, samples: int) -> None:
        """Training has come so far."""
        end = "\r" if self._out.isatty() else "\n"
        print(f"  {samples:,} samples  {self.seconds():.1f} s", end=end, file=self._out, flush=True)

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began


def main(argv: list[str], root: Path) -> int:
    """Profile one method; 0 if there is a profile."""
    arguments = _arguments(argv)
    require_matplotlib()
    bench, program = _program(arguments, root)
    folder = _made(root / OUT if arguments.out is None else arguments.out)
    if note := check_meter():
        print(note, file=sys.stderr)
    print(f"profile: {program.method} on {bench.task.name}, seed {arguments.seed}", file=sys.stderr)
    progress = ProgressLine(sys.stderr)
    instance = bench.instance(PURPOSE)
    found = profile(program, instance, bench.task, steps=arguments.steps, on_check=progress.show)
    if isinstance(found, Failure):
        raise ArdentError(f"{program.method} cannot be profiled: {found.reason}")
    page, picture = _write(found, folder, bench.task.name, arguments.seed)
    if arguments.json:
        print(_document(found, arguments, (page, picture)))
        return 0
    print("\n".join([headline(found), answer(found), "", *tables(found), ""]))
    print(f"{progress.seconds():.1f} s; every line: {page}; the plot: {picture}")
    return 0


def _arguments(argv: list[str]) -> ProfileArguments:
    parser = Parser(prog="python -m harness profile", description=_ABOUT)
    parser.add_argument("--method", metavar="M", help="a file of sparse_parity/methods/ (default: the champion's)")
    parser.add_argument("--task", default=DEFAULT_TASK, help="a file of tasks/ (default: %(default)s)")
    parser.add_argument("--steps", type=steps_above_zero, metavar="N", help="only N training steps")
    parser.add_argument("--seed", type=whole_seed, default=0, metavar="S", help="draws the instance (default: 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"where page and plot go (default: {OUT})")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    return ProfileArguments(**vars(parser.parse_args(argv)))


_ABOUT = (
    "Train a method of your working tree on one instance, and say which source lines and which buffers its reads, "
    "its distance (ARD) and its movement (DMD) come from: tables here, an annotated page and a plot in files."
)


def _program(arguments: ProfileArguments, root: Path) -> tuple[Bench, Program]:
    """What to profile, checked by the policy.

    Raises:
        ArdentError: there is no such task or method, or the sources break the policy.
    """
    task = tasks.load(root, arguments.task)
    files = Repository.open(root, allow_in_progress=True).working_files(["sparse_parity"])
    sources = {path: text for path, text in files.items() if edits.is_editable(path)}
    for path in (MODEL, policy.CHAMPION):
        if path not in files:
            raise BadInputError(f"{path}: is missing; restore it from git")
    refusals = policy.check(sources, model=files[MODEL])
    if refusals:
        raise ArdentError(f"{refusals[0]}; only what the policy allows is run")
    secret = hashlib.sha256(f"ardent profile secret {arguments.seed}".encode()).digest()
    bench = Bench(task, files, secret)
    program = bench.program(sources)
    if arguments.method is None:
        return bench, program
    known = sorted(name.rpartition(".")[2] for name in program.modules if ".methods." in name)
    if arguments.method not in known:
        raise BadInputError(f"--method {arguments.method}: no such method; choose one of: {', '.join(known)}")
    return bench, replace(program, method=arguments.method)


def _made(folder: Path) -> Path:
    """The folder for the files, made before any time is spent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"--out {folder}: {error.strerror}; name a folder that can be made") from None
    return folder


def _write(found: Profile, folder: Path, task: str, seed: int) -> tuple[Path, Path]:
    page, picture = folder / f"{task}-{found.method}.html", folder / f"{task}-{found.method}.png"
    try:
        page.write_text(render(found, f"Where the ARD of {found.method} comes from: {task}, seed {seed}"), "utf-8")
        draw(found, picture)
    except OSError as error:
        raise BadInputError(f"--out {folder}: {error.strerror}; name a folder that can be written") from None
    return page, picture


def _document(found: Profile, arguments: ProfileArguments, files: tuple[Path, Path]) -> str:
    document = {
        "command": "profile",
        "task": arguments.task,
        "seed": arguments.seed,
        "steps": arguments.steps,
        "ard": found.total.mean_distance,
        "answer": answer(found),
        "files": [str(path) for path in files],
        **{name: value for name, value in msgspec.to_builtins(found).items() if name != "sources"},
    }
    return json.dumps(document, indent=2, allow_nan=False)
