"""All attacks: cheats that must be refused, each with the stage and the reason. `controls` holds what must pass."""

from tests.attacks.attack import Attack
from tests.attacks.economy import BUYING, FORESEEING, LUCK, PLEADING, STAMPING, WORK
from tests.attacks.exploits import CONTAINERS, LENGTHS, METER_IN_HAND, READERS, STORES
from tests.attacks.hidden_storage import HIDDEN
from tests.attacks.hopeless import BREAKING, CANNOT_KNOW
from tests.attacks.measured import DILUTION, PREDICTING
from tests.attacks.outside import PLACES, REPEATING
from tests.attacks.takeovers import FORGED
from tests.attacks.tampering import TAMPERING

__all__ = ["ATTACKS", "Attack"]

ATTACKS: tuple[Attack, ...] = (
    *TAMPERING,
    *HIDDEN,
    *STORES,
    *METER_IN_HAND,
    *CONTAINERS,
    *READERS,
    *LENGTHS,
    *DILUTION,
    *PREDICTING,
    *CANNOT_KNOW,
    *BREAKING,
    *PLACES,
    *BUYING,
    *STAMPING,
    *FORESEEING,
    *WORK,
    *LUCK,
    *PLEADING,
    *REPEATING,
    *FORGED,
)
