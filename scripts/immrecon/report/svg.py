"""Figures inside the page: an SVG with its own name space of ids, its styles kept to itself, and nothing that runs or
loads."""

import functools
import re
from collections.abc import Callable
from html import escape
from xml.parsers import expat

from immrecon.errors import ContractError

_SVG = "http://www.w3.org/2000/svg"
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")
_ANY_URL = re.compile(r"url\(", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_ID_SELECTOR = re.compile(r"#([A-Za-z_][\w.-]*)")
_POINTING = ("aria-labelledby", "aria-describedby")
_DRAWN = {
    "svg", "g", "defs", "style", "symbol", "use", "clipPath", "mask", "pattern", "marker", "linearGradient",
    "radialGradient", "stop", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "text",
    "tspan",
}  # fmt: skip
"""What a drawing is made of. A page reads names without regard to case, and at some leaves the drawing."""
_LEFT_OUT = {"metadata", "title", "desc"}


def inline_svg(source: str, *, name: str, alt: str) -> str:
    """The <svg> element of a figure file, to stand in a page.

    Every id gets the prefix `name`, so that the clip paths of two figures cannot clash; style rules apply to this
    figure only; metadata and blanks between elements are left out. `alt` says in words what the figure shows.

    Raises ContractError: not an SVG, or one that holds a script or refers to anything outside itself.
    """
    writer = _Writer(name, alt)
    parser = expat.ParserCreate()
    parser.ordered_attributes = parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.EntityDeclHandler = writer.entity
    try:
        parser.Parse(source, True)
    except expat.ExpatError as error:
        raise ContractError(f"figure {name}: not readable as SVG ({error})") from None
    return "".join(writer.written)


class _Writer:
    """Writes down what the parser reads, as it may stand in a page."""

    def __init__(self, name: str, alt: str) -> None:
        self.written: list[str] = []
        self._name = name
        self._prefix = f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)}-"
        self._root = {"id": f"{self._prefix}svg", "role": "img", "aria-label": alt}
        self._open: list[str] = []
        self._left_out = 0  # how deep within an element that is left out
        self._unfinished = ""  # the end of a start tag, while the element may be empty
        self._style = ""
        self._attribute = _attributes(self._prefix, name)

    def start(self, tag: str, attributes: list[str]) -> None:
        if not self._open and (
            tag != "svg" or ("xmlns", _SVG) not in zip(attributes[::2], attributes[1::2], strict=True)
        ):
            raise ContractError(f"figure {self._name}: not an SVG file")
        own = self._root if not self._open else {}
        self._open.append(tag)
        if self._left_out or tag in _LEFT_OUT:
            self._left_out += 1
            return
        if tag not in _DRAWN:
            raise ContractError(f"figure {self._name}: holds a <{tag}>, which has no place in a report")
        of_file, attribute = iter(attributes), self._attribute
        given = [attribute(key, text) for key, text in zip(of_file, of_file, strict=True) if key not in own]
        given += [f' {key}="{escape(text)}"' for key, text in own.items()]
        self.written.append(f"{self._unfinished}<{tag}{''.join(given)}")
        self._unfinished = ">"

    def end(self, tag: str) -> None:
        if self._style:
            self._write(_scoped(self._style, self._root["id"], self._prefix, self._name))
            self._style = ""
        self._open.pop()
        if self._left_out:
            self._left_out -= 1
        elif self._unfinished:
            self.written.append("/>")
            self._unfinished = ""
        else:
            self.written.append(f"</{tag}>")

    def text(self, text: str) -> None:
        if self._left_out:
            return
        if self._open[-1] == "style":
            self._style += text  # whole rules come in pieces
        elif self._open[-1] in ("text", "tspan") or not text.isspace():
            self._write(text)

    def _write(self, text: str) -> None:
        self.written.append(self._unfinished + escape(text, quote=False))
        self._unfinished = ""

    def entity(self, *_: object) -> None:
        raise ContractError(f"figure {self._name}: declares an entity, which has no place in a report")


def _attributes(prefix: str, name: str) -> Callable[[str, str], str]:
    """Attributes as they are written, checked and every id in them prefixed; most are alike in many elements."""

    @functools.lru_cache(4096)
    def attribute(key: str, text: str) -> str:
        local = key.rpartition(":")[2]
        _check(local.lower(), text, name)
        return f' {key}="{escape(_renamed(local, text, prefix))}"'

    return attribute


def _check(attribute: str, text: str, name: str) -> None:
    link = attribute in ("href", "src") and not text.startswith(("#", "data:image/png;base64,"))
    if attribute.startswith("on") or link or _loads(text):
        raise ContractError(f"figure {name}: attribute {attribute} runs or loads something: {text[:40]!r}")


def _loads(text: str) -> bool:
    """Whether a style refers to anything but an id of the same file."""
    return _ANY_URL.search(text) is not None and _ANY_URL.search(_REFERENCE.sub("", text)) is not None


def _renamed(attribute: str, text: str, prefix: str) -> str:
    """The value of an attribute with every id in it prefixed."""
    if attribute == "id":
        return prefix + text
    if attribute == "href" and text.startswith("#"):
        return f"#{prefix}{text[1:]}"
    if attribute in _POINTING:
        return " ".join(prefix + word for word in text.split())
    return _REFERENCE.sub(rf"url(#{prefix}\1)", text) if "url(" in text else text


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
