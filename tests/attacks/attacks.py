"""All attacks: cheats that must be refused, each with the stage and the reason. `controls` holds what must pass."""

from tests.attacks.attack import Attack
from tests.attacks.hidden_storage import HIDDEN
from tests.attacks.hopeless import BREAKING, CANNOT_KNOW
from tests.attacks.measured import DILUTION, PREDICTING
from tests.attacks.outside import PLACES, REPEATING
from tests.attacks.tampering import TAMPERING

__all__ = ["ATTACKS", "Attack"]

ATTACKS: tuple[Attack, ...] = (
    *TAMPERING,
    *HIDDEN,
    *DILUTION,
    *PREDICTING,
    *CANNOT_KNOW,
    *BREAKING,
    *PLACES,
    *REPEATING,
)
