"""What a claim is, and how its verdict comes about.

Promises: `ours` is always computed by running this package; the reference values, measured on the original public code,
only decide whether it agrees. A row whose own numbers disagree with its reference is `differs`, whatever the registry
says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sparse_parity.studies.batches import Say

Verdict = Literal["reproduced", "within noise", "artefact", "wrong", "not run", "differs"]

Values = tuple[float, ...]

SAME_DIGITS = 1e-12
"""Relative: sums are made in the published order, so only the last bit of a final division may differ."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of a document.

    Attributes:
        id: as in docs/seeds.md.
        source: the document.
        says: the claim.
        published: the value as published.
        verdict: what the claim is worth if our numbers agree.
        why: one sentence.
        study: computes our values; None where nothing is run, which `why` explains.
        form: how they are shown, a format string over the values.
        reference: what they must be, to the digits given; None where no digits are fixed.
        holds: what they must show, for claims without fixed digits.
        modules: the modules of `studies/` that the study needs.
        minutes: about how long it takes; 0 for a claim of `--fast`.
    """

    id: str
    source: str
    says: str
    published: str
    verdict: Verdict
    why: str
    study: Callable[[Say], Values] | None = None
    form: str = "{0:,.0f}"
    reference: Values | None = None
    holds: Callable[[Values], bool] | None = None
    modules: tuple[str, ...] = ("buffers",)
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A claim as it came out; `values` is empty where nothing was run."""

    claim: Claim
    values: Values
    ours: str
    verdict: Verdict
    seconds: float


def judge(claim: Claim, values: Values, seconds: float) -> Row:
    """The row of a claim that was run."""
    agrees = all(
        (
            claim.reference is None or _same(values, claim.reference),
            claim.holds is None or claim.holds(values),
        )
    )
    ours = claim.form.format(*values)
    return Row(claim, values, ours, claim.verdict if agrees else "differs", seconds)


def pass_over_claim(claim: Claim) -> Row:
    """The row of a claim that was not run. Where there is nothing to run, the registry's word stands."""
    return Row(claim, (), "-", claim.verdict if claim.study is None else "not run", 0.0)


def _same(values: Values, reference: Values) -> bool:
    if len(values) != len(reference):
        return False
    return all(math.isclose(a, b, rel_tol=SAME_DIGITS) for a, b in zip(values, reference, strict=True))
