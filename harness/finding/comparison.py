"""Whether a sentence says that a measured quantity moved where the evidence says it did not.

Promises: catches the plain ways of saying it: "ARD is lower", "{gain.dmd} less data movement", "lowers ARD
and traffic", "accuracy is no worse", "{ard.after} is lower than {ard.before}". A quantity that was not
measured is never contradicted.
Does not cover: English. What it misses stands unmarked; the sentence's numbers come from the evidence all
the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from harness.finding.references import Facts, Figure, Quantity

_WORDS = {
    "lower": "lower less fewer smaller lowers lowered lowering reduces reduced reducing reduce reduction "
    "decreases decreased decrease falls fell drops dropped drop shrinks shrank cuts cut saves saved",
    "higher": "higher more larger greater bigger increases increased increase rises rose raises raised raise "
    "grows grew",
    "better": "better improved improves improve improvement",
    "worse": "worse worsens worsened degrades degraded",
    "adjective": "lower less fewer smaller higher more larger greater bigger better worse",
    "boundary": "but while whereas because since although though if when so which",
    "filler": "the a its mean average total overall both test final",
    "before another noun": "a an the with of to by from using at in for its this each every through via",
    "verb": "is was are were stays stayed remains remained does did has",
    "negation": "not no never neither nor without hardly cannot",
    "old": "incumbent's baseline's parent's old previous original",
}
_KINDS = {kind: frozenset(words.split()) for kind, words in _WORDS.items()}
_DIRECTIONS = {word: kind for kind in ("lower", "higher", "better", "worse") for word in _KINDS[kind]}
_LEXEME = re.compile(
    r"\{\s*(?P<reference>[\w.]+)\s*\}|\b(?P<ard>average\s+reuse\s+distance|ard)\b"
    r"|\b(?P<dmd>data\s+movement(?:\s+distance)?|dmd)\b|\b(?P<traffic>traffic)\b|\b(?P<accuracy>accuracy)\b"
    r"|\b(?P<samples>samples\s+to\s+solve)\b|(?P<word>[a-z]+(?:['’][a-z]+)?|[,:;()])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Lexeme:
    """A word, or a mention of a quantity: its name, or a reference to one of its figures."""

    word: str = ""
    quantity: Quantity | None = None
    figure: Figure | None = None


def contradicts(sentence: str, facts: Facts) -> bool:
    """Whether the sentence says that a measured quantity moved where the evidence says it did not."""
    lexemes = tuple(_lex(sentence, facts))
    subjects: list[int] = []
    closed = False  # something has been said of the subjects: the next mention begins anew
    for at, lexeme in enumerate(lexemes):
        if lexeme.quantity is not None:
            if at not in subjects:
                subjects = [at] if closed else [*subjects, at]
                closed = False
        elif _is(lexeme.word, "boundary"):
            subjects = []
        elif lexeme.word in _DIRECTIONS:
            objects = _objects(lexemes, at)
            said_of = objects or (
                _last_of_each(lexemes, subjects) if _is_said_of_subject(lexemes, at) else []
            )
            if any(_is_false(lexemes, subject, at, facts) for subject in said_of):
                return True
            subjects, closed = objects or subjects, True
    return False


def _is(word: str, kind: str) -> bool:
    return word in _KINDS[kind]


def _lex(sentence: str, facts: Facts) -> Iterator[_Lexeme]:
    for match in _LEXEME.finditer(sentence):
        if match.lastgroup == "reference":
            figure = facts.figures.get(match["reference"].lower(), Figure(""))
            yield _Lexeme(quantity=figure.quantity, figure=figure)
        elif match.lastgroup == "word":
            yield _Lexeme(match[0].lower().replace("’", "'"))
        else:
            yield _Lexeme(quantity=cast(Quantity, match.lastgroup))


def _objects(lexemes: tuple[_Lexeme, ...], at: int) -> list[int]:
    """What the comparator stands before: both in "lowers ARD and DMD", not in "lower ARD and DMD rose"."""
    found: list[int] = []
    place = at + 1
    while True:
        while _is(_word(lexemes, place), "filler"):
            place += 1
        after = _word(lexemes, place + 1)
        is_subject = bool(found) and (_is(after, "verb") or after in _DIRECTIONS)
        if place >= len(lexemes) or lexemes[place].quantity is None or is_subject:
            return found
        found.append(place)
        if _word(lexemes, place + 1) not in {"and", "or", ","}:
            return found
        place += 2


def _word(lexemes: tuple[_Lexeme, ...], at: int) -> str:
    return lexemes[at].word if 0 <= at < len(lexemes) else ""


def _last_of_each(lexemes: tuple[_Lexeme, ...], subjects: list[int]) -> list[int]:
    """One mention of each quantity, the last, but `after` in "to {dmd.after} from {dmd.before}, lower"."""
    late = [at for at in subjects if not _is_level_before(lexemes[at])]
    return list({lexemes[at].quantity: at for at in [*subjects, *late]}.values()) if late else subjects


def _is_level_before(lexeme: _Lexeme) -> bool:
    return lexeme.figure is not None and lexeme.figure.part == "before"


def _is_said_of_subject(lexemes: tuple[_Lexeme, ...], at: int) -> bool:
    """Not "a lower learning rate", and not "more stable", which say nothing of the quantity."""
    word, after = lexemes[at].word, _word(lexemes, at + 1)
    if word in {"more", "less"}:
        return after == "than" or (at > 0 and lexemes[at - 1].figure is not None)
    return after == "than" or not _is(_word(lexemes, at - 1), "before another noun")


def _is_false(lexemes: tuple[_Lexeme, ...], subject: int, at: int, facts: Facts) -> bool:
    quantity = lexemes[subject].quantity
    if quantity is None or quantity not in facts.changes:
        return False
    word = lexemes[at].word
    said = _sign_said(_DIRECTIONS[word], quantity)
    measured = _level_difference(lexemes, subject, at)
    if measured is None:
        of_old = _is(word, "adjective") and _is_of_incumbent(lexemes, subject)
        measured = -facts.changes[quantity] if of_old else facts.changes[quantity]
    agrees = measured * said > 0
    return agrees if _is_negated(lexemes, at) else not agrees


def _sign_said(direction: str, quantity: Quantity) -> int:
    if direction in {"lower", "higher"}:
        return 1 if direction == "higher" else -1
    good = 1 if quantity == "accuracy" else -1
    return good if direction == "better" else -good


def _level_difference(lexemes: tuple[_Lexeme, ...], subject: int, at: int) -> float | None:
    """For "{ard.after} is lower than {ard.before}": the first level minus the second."""
    if _word(lexemes, at + 1) != "than" or subject > at:
        return None
    levels = [
        lexeme.figure for lexeme in (lexemes[subject], *lexemes[at + 2 : at + 5]) if lexeme.figure is not None
    ]
    values = [figure.value for figure in levels if figure.value is not None]
    return values[0] - values[1] if len(values) == 2 else None


def _is_of_incumbent(lexemes: tuple[_Lexeme, ...], subject: int) -> bool:
    return _is_level_before(lexemes[subject]) or _is(_word(lexemes, subject - 1), "old")


def _is_negated(lexemes: tuple[_Lexeme, ...], at: int) -> bool:
    before = [lexeme.word for lexeme in lexemes[max(0, at - 3) : at]]
    return "only" not in before and any(_is(word, "negation") or word.endswith("n't") for word in before)
