"""Whether the sandbox holds on this machine: every escape tried without it, in it, and against each layer alone.

Promises: a probe that does not go through without any layer proves nothing, and is called so; a layer that claims to be
in force and stops none of what it alone must stop is found, though the others hide it. Does not cover: escapes that
nobody thought of. `examine` takes 2 to 4 seconds, `examine_briefly` a fraction of one.
"""

import os
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness import confine, scratch
from harness.doctor.probes import PROBES, SHORT, SLOW, Probe
from harness.errors import ArdentError
from harness.sandbox import Child, ChildError, Limits
from harness.sandbox.zygote import Zygote

Found = Literal["stopped", "ESCAPED", "proves nothing here"]
LIMITS = Limits(seconds=10, memory_mb=256)
CPU_S = 1
LAYERS = (*sorted(confine.REQUIRED), *confine.OPTIONAL)
AT_ONCE = 3  # zygotes: starting one is mostly waiting for the disk


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one probe: `stopped_by` is what it ran into, empty where it went through."""

    probe: str
    found: Found
    stopped_by: str


@dataclass(frozen=True, slots=True)
class Alone:
    """One layer by itself: how many of the probes it must stop, and that go through without it, it stops.

    `in_force` is False where it could not be set up, or there is nothing for it to do.
    """

    layer: str
    is_required: bool
    in_force: bool
    stopped: int
    of: int
    through: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Required layers stop all they must; an older kernel's optional layer may know less, but not nothing."""
        return not self.of or (self.stopped == self.of if self.is_required else self.stopped > 0)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was tried."""

    layers: tuple[str, ...]
    probes: tuple[Tried, ...]
    alone: tuple[Alone, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no probe went through, every layer in force does something, and none that is required is missing."""
        escaped = any(t.found == "ESCAPED" for t in self.probes)
        return not escaped and set(self.layers) >= confine.REQUIRED and all(a.holds for a in self.alone)

    def summary(self) -> str:
        """One line for the record."""
        proving = [t for t in self.probes if t.found != "proves nothing here"]
        stopped = sum(t.found == "stopped" for t in proving)
        return f"{stopped} of {len(proving)} escapes stopped; layers: {', '.join(self.layers)}"


def examine(
    hollow: Iterable[str] = (), off: Iterable[str] = (), layers: Iterable[str] = LAYERS
) -> Examination:
    """Every probe and every layer, or these layers and their probes.

    `hollow` and `off` are for the doctor's own tests: layers that only claim to be in force, or are left out.

    Raises:
        ArdentError: not even a child without layers can be started.
    """
    with _facts() as facts, ThreadPoolExecutor(AT_ONCE) as pool:
        trials = _Trials(facts, frozenset(hollow), frozenset(off))
        chosen = [p for p in PROBES if not set(p.layers).isdisjoint(layers)]
        slow = [p for p in chosen if p.name in SLOW]
        quick = [p for p in chosen if p.name not in SLOW]
        late = [pool.submit(trials.attempt, kept, slow) for kept in ((), LAYERS)]
        free, confined = pool.submit(trials.attempt, (), quick), pool.submit(trials.attempt, LAYERS, quick)
        alone = [pool.submit(trials.alone, layer) for layer in layers]
        without = {**free.result().ends, **late[0].result().ends}
        within = {**confined.result().ends, **late[1].result().ends}
        judged = tuple(a.result().judged(without) for a in alone)
        return Examination(confined.result().layers, _compared(chosen, without, within), judged)


def examine_briefly() -> Examination:
    """A few probes of each family, without and with the sandbox: what the loop does before its first experiment.

    Raises:
        ArdentError: one went through, or no child can be started.
    """
    chosen = [p for p in PROBES if p.name in SHORT]
    with _facts() as facts, ThreadPoolExecutor(2) as pool:
        trials = _Trials(facts, frozenset(), frozenset())
        without, within = pool.map(lambda kept: trials.attempt(kept, chosen), ((), LAYERS))
    found = Examination(within.layers, _compared(chosen, without.ends, within.ends))
    if not found.holds:
        escaped = ", ".join(t.probe for t in found.probes if t.found == "ESCAPED") or "a required layer is missing"
        raise ArdentError(f"the sandbox does not hold here ({escaped}); see: python -m harness doctor")
    return found


