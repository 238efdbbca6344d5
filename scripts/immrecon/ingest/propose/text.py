"""Encoding, delimiter and quoting of delimited text."""

import codecs
import csv
import io
import math
import re
import unicodedata
from collections import Counter
from pathlib import Path

from immrecon.config.base import OPEN_QUESTION
from immrecon.errors import SourceError
from immrecon.ingest.propose.draft import Entry, inferred, question, sure
from immrecon.ingest.propose.formats import MOST_ROWS, Source
from immrecon.ingest.readers.grid import Grid
from immrecon.quoting import quoted

MOST_BYTES = 32_000_000
"""A larger file is studied by its beginning, and the draft says so."""

_BOMS = [
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
]  # fmt: skip
_LEGACY = ("cp1252", "iso8859-15", "latin-1", "cp850", "mac-roman")
_USUAL = (";", ",", "\t", "|")
_RARE = "^~:#$@!&\x1f\x1e"
_SIGNS = "€½¼¾µμ°²³±×·%§€«»–—’‘“”…≤≥№ªº"


def study_text(path: Path) -> Source:
    """Raises SourceError: unreadable, binary, or not divided into columns."""
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES)
        whole = not stream.read(1)
    encoding = encoding_of(content, whole=whole)
    text = _decode(content, str(encoding.answer), whole=whole, path=path)
    if text.count("\x00") or sum(map(_is_control, text[:20_000])) > len(text[:20_000]) // 20:
        raise SourceError(f"{path.name}: not delimited text: it holds control characters.")
    delimiter, quote, rows, numbers = _divide(text, path)
    notes = []
    if not whole or len(rows) > MOST_ROWS:
        rows, numbers = rows[:MOST_ROWS], numbers[:MOST_ROWS]
        notes.append(f"The file is large: only its first {len(rows):,} rows were studied.")
    layout = {"format": sure("csv", "delimited text"), "encoding": encoding, "delimiter": delimiter}
    if quote is not None:
        layout["quote"] = quote
    return Source("csv", layout, Grid(path.name, None, numbers, rows), notes=tuple(notes))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in "\t\r\n\x1e\x1f"


