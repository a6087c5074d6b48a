"""`python -m harness doctor`: does the sandbox hold here, and is everything there that the loop needs?

Promises: every failing row says what to do; a key is never printed. Exit code 0: it holds; 1: it holds, but something
optional (a layer; a key, address or price that is wrong) is missing; 2: it does not, and no candidate should run. Does
not cover: whether results are right (`verify`).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from harness import doctor, memory_trace
from harness.cli import DEFAULT_TASK, Parser
from harness.confine import landlock
from harness.doctor import Alone, Examination, Tried
from harness.errors import ArdentError
from harness.run import check_meter

Status = Literal["ok", "note", "missing", "FAILS"]
ENDINGS = (
    "the sandbox holds",
    "the sandbox holds, but something optional is missing: see above",
    "NOT READY: see FAILS above",
)
LEAST_GIT = (2, 30)
LEAST_DISK = 500 * 2**20  # bytes; a run of 1,000 experiments keeps about 30 MB
NAMESPACES = (
    "optional: allow user namespaces (sysctl user.max_user_namespaces, on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0; in Docker --cap-add SYS_ADMIN with a profile that allows mount)"
)
REMEDIES = {
    "seccomp": "use a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64; in a container, its default profile",
    "rlimits": "look at `ulimit -H -a`, and for what refuses setrlimit here (a profile of the container?)",
    "empty environment": "the zygote got variables that are not ours: look for what wraps sys.executable",
    "closed descriptors": "this is a bug of Ardent: report it with the output of doctor --json",
    "landlock": "optional: a kernel from 5.13 on with landlock among its lsm= (cat /sys/kernel/security/lsm)",
    "namespaces": NAMESPACES,
    "empty root": NAMESPACES,
    "nobody": "optional: run as an ordinary user, or where user 65534 is mapped",
    "no capabilities": "optional: look for what refuses capset here (a profile of the container?)",
    "audit hook": "this is a bug of Ardent: report it with the output of doctor --json",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at. `do` says what to do about it, where there is something to do."""

    group: Literal["machine", "layer", "probe", "tool", "model"]
    name: str
    status: Status
    says: str
    do: str = ""


