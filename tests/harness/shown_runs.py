"""What a view looks at of a run, made up."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from harness.records import Cost, Evidence, Verdict
from harness.run import Settings
from tests.harness.factories import make_experiment, make_pair


def invalid(reason, stage="policy", **changes):
    return make_experiment(
        verdict=Verdict("invalid", stage, reason), evidence=Evidence(), **{"seconds": 0.04, **changes}
    )


def make_baseline():
    pair = make_pair()
    evidence = Evidence(screen=(replace(pair, candidate=pair.incumbent),))
    verdict = Verdict("kept", "screen", "the baseline")
    return make_experiment(number=0, kind="baseline", verdict=verdict, evidence=evidence, cost=Cost())


def make_run(*rows, budget=20, proposer="search"):
    """The rows of a run; the baseline is added."""
    begun = "2026-11-22T00:00:00+00:00"
    settings = Settings("main", "parity20", "0" * 64, proposer, "a" * 40, "00", None, budget, begun)
    return SimpleNamespace(
        settings=settings,
        ledger=SimpleNamespace(rows=(make_baseline(), *rows)),
        branch="research/main",
        folder=Path(os.devnull),  # no transcripts
        worked=SimpleNamespace(hours=lambda: 0.0),
    )
