"""Elements of FHIR R4 as text. Any JSON may stand where an element should: what has another form is blank or told."""

import json
from collections.abc import Iterable
from typing import TypeAlias

from immrecon.ingest.readers.exchange import UNREAD_UNIT, agreed_unit, joined, unread_unit

Json: TypeAlias = "dict[str, Json] | list[Json] | str | bool | None"
"""JSON as read here: numbers are text, character by character."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
_NOTHING: tuple[Json, ...] = (None, "", {}, [])
_OF_NO_NUMBER = frozenset({"id", "extension", "_value", "_comparator", "comparator", "unit", "system", "code"})
"""Elements of a Quantity that are no result by themselves; `_value` says why there is none."""
_OF_NO_CONCEPT = frozenset({"id", "extension", "_text"})


def text_of(element: Json) -> str:
    """A primitive as text; blank for anything else."""
    if isinstance(element, bool):
        return "true" if element else "false"
    return element.strip() if isinstance(element, str) else ""


def part(element: Json, *names: str) -> Json:
    """The element under a path of names, or None."""
    for name in names:
        if not isinstance(element, dict):
            return None
        element = element.get(name)
    return element


def items(element: Json) -> list[Json]:
    """A list, or the single element that some senders write instead of one."""
    if element is None:
        return []
    return element if isinstance(element, list) else [element]


def _codings(concept: Json) -> list[tuple[str, str, str]]:
    """System, code and display of each coding."""
    return [
        (text_of(part(coding, "system")), text_of(part(coding, "code")), text_of(part(coding, "display")))
        for coding in items(part(concept, "coding"))
    ]


def codes(concept: Json) -> str:
    return joined(code for _, code, _ in _codings(concept))


def concept_text(concept: Json) -> str:
    """The text of a CodeableConcept, or the first display, or its codes with their systems (`system|code`)."""
    codings = _codings(concept)
    said = [text_of(part(concept, "text")), *(display for _, _, display in codings)]
    return next((text for text in said if text), joined(f"{system}|{code}" for system, code, _ in codings if code))


def named(element: Json) -> dict[str, str]:
    """What an Observation or a component measures: its LOINC code, its other codes, its text."""
    concept = part(element, "code")
    codings = _codings(concept)
    displays = [text_of(part(concept, "text")), *(display for _, _, display in codings)]
    return {
        "code.loinc": joined(code for system, code, _ in codings if system.rstrip("/") == LOINC),
        "code.other": joined(code for system, code, _ in codings if system.rstrip("/") != LOINC),
        "code.text": next((text for text in displays if text), ""),
    }


def measured(element: Json) -> dict[str, str]:
    """The result of an Observation or a component as text, its unit, and why there is none.

    Two results, a result besides a reason for none, and a result whose meaning an extension changes are told together,
    so that they read as no number.
    """
    if not isinstance(element, dict):
        element = {"valueMalformed": element}
    found = {
        name: content
        for name, content in sorted(element.items())
        if name.startswith("value") and content not in _NOTHING
    }
    absent = concept_reason(part(element, "dataAbsentReason"))
    result = joined(_result(name, content) for name, content in found.items())
    if result and absent:
        result = f"{result} (absent: {absent})"
    if result and element.get("modifierExtension"):
        result = f"{result} (changed by modifierExtension)"
    return {
        **named(element),
        "value": result or absent,
        "value.type": joined(name.removeprefix("value") for name in found),
        "unit": joined(agreed_unit(*_unit(content)) for content in found.values()),
        UNREAD_UNIT: joined(unread_unit(*_unit(content)) for content in found.values()),
        "dataAbsentReason": absent,
        "interpretation": joined(
            codes(concept) or concept_text(concept) for concept in items(part(element, "interpretation"))
        ),
    }


def concept_reason(concept: Json) -> str:
    """The code of a reason, e.g. not-performed, or its text."""
    return codes(concept) or text_of(part(concept, "text"))


def _result(name: str, content: Json) -> str:
    """One value[x] as text; with the name of its type where that is neither a number, a text nor a code."""
    match name:
        case "valueQuantity" if isinstance(content, dict):
            said = text_of(content.get("comparator")) + text_of(content.get("value"))
            return said or _unknown(name, content, _OF_NO_NUMBER)
        case "valueString" | "valueInteger" if isinstance(content, str):
            return text_of(content)
        case "valueCodeableConcept" if isinstance(content, dict):
            return concept_text(content) or _unknown(name, content, _OF_NO_CONCEPT)
        case _:
            return _told(name, content)


def _unknown(name: str, content: dict[str, Json], known: frozenset[str]) -> str:
    """An element without a result is blank, unless it holds something of which nobody knows what it is."""
    strange = any(part not in known and held not in _NOTHING for part, held in content.items())
    return _told(name, content) if strange else ""


def _told(name: str, content: Json) -> str:
    return f"{json.dumps(content, ensure_ascii=False, sort_keys=True)} ({name})"


def _unit(content: Json) -> tuple[str, str]:
    """The code of UCUM, and the text."""
    code = text_of(part(content, "code")) if text_of(part(content, "system")).rstrip("/") == UCUM else ""
    return code, text_of(part(content, "unit"))


def identifiers(elements: Iterable[Json]) -> list[tuple[str, str]]:
    """System and value of each Identifier that has a value."""
    pairs = [(text_of(part(element, "system")), text_of(part(element, "value"))) for element in elements]
    return [(system, value) for system, value in pairs if value]
