"""Figures inside the page: an SVG with its own name space of ids, its styles kept to itself, and nothing that runs or
loads."""

import functools
import re
from xml.etree import ElementTree as ET

from immrecon.errors import ContractError

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")
_ANY_URL = re.compile(r"url\(", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_ID_SELECTOR = re.compile(r"#([A-Za-z_][\w.-]*)")
_POINTING = ("aria-labelledby", "aria-describedby")
_REFUSED = {"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "set", "animate"}

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)


def inline_svg(source: str, *, name: str, alt: str) -> str:
    """The <svg> element of a figure file, to stand in a page.

    Every id gets the prefix `name`, so that the clip paths of two figures cannot clash; style rules apply to this
    figure only; metadata are dropped. `alt` says in words what the figure shows.

    Raises ContractError: not an SVG, or one that holds a script or refers to anything outside itself.
    """
    try:
        root = ET.fromstring(source)  # noqa: S314 - our own figure file; entities and links are refused below
    except ET.ParseError as error:
        raise ContractError(f"figure {name}: not readable as SVG ({error})") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise ContractError(f"figure {name}: not an SVG file")
    prefix = f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)}-"
    for parent in root.iter():
        for child in [child for child in parent if _local(child.tag) in ("metadata", "title", "desc")]:
            parent.remove(child)
    for element in root.iter():
        _check(element, name)
        _rename(element, prefix)
        if _local(element.tag) == "style":
            element.text = _scoped(element.text or "", f"{prefix}svg", prefix, name)
    root.set("id", f"{prefix}svg")
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")


@functools.cache
def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]


def _check(element: ET.Element, name: str) -> None:
    if _local(element.tag) in _REFUSED:
        raise ContractError(f"figure {name}: holds a <{_local(element.tag)}>, which has no place in a report")
    for key, text in element.attrib.items():
        attribute = _local(key).lower()
        link = attribute in ("href", "src") and not text.startswith(("#", "data:image/png;base64,"))
        if attribute.startswith("on") or link or _loads(text):
            raise ContractError(f"figure {name}: attribute {attribute} runs or loads something: {text[:40]!r}")


def _loads(text: str) -> bool:
    """Whether a style refers to anything but an id of the same file."""
    return "(" in text and _ANY_URL.search(_REFERENCE.sub("", text)) is not None


def _rename(element: ET.Element, prefix: str) -> None:
    for key, text in element.attrib.items():
        if (renamed := _renamed(_local(key), text, prefix)) is not text:
            element.set(key, renamed)


def _renamed(attribute: str, text: str, prefix: str) -> str:
    """The value of an attribute with every id in it prefixed."""
    if attribute == "id":
        return prefix + text
    if attribute == "href" and text.startswith("#"):
        return f"#{prefix}{text[1:]}"
    if attribute in _POINTING:
        return " ".join(prefix + word for word in text.split())
    return _REFERENCE.sub(rf"url(#{prefix}\1)", text) if "(" in text else text


def _scoped(css: str, root: str, prefix: str, name: str) -> str:
    """Style rules that apply below the element with the id `root` only."""
    if "@" in css or _loads(css):
        raise ContractError(f"figure {name}: its style sheet loads something")
    rules = []
    for selectors, body in _RULE.findall(css):
        renamed = [_ID_SELECTOR.sub(rf"#{prefix}\1", part.strip()) for part in selectors.split(",")]
        scoped = ", ".join(f"#{root} {part}" for part in renamed)
        declarations = _REFERENCE.sub(rf"url(#{prefix}\1)", body)
        rules.append(f"{scoped} {{{declarations}}}")
    return "\n".join(rules)
