"""The gate with one check taken out, and the worker with a hostile candidate in it: what an attack would gain.

A copy of the harness is changed and run in a process of its own, on the same attack, task and instances. Promises: the
copy differs from the harness in the named lines and the takeovers only; nothing of it is left. Does not cover: checks
that the operating system makes.
Usage, inside such a copy: python -m tests.attacks.unguarded < NAMES
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import ArdentError
from harness.gate import Trial
from harness.judge import VALUES
from tests.attacks.attack import Attack
from tests.attacks.attacks import ATTACKS
from tests.attacks.lab import attempt_attack
from tests.attacks.switches import SWITCHES, TRACE

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("harness", "sparse_parity", "tasks", "tests/attacks", "tests/controls", "tests/sparse_parity")
FILES = ("tests/harness/bench.py",)
MAIN = '\n\nif __name__ == "__main__":\n'
TAKING_OVER = """

class _Taken(Session):
    def __init__(self, request):
        super().__init__(request)
        for name, code in TAKEOVERS.items():
            if any(f"# takeover: {name}\\n" in text for text in request["modules"].values()):
                globals()["session"] = self
                exec(code, globals())


Session = _Taken
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What the gate said on an attack: the verdict, and the change of each number where it was measured.

    `earned` is the smaller fall of DMD and reuse in the verdict's effects.
    """

    name: str
    outcome: str
    stage: str
    reason: str
    win: str | None = None
    gain: float | None = None
    changes: Mapping[str, float] | None = None
    earned: float | None = None

    @property
    def verdict(self) -> str:
        """One line."""
        return f"{self.outcome} at {self.stage}: {self.reason}"


def judged(attack: Attack) -> Said:
    """What the gate of this process makes of an attack."""
    try:
        trial = attempt_attack(attack)
    except ArdentError as error:
        return Said(attack.name, "error", "", str(error))
    verdict = trial.verdict
    falls = [-effect.change for effect in verdict.effects if effect.metric in {"dmd", "reuse"}]
    return Said(
        attack.name,
        verdict.outcome,
        verdict.stage,
        verdict.reason,
        verdict.win,
        verdict.gain,
        changes(trial),
        min(falls, default=None),
    )


def changes(trial: Trial) -> Mapping[str, float] | None:
    """The worst change of each number over the instances that were measured; None where none was."""
    pairs = trial.evidence.confirm or trial.evidence.screen
    if not pairs:
        return None
    worst = {m: max(value(p.candidate) / value(p.incumbent) - 1 for p in pairs) for m, value in VALUES.items()}
    return worst | {"accuracy": min(p.candidate.accuracy - p.incumbent.accuracy for p in pairs)}


def unguarded(attacks: Sequence[Attack], switch: str = "") -> Iterator[Said]:
    """What becomes of the attacks, one after another, without that check; with all checks if it is empty."""
    with _copy(switch) as root:
        command = [sys.executable, "-P", "-c", f"import sys; sys.path[0:0] = [{str(root)!r}]\n{_RUN}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["TMPDIR"] = str(root)
        names = json.dumps([attack.name for attack in attacks])
        with subprocess.Popen(
            command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(names + "\n")
            process.stdin.flush()
            for line in process.stdout:
                yield Said(**json.loads(line))
        assert process.returncode == 0, f"the gate without {switch!r} ended with {process.returncode}"


_RUN = "from tests.attacks.unguarded import main; main()"


@contextmanager
def _copy(switch: str) -> Iterator[Path]:
    """The project in a folder of its own, with that check off and the takeovers in the worker."""
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
        root = Path(folder)
        parts = SWITCHES[switch] if switch else ()
        compiled = ("*.so", "*.pyd") if any(part.path == TRACE for part in parts) else ()
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", "*.c", *compiled)
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        for name in FILES:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        for part in parts:
            part.turn_off(root)
        _let_in(root / "harness/worker.py")
        yield root


def _let_in(worker: Path) -> None:
    """The takeovers, before the worker's main guard."""
    text = worker.read_text("utf-8")
    assert text.count(MAIN) == 1, "harness/worker.py: where is its main guard?"
    takeovers = {attack.name: attack.takeover for attack in ATTACKS if attack.takeover}
    worker.write_text(text.replace(MAIN, f"\n\nTAKEOVERS = {takeovers!r}\n{TAKING_OVER}{MAIN}"), "utf-8")


def main() -> None:
    """Judge the attacks that standard input names."""
    names = json.loads(sys.stdin.readline())
    known = {attack.name: attack for attack in ATTACKS}
    for name in names:
        try:
            said = judged(known[name])
        except Exception as error:  # noqa: BLE001 - a harness without one of its checks may do anything
            said = Said(name, "error", "", f"the harness itself stops: {type(error).__name__}: {error}"[:200])
        print(json.dumps(asdict(said)), flush=True)


if __name__ == "__main__":
    main()