def encoding_of(content: bytes, *, whole: bool, place: str = "line") -> Entry:
    """The key encoding. `place`: what is counted by the line breaks of the content."""
    for bom, name in _BOMS:
        if content.startswith(bom):
            return sure(name, f"the file begins with the byte order mark {bom.hex(' ').upper()}")
    if wide := _without_mark(content):
        return wide
    high = [byte for byte in content if byte > 0x7F]
    if not high:
        return inferred(
            "utf-8", "every byte is ASCII, which most encodings read alike; a later export may hold accents"
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError as error:
        return _legacy(content, error.start, place, n_high=len(high))
    return sure("utf-8", f"{len(high):,} bytes beyond ASCII, and all of them form valid UTF-8 characters")


def _without_mark(content: bytes) -> Entry | None:
    """UTF-16 without a mark: every second byte of plain text is null."""
    sample = content[:100_000]
    pairs = max(len(sample) // 2, 1)
    for name, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        n = sample[offset::2].count(0)
        if n > 0.4 * pairs and sample[1 - offset :: 2].count(0) < 0.05 * pairs:
            return inferred(
                name,
                f"{n:,} of the first {pairs:,} pairs of bytes have a null as their {'second' if offset else 'first'}",
            )
    return None


def _legacy(content: bytes, at: int, place: str, n_high: int) -> Entry:
    """One of the encodings of one byte per character: those under which the text still reads as words."""
    where = f"byte {at:,} is no UTF-8"
    readings = {name: text for name in _LEGACY if (text := _legacy_text(content, name)) is not None}
    likely = {name: text for name, text in readings.items() if _strange(text) <= 0.1 * n_high}
    likely = likely or readings
    if not likely:
        return question(f"{where}, and it is none of {', '.join(_LEGACY)} either. Which encoding is it?", "latin-1")
    best = next(iter(likely))
    different = {name for name, text in likely.items() if text != likely[best]}
    counts = Counter(character for character in likely[best] if ord(character) > 0x7F)
    shown = ", ".join(f"{quoted(character)} ({n})" for character, n in counts.most_common(8))
    if not different:
        alike = (
            f" ({', '.join(name for name in likely if name != best)} would read the same)" if len(likely) > 1 else ""
        )
        return inferred(best, f"{where}; as {best} the characters beyond ASCII are {shown}{alike}")
    shown = "; ".join(_difference(likely[best], likely[name], best, name, place) for name in sorted(different))
    choices = ", ".join([best, *sorted(different)])
    return question(
        f"{where}, and several encodings read it as words, differently: {shown}. Choose one of: {choices}.", best
    )


def _legacy_text(content: bytes, name: str) -> str | None:
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        return None


def _strange(text: str) -> int:
    """Characters beyond ASCII that no laboratory writes there: controls, rare signs, signs or capitals within words."""
    n = 0
    for match in re.finditer(r"[^\x00-\x7f\u00a0]", text):
        character, at = match[0], match.start()
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if character.isalpha() and character not in "ªº":
            n += (before.isalpha() and before.islower() and character.isupper()) or character in "ƒøØþÞðÐıſ"
        elif character not in _SIGNS or ((before.isalpha() and after.isalpha()) and character not in "’·–"):
            n += 1
    return n


def _difference(first: str, second: str, name: str, other: str, place: str) -> str:
    at = next(i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)
    line = first.count("\n", 0, at) + 1
    start, end = max(at - 12, 0), at + 12
    return f"{place} {line} {quoted(first[start:end])} as {name}, {quoted(second[start:end])} as {other}"


def _decode(content: bytes, encoding: str, *, whole: bool, path: Path) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content, final=whole)
    except UnicodeError as error:
        raise SourceError(f"{path.name}: begins like {encoding} text and is not ({error}).") from None
    if not whole:
        text = text[: text.rfind("\n") + 1]
    return text.removeprefix("\ufeff")


def _divide(text: str, path: Path) -> tuple[Entry, Entry | None, list[list[str]], list[int]]:
    """The delimiter with which the rows have the same number of cells, and the rows."""
    sample = "".join(text.splitlines(keepends=True)[:2000])
    scores = {mark: _score(sample, mark) for mark in _USUAL if mark in sample}
    if max(scores.values(), default=0.0) < 0.4:
        scores |= {mark: 0.9 * _score(sample, mark) for mark in _RARE if mark in sample}
    ranked = sorted(scores, key=lambda mark: -scores[mark])
    if not ranked or scores[ranked[0]] < 0.05:
        raise SourceError(f"{path.name}: no delimiter divides its rows into columns: this is no table of results.")
    best = ranked[0]
    quote: Entry | None = None
    try:
        rows, numbers = _rows(text, best, '"')
    except csv.Error as error:
        try:
            rows, numbers = _rows(text, best, None)
        except csv.Error:
            raise SourceError(f"{path.name}: cannot be divided into cells ({error}).") from None
        quote = inferred(None, f"with quotes the cells cannot be told apart ({error}), so quotes are taken as text")
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width, n = max(widths.items(), key=lambda item: (item[1] * item[0], item[0]))
    why = f"{n:,} of {widths.total():,} rows have {width} cells"
    rivals = [mark for mark in ranked[1:] if scores[mark] > 0.9 * scores[best]]
    if rivals:
        listed = " or ".join(map(quoted, [best, *rivals]))
        return question(f"{listed} divide the rows almost equally well. Which one?", best), quote, rows, numbers
    if scores[best] < 0.3:
        asked = f"{quoted(best)} divides the rows best, yet only {why}. Is it the delimiter?"
        return question(asked, best, OPEN_QUESTION), quote, rows, numbers
    return inferred(best, why), quote, rows, numbers


def _score(sample: str, mark: str) -> float:
    """How alike the rows are in width: the share of the cells that stand in rows of the usual width."""
    try:
        rows, _ = _rows(sample, mark, '"')
    except csv.Error:
        try:
            rows, _ = _rows(sample, mark, None)
        except csv.Error:
            return 0.0
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    wide = {width: n for width, n in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, n = max(wide.items(), key=lambda item: (item[1] * item[0], item[0]))
    return math.sqrt(1 - 1 / width) * (n / widths.total()) ** 2


def _rows(text: str, delimiter: str, quote: str | None) -> tuple[list[list[str]], list[int]]:
    stream = io.StringIO(text, newline="")
    if quote is None:
        reader = csv.reader(stream, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE, strict=True)
    else:
        reader = csv.reader(stream, delimiter=delimiter, quotechar=quote, strict=True)
    rows, numbers, last = [], [], 0
    for row in reader:
        rows.append(row)
        numbers.append(last + 1)
        last = reader.line_num
    return rows, numbers
