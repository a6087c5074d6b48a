"""All claims, in the order of the documents."""

from difflib import get_close_matches

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
            raise ParityError(f"--claim {name!r}: there is no such claim; {_suggest(name)}")
    return [known[name] for name in dict.fromkeys(ids)] if ids else list(CLAIMS)


def _suggest(name: str) -> str:
    """What was meant, or all there are."""
    known = {claim.id.lower(): claim.id for claim in CLAIMS}
    near = [known[key] for key in get_close_matches(name.lower(), known, n=3)]
    near += [claim.id for key, claim in zip(known, CLAIMS, strict=True) if name and key.startswith(name.lower())]
    if near:
        return f"did you mean {' or '.join(dict.fromkeys(near))}? results/reproduction.md has all"
    return f"choose from {', '.join(known.values())}"
