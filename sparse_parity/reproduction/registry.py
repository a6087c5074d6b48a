"""All claims, in the order of the documents."""

from sparse_parity.protocol import ParityError
from sparse_parity.reproduction import definitions, exp_e, experiments, guide, other, sprint1
from sparse_parity.reproduction.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *sprint1.CLAIMS,
    *experiments.CLAIMS,
    *exp_e.CLAIMS,
    *guide.CLAIMS,
    *definitions.CLAIMS,
    *other.CLAIMS,
)


def find_claims(ids: list[str]) -> list[Claim]:
    """The claims with these ids; all of them where none is named.

    Raises:
        ParityError: there is no such claim.
    """
    known = {claim.id: claim for claim in CLAIMS}
    for name in ids:
        if name not in known:
            raise ParityError(f"--claim {name}: there is no such claim; choose from {', '.join(known)}")
    return [known[name] for name in ids] if ids else list(CLAIMS)