def main(argv: list[str], root: Path) -> int:
    """Look at everything, and print it; returns the exit code."""
    parser = Parser(prog="python -m harness doctor", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--reach", action="store_true", help="also ask the model's server for a count, which is free")
    arguments = parser.parse_args(argv)
    rows = [*machine_rows(), *sandbox_rows(), *tool_rows(root), *model_rows(root, reach=arguments.reach)]
    code = exit_code(rows)
    if arguments.json:
        print(json.dumps({"exit_code": code, "rows": [asdict(row) for row in rows]}))
    else:
        show(rows, code)
    return code


def exit_code(rows: list[Row]) -> int:
    """0: holds; 1: something optional is missing; 2: refuses."""
    statuses = {row.status for row in rows}
    return 2 if "FAILS" in statuses else 1 if "missing" in statuses else 0


def show(rows: list[Row], code: int) -> None:
    """The rows for a person: of the probes only those that were not stopped."""
    for row in rows:
        if row.group != "probe" or row.status != "ok":
            print(f"{row.status:<8}{row.group:<8}{row.name:<34} {row.says}".rstrip())
            if row.do:
                print(f"{'':<16}-> {row.do}")
    probes = [row for row in rows if row.group == "probe"]
    stopped, escaped = (sum(row.status == status for row in probes) for status in ("ok", "FAILS"))
    print(f"{stopped} of {stopped + escaped} escapes that work here are stopped")
    print(ENDINGS[code])


# -- the sandbox ---


def sandbox_rows(
    hollow: Sequence[str] = (), off: Sequence[str] = (), layers: Sequence[str] = doctor.LAYERS
) -> list[Row]:
    """Layers and probes, see `doctor.examine`."""
    try:
        found = doctor.examine(hollow, off, layers)
    except ArdentError as error:
        return [Row("layer", "sandbox", "FAILS", str(error), "use Linux on x86_64 or aarch64, or a container of it")]
    return [*(layer_row(a) for a in found.alone), *(probe_row(t, found) for t in found.probes)]


def layer_row(alone: Alone) -> Row:
    """One layer by itself."""
    remedy = REMEDIES[alone.layer]
    if not alone.in_force:
        if alone.layer == "nobody" and os.geteuid() != 0:
            return Row("layer", alone.layer, "ok", "not needed: you are not root")
        return Row("layer", alone.layer, "FAILS" if alone.is_required else "missing", "not in force", remedy)
    says = f"in force; alone it stops {alone.stopped} of {alone.of}"
    if alone.layer == "landlock":
        says += f" (ABI {landlock.version()})"
    if not alone.of:
        return Row("layer", alone.layer, "note", "in force; nothing here shows it at work")
    if not alone.holds:
        says += f": it claims more than it does ({', '.join(alone.through[:5])})"
    return Row("layer", alone.layer, "ok" if alone.holds else "FAILS", says, "" if alone.holds else remedy)


def probe_row(tried: Tried, found: Examination) -> Row:
    """One escape."""
    if tried.found == "stopped":
        return Row("probe", tried.probe, "ok", tried.stopped_by)
    if tried.found == "proves nothing here":
        return Row("probe", tried.probe, "note", f"proves nothing: fails without a layer too ({tried.stopped_by})")
    do = f"no candidate may run here; report this with the kernel and these layers: {', '.join(found.layers)}"
    return Row("probe", tried.probe, "FAILS", "it went through", do)


# -- the machine and its tools ---


def machine_rows() -> Iterator[Row]:
    """What this is."""
    yield Row("machine", "kernel", "ok", f"{platform.system()} {platform.release()} {platform.machine()}")
    yield Row("machine", "user", "ok", "root" if os.geteuid() == 0 else f"an ordinary user ({os.geteuid()})")
    yield Row("machine", "Python", "ok", platform.python_version())


def tool_rows(root: Path) -> Iterator[Row]:
    """What the loop needs besides."""
    yield git_row()
    free = shutil.disk_usage(root).free
    says = f"{free / 2**30:.1f} GB free"
    is_full = free < LEAST_DISK
    yield Row("tool", "disk", "FAILS" if is_full else "ok", says, "make room for 0.5 GB at least" if is_full else "")
    yield meter_row()
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    yield Row("tool", "compiler", "ok" if compiler else "note", compiler or "none: the meter cannot be compiled here")
    yield clock_row()


def model_rows(root: Path, *, reach: bool) -> Iterator[Row]:
    """The model: key, prices, what the first call would cost, and the server if asked for. Nothing is spent."""
    from harness.dry_run import next_briefing  # noqa: PLC0415 - anthropic takes half a second, and reads variables
    from harness.proposers import ProposerOptions, readiness  # noqa: PLC0415

    statuses: dict[readiness.State, Status] = {"ok": "ok", "note": "note", "fault": "missing"}
    options = ProposerOptions(environ=dict(os.environ))
    told = next_briefing(root, DEFAULT_TASK, "claude")
    for row in readiness.check(root / "prompts", options, told, reach=reach):
        says, _, do = row.told.partition("; ")
        yield Row("model", row.name, statuses[row.state], says, do or ("mend it" if row.state == "fault" else ""))


def git_row() -> Row:
    """Git, new enough."""
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
        version = tuple(int(part) for part in said.split(".")[:2])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return Row("tool", "git", "FAILS", "not there", "install git 2.30 or newer")
    is_old = version < LEAST_GIT
    return Row("tool", "git", "FAILS" if is_old else "ok", said, "install git 2.30 or newer" if is_old else "")


def meter_row() -> Row:
    """The meter: compiled, and from the source that is here."""
    try:
        check_meter()
    except ArdentError as error:
        return Row("tool", "meter", "FAILS", str(error), "pip install -e .")
    if memory_trace.compiled:
        return Row("tool", "meter", "ok", "compiled")
    do = "install a C compiler and run: pip install -e ."
    return Row("tool", "meter", "note", "not compiled, so 60 times slower", do)


def clock_row() -> Row:
    """The clock that time limits are kept with runs, finely; the calendar is not before this program was written."""
    info, before = time.get_clock_info("monotonic"), time.monotonic()
    time.sleep(0.002)
    runs = info.monotonic and info.resolution <= 1e-3 and time.monotonic() > before
    if not runs or time.gmtime().tm_year < 2025:
        return Row("tool", "clock", "FAILS", time.strftime("%F %TZ", time.gmtime()), "set the machine's clock")
    return Row("tool", "clock", "ok", time.strftime("%F %TZ", time.gmtime()))
