"""From a raw answer (a tool's input, JSON in text, a scripted document) to a Proposal.

Promises: whatever comes in, `read_proposal` returns a well-formed Proposal or raises AnswerError, whose text
says what to change and is written for the model that answered.
Does not cover: whether the edits apply or are allowed (the edit and policy stages say so).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import get_args

from harness.records import METRICS, Briefing, Direction, Edit, EditKind, Prediction, Proposal

TOOL_NAME = "propose"
EDIT_KINDS: tuple[EditKind, ...] = get_args(EditKind)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

MAX_PROSE_CHARS = 8_000
MAX_TITLE_CHARS = 120

# Only what a strict schema keeps (type, enum, anyOf, description, additionalProperties); read_proposal checks
# the rest.
SCHEMA: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "hypothesis", "why", "prediction", "edits"],
    "properties": {
        "title": {"type": "string", "description": "A few words, at most 120 characters."},
        "hypothesis": {
            "type": "string",
            "description": "What you claim, in one or two sentences that a measurement can refute.",
        },
        "why": {
            "type": "string",
            "description": "Your reasoning: which accesses go away, and at what price.",
        },
        "prediction": {
            "type": "object",
            "additionalProperties": False,
            "required": ["metric", "direction", "size"],
            "properties": {
                "metric": {"type": "string", "enum": list(METRICS)},
                "direction": {"type": "string", "enum": list(DIRECTIONS)},
                "size": {
                    "anyOf": [{"type": "number"}, {"type": "null"}],
                    "description": "Expected change as a positive fraction, 0.3 for 30 %; null when open.",
                },
            },
        },
        "edits": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "path", "search", "text"],
                "properties": {
                    "kind": {"type": "string", "enum": list(EDIT_KINDS)},
                    "path": {"type": "string", "description": "Relative to the repository, forward slashes."},
                    "search": {
                        "type": "string",
                        "description": "replace: text that occurs once in the file, exactly. Else empty.",
                    },
                    "text": {
                        "type": "string",
                        "description": "The replacement, or the new file's whole content. delete: empty.",
                    },
                },
            },
        },
    },
}


class AnswerError(ValueError):
    """Why an answer is not a proposal, in words for whoever wrote it."""


def prompt_sha256(briefing: Briefing) -> str:
    """Hash over the two halves of the briefing as sent."""
    return text_sha256(briefing.system, briefing.prompt)


def text_sha256(system: str, prompt: str) -> str:
    """As `prompt_sha256`, of the halves."""
    joined = f"{system}\0{prompt}"
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def read_proposal(raw: object, *, strict: bool = False) -> Proposal:
    """A Proposal from parsed JSON or YAML; `strict` also refuses fields that no record has. Raises
    AnswerError.
    """
    answer = _mapping(raw, "the proposal")
    if strict:
        _refuse_unknown(answer, ("title", "hypothesis", "why", "prediction", "edits"), "the proposal")
    return Proposal(
        title=_line(answer, "title", MAX_TITLE_CHARS),
        hypothesis=_prose(answer, "hypothesis"),
        why=_prose(answer, "why"),
        prediction=_prediction(answer.get("prediction"), strict=strict),
        edits=_edits(answer.get("edits"), strict=strict),
    )


def find_proposal_in_text(text: str) -> object:
    """The one JSON object in `text` that looks like a proposal, for servers without tools. Raises
    AnswerError.
    """
    found: list[dict[str, object]] = []
    decoder, position = json.JSONDecoder(), text.find("{")
    while position != -1:
        value, end = _decode_at(decoder, text, position)
        inner = _unwrap(value)
        if inner is not None and inner not in found:
            found.append(inner)
        position = text.find("{", end)
    if not found:
        raise AnswerError(
            f"no call of the tool `{TOOL_NAME}` and no JSON object with its fields; call the tool once"
        )
    if len(found) > 1:
        raise AnswerError(f"{len(found)} proposals in one answer; send exactly one")
    return found[0]


def _decode_at(decoder: json.JSONDecoder, text: str, position: int) -> tuple[object, int]:
    try:
        return decoder.raw_decode(text, position)
    except (ValueError, RecursionError):
        return None, position + 1


def _unwrap(value: object) -> dict[str, object] | None:
    """Local models like to write {"name": "propose", "arguments": {...}}."""
    if not isinstance(value, dict):
        return None
    wrapped = [value.get(key) for key in ("input", "arguments", "parameters")]
    for candidate in (value, *wrapped):
        if isinstance(candidate, dict) and "edits" in candidate:
            return candidate
    return None


def _prediction(raw: object, *, strict: bool) -> Prediction:
    prediction = _mapping(raw, "prediction")
    if strict:
        _refuse_unknown(prediction, ("metric", "direction", "size"), "prediction")
    size = _size(prediction.get("size"))
    for metric in METRICS:
        for direction in DIRECTIONS:
            if prediction.get("metric") == metric and prediction.get("direction") == direction:
                return Prediction(metric, direction, size)
    raise AnswerError(
        f"prediction: metric must be one of {', '.join(METRICS)} and direction one of {', '.join(DIRECTIONS)}"
    )


def _size(raw: object) -> float | None:
    if raw is None:
        return None
    # bool is an int to Python; an int beyond float's range would raise OverflowError.
    if (
        isinstance(raw, bool)
        or not isinstance(raw, int | float)
        or not -1e6 <= raw <= 1e6
        or not math.isfinite(raw)
    ):
        raise AnswerError("prediction.size: must be a fraction such as 0.3, or null")
    return float(raw)


def _edits(raw: object, *, strict: bool) -> tuple[Edit, ...]:
    if not isinstance(raw, list) or not raw:
        raise AnswerError("edits: must be a list with at least one edit")
    return tuple(_edit(item, f"edits[{index}]", strict=strict) for index, item in enumerate(raw))


def _edit(raw: object, where: str, *, strict: bool) -> Edit:
    edit = _mapping(raw, where)
    if strict:
        _refuse_unknown(edit, ("kind", "path", "search", "text"), where)
    kind = next((kind for kind in EDIT_KINDS if edit.get("kind") == kind), None)
    if kind is None:
        raise AnswerError(f"{where}.kind: must be one of {', '.join(EDIT_KINDS)}")
    search = _text(edit, "search", where, required=kind == "replace")
    text = _text(edit, "text", where, required=kind != "delete")
    path = _text(edit, "path", where, required=True)
    if not path:
        raise AnswerError(f"{where}.path: is empty; name the file, relative to the repository")
    if kind == "replace" and not search:
        raise AnswerError(f"{where}.search: is empty; copy text that occurs exactly once in {path!r}")
    return Edit(kind, path, search if kind == "replace" else "", "" if kind == "delete" else text)


def _text(edit: Mapping[str, object], field: str, where: str, *, required: bool) -> str:
    value = edit.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise AnswerError(f"{where}.{field}: {'is missing' if value is None else 'must be text'}")
    return _encodable(value, f"{where}.{field}")


def _line(answer: Mapping[str, object], field: str, cap: int) -> str:
    line = " ".join(_prose(answer, field).split())
    if len(line) > cap:
        raise AnswerError(f"{field}: {len(line)} characters; at most {cap}")
    return line


def _prose(answer: Mapping[str, object], field: str) -> str:
    value = answer.get(field)
    if not isinstance(value, str) or not value.strip():
        raise AnswerError(f"{field}: must be text, and not empty")
    if len(value) > MAX_PROSE_CHARS:
        raise AnswerError(f"{field}: {len(value)} characters; at most {MAX_PROSE_CHARS}")
    return _encodable(value.strip(), field)


def _encodable(value: str, where: str) -> str:
    """A lone surrogate passes JSON and would break every file and hash later; a NUL breaks git and the
    parser.
    """
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise AnswerError(f"{where}: holds a NUL or a lone surrogate; send plain text")
    return value


def _mapping(raw: object, where: str) -> Mapping[str, object]:
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise AnswerError(
            f"{where}: {'is missing' if raw is None else 'must be an object with named fields'}"
        )
    return raw


def _refuse_unknown(raw: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in raw:
        if key not in known:
            raise AnswerError(f"{where}: unknown field {key[:60]!r}; the fields are {', '.join(known)}")
