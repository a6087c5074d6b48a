"""The commands of `python -m harness`, each a module with `main(argv, root) -> exit code`.

Promises: a command is imported only when it is asked for. Does not cover: what the commands do, and how errors
become exit codes (`cli.guarded`).
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from harness.errors import ArdentError

SUMMARIES: Mapping[str, str] = {
    "doctor": "does the sandbox hold on this machine, layer by layer, and is everything there that the loop needs",
    "gate": "measure your working tree against a commit, exactly as the loop measures a candidate",
    "profile": "which source lines and which buffers the ARD and the DMD of a method come from",
    "redteam": "try every cheat of tests/attacks on the gate, and honest changes that it must keep",
    "status": "where a run stands: while it runs, when it ended, and after a crash",
    "report": "recorded runs as one page: findings and how sure they are, what died and why, cost, integrity",
    "verify": "derive every recorded verdict again, and compare evidence, findings and commits; --rerun measures again",
    "diff": "is a replayed run the same as the one that it repeats, row by row and value by value",
    "review": "see a run's findings, one after another, and approve or reject them: commits on its research branch",
    "merge": "bring a reviewed run's findings to your branch; what conflicts is explained and nothing is forced",
    "check": "compare every number of findings/ and DISCOVERIES.md with its evidence",
}


def main(argv: list[str], root: Path) -> int:
    """Run the command that `argv` begins with, in the project at `root`; returns the exit code.

    Raises:
        ArdentError: there is no such command, or expected trouble of the command itself.
    """
    name, *rest = argv or ["--help"]
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name not in SUMMARIES:
        raise ArdentError(f"python -m harness: no command {name!r}; choose one of: {', '.join(SUMMARIES)}")
    code: int = import_module(f"harness.commands.{name}").main(rest, root)
    return code


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural where it is due."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


def overview() -> str:
    """The list of commands, one line each."""
    width = max(map(len, SUMMARIES))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in SUMMARIES.items()]
    return "\n".join(
        [
            "python -m harness COMMAND: the gate by hand, the profile, and a night's findings, audited and merged.",
            "",
            *lines,
            "",
            "python -m harness COMMAND --help tells the rest. The loop itself is: python loop.py --help",
        ]
    )
