"""What a claim is, and how its verdict comes about.

Promises: `ours` is always computed by running this package; the reference values, measured on the original public code,
only decide whether it agrees. A row whose own numbers disagree with its reference is `differs`, whatever the registry
says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from sparse_parity.protocol import ParityError
from sparse_parity.studies.batches import Say

Verdict = Literal["reproduced", "within noise", "artefact", "wrong", "not run", "differs"]

Values = tuple[float, ...]

Study = Callable[[Say], Values]
"""Runs something, tells its progress, and returns its numbers."""

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
        study: computes our values, or several that each compute a part of them; None where nothing is run, which `why`
            explains. The studies of a slow claim are functions of `studies/` with all their arguments (a `partial`),
            because their values are kept under that name.
        gather: makes of all parts' values those of the claim.
        reduced: the study at a smaller size, for where there is not the time; its row says so.
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
    study: Study | tuple[Study, ...] | None = None
    form: str = "{0:,.0f}"
    reference: Values | None = None
    holds: Callable[[Values], bool] | None = None
    modules: tuple[str, ...] = ("buffers",)
    minutes: float = 0.0
    gather: Callable[[Values], Values] = tuple
    reduced: tuple[Study, ...] = ()

    @property
    def parts(self) -> tuple[Study, ...]:
        """What is run, and kept, one by one."""
        if self.study is None:
            return ()
        return self.study if isinstance(self.study, tuple) else (self.study,)

    def reduce(self) -> "Claim":
        """The same claim at its reduced size, which is told with its numbers."""
        done = "; ".join(name_study(study) for study in self.reduced)
        return replace(self, study=self.reduced, reduced=(), form=f"{self.form} (reduced: {done})")


def name_study(study: Study) -> str:
    """The function and its arguments, as in `repair 0.1, 200`."""
    if isinstance(study, partial):
        return f"{study.func.__name__} {', '.join(map(repr, study.args))}"
    return study.__name__


@dataclass(frozen=True, slots=True)
class Row:
    """A claim as it came out; `values` is empty where nothing was run.

    `kept`: how many of its parts were measured in an earlier start, and taken from the file that keeps them.
    """

    claim: Claim
    values: Values
    ours: str
    verdict: Verdict
    seconds: float
    kept: int = 0


def judge(claim: Claim, values: Values, seconds: float, note: str = "") -> Row:
    """The row of a claim that was run; the note, if any, stands beside its numbers.

    Raises:
        ParityError: there are fewer values than its row shows, as kept ones may be that someone edited.
    """
    agrees = all(
        (
            claim.reference is None or _same(values, claim.reference),
            claim.holds is None or claim.holds(values),
        )
    )
    try:
        ours = claim.form.format(*values) + (f" ({note})" if note else "")
    except IndexError:
        trouble = f"{claim.id}: {len(values)} values are too few for its row; take its lines out of the kept values"
        raise ParityError(trouble) from None
    return Row(claim, values, ours, claim.verdict if agrees else "differs", seconds)


def pass_over_claim(claim: Claim, missing: int = 0) -> Row:
    """The row of a claim of which so many parts were not run. Where there is nothing to run, its word stands."""
    if claim.study is None:
        return Row(claim, (), "-", claim.verdict, 0.0)
    kept = f", {len(claim.parts) - missing} of {len(claim.parts)} parts kept" if missing < len(claim.parts) else ""
    return Row(claim, (), f"left out by --fast: {claim.minutes:.0f} min{kept}", "not run", 0.0)


def _same(values: Values, reference: Values) -> bool:
    if len(values) != len(reference):
        return False
    return all(math.isclose(a, b, rel_tol=SAME_DIGITS) for a, b in zip(values, reference, strict=True))