@dataclass(frozen=True, slots=True)
class Attempt:
    """How each probe ended in children with the same layers: empty where it went through."""

    layers: tuple[str, ...]
    ends: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """One layer's attempt beside that of the layers that it needs, or of none."""

    layer: str
    base: Attempt | None
    attempt: Attempt

    def judged(self, without: Mapping[str, str]) -> Alone:
        """What the layer stops of what goes through without it; `without` is the attempt with no layer at all."""
        before = without if self.base is None else self.base.ends
        proving = [name for name in self.attempt.ends if not before[name]]
        through = tuple(name for name in proving if not self.attempt.ends[name])
        in_force = self.layer in self.attempt.layers
        counts = (len(proving) - len(through), len(proving)) if in_force else (0, 0)
        return Alone(self.layer, self.layer in confine.REQUIRED, in_force, *counts, through if in_force else ())


@dataclass(frozen=True, slots=True)
class _Trials:
    """Attempts with the same facts and the same mutations."""

    facts: Mapping[str, Any]
    hollow: frozenset[str]
    off: frozenset[str]

    def alone(self, layer: str) -> Compared:
        """The layer's own probes, with it and what it needs, and with what it needs alone."""
        own = [p for p in PROBES if layer in p.layers and (p.name not in SLOW)]
        needed = _needed(layer)
        base = self.attempt(needed, own) if needed else None
        return Compared(layer, base, self.attempt((*needed, layer), own))

    def attempt(self, kept: Iterable[str], probes: Iterable[Probe]) -> Attempt:
        """Try the probes, each in a child with these layers only."""
        off = frozenset(LAYERS) - set(kept) | self.off
        with closing(Zygote("doctor/prober.py", off=off, hollow=self.hollow & set(kept))) as zygote:
            ends: dict[str, str] = {}
            layers: tuple[str, ...] = ()
            for probe in probes:
                ends[probe.name], layers = self._end(zygote, probe)
        return Attempt(layers, ends)

    def _end(self, zygote: Zygote, probe: Probe) -> tuple[str, tuple[str, ...]]:
        run = zygote.begin(LIMITS.memory_mb, CPU_S)
        try:
            folder = _furnished(Path(self.facts["top"])) if "folder" in probe.code else ""
            facts = {**self.facts, "folder": folder}
            answer = Child(run, run.socket, LIMITS, None).request("probe", source=probe.code, facts=facts)
            return str(answer["stopped"]), run.layers
        except ChildError as error:
            return str(error), run.layers
        finally:
            run.end()


def _needed(layer: str) -> tuple[str, ...]:
    """The layers without which it cannot be, or has nothing to do: who is not root has capabilities in a namespace."""
    if layer == "empty root" or (layer == "no capabilities" and os.geteuid() != 0):
        return ("namespaces",)
    return ()


def _compared(probes: Iterable[Probe], without: Mapping[str, str], within: Mapping[str, str]) -> tuple[Tried, ...]:
    def found(name: str) -> Found:
        if without[name]:
            return "proves nothing here"
        return "stopped" if within[name] else "ESCAPED"

    return tuple(Tried(p.name, found(p.name), without[p.name] or within[p.name]) for p in probes)


@contextmanager
def _facts() -> Iterator[Mapping[str, Any]]:
    """What the probes are told, true as long as the context lasts."""
    with scratch.folder("doctor") as top, socket.create_server(("127.0.0.1", 0)) as server:
        top.chmod(0o777)  # or only its owner could fail to write there
        yield {"top": str(top), "parent": os.getpid(), "port": server.getsockname()[1], "source": __file__}


def _furnished(top: Path) -> str:
    """A folder for one probe, with its files."""
    folder = Path(tempfile.mkdtemp(dir=top))
    folder.chmod(0o777)
    for name, mode in (("file", 0o666), ("private", 0o600)):
        (folder / name).write_text("a secret\n")
        (folder / name).chmod(mode)
    return str(folder)
