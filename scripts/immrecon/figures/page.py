"""The page that every figure is drawn on: title, subtitle, key, contents, exhibit note; all placed in millimetres.

Places are explicit (no layout engine): it is fast, and nothing moves when a label changes. The origin is the top left.
"""

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D

from immrecon.config.display import DisplaySpec
from immrecon.figures.style import FAINT, INK, NOTE_PT, SOFT, TEXT_PT, TITLE_PT
from immrecon.typeface import FONT_FILES, font_folder

WIDTH_MM = 180.0
MARGIN_MM = 4.0
INNER_MM = WIDTH_MM - 2 * MARGIN_MM
MM_PER_PT = 25.4 / 72
LINE_MM = 1.3 * TEXT_PT * MM_PER_PT
DRAFT_MARK = "DRAFT DEFINITION"

_HANDLE_MM = 8.0
_DRAFT_MM = 44.0
_MEASURED_PT = 400.0


@dataclass(frozen=True)
class Words:
    """What stands around a figure's contents."""

    title: str
    subtitle: str
    notes: Sequence[str]
    draft: bool = False


@dataclass(frozen=True)
class KeyEntry:
    """One entry of a key: `line` are Line2D properties; a `span` is a stretch of line, otherwise a single marker."""

    label: str
    line: Mapping[str, Any]
    span: bool


@dataclass(frozen=True)
class Page:
    """A figure under construction. `top_mm` is where its contents start."""

    figure: Figure
    height_mm: float
    top_mm: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose frame takes this rectangle."""
        box = (left / WIDTH_MM, 1 - (top + height) / self.height_mm, width / WIDTH_MM, height / self.height_mm)
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, words: str, **properties: Any) -> None:
        """Words whose anchor (top left, unless told otherwise) is at x, y."""
        properties.setdefault("va", "top")
        self.figure.text(x / WIDTH_MM, 1 - y / self.height_mm, words, **properties)

    def line(self, x: Sequence[float], y: Sequence[float], **properties: Any) -> None:
        """A line through points of the page."""
        self.figure.add_artist(
            Line2D([v / WIDTH_MM for v in x], [1 - v / self.height_mm for v in y], **properties),
        )

    def lines(self, pieces: Iterable[tuple[Sequence[float], Sequence[float]]], **properties: Any) -> None:
        """Several lines of one look, as one artist: each has its costs."""
        x, y = [], []
        for xs, ys in pieces:
            x += [*xs, np.nan]
            y += [*ys, np.nan]
        self.line(x, y, **properties)

    def key(self, rows: Sequence[Sequence[tuple[float, KeyEntry]]], left: float, top: float) -> None:
        """The rows that `key_rows` arranged."""
        for index, row in enumerate(rows):
            y = top + (index + 0.5) * LINE_MM
            for x, entry in row:
                start = left + x
                end = start + _HANDLE_MM - 1.5
                xs = [start, (start + end) / 2, end] if entry.span else [start + 2.0]
                self.line(xs, [y] * len(xs), markevery=[len(xs) // 2], **entry.line)
                self.text(start + _handle_mm(entry), y, entry.label, va="center_baseline", fontsize=TEXT_PT)


def open_page(words: Words, content_mm: float) -> Page:
    """A page with its words, and room for contents of the given height."""
    title = wrap(words.title, INNER_MM - (_DRAFT_MM if words.draft else 0), TITLE_PT, bold=True)
    subtitle = wrap(words.subtitle, INNER_MM, TEXT_PT)
    notes = [line for note in words.notes for line in wrap(note, INNER_MM, NOTE_PT)]
    title_mm, note_mm = 1.25 * TITLE_PT * MM_PER_PT, 1.3 * NOTE_PT * MM_PER_PT
    top = MARGIN_MM + len(title) * title_mm + len(subtitle) * LINE_MM + 2.5
    foot = MARGIN_MM + len(notes) * note_mm + 1.5
    height = top + content_mm + foot
    page = Page(Figure(figsize=(WIDTH_MM / 25.4, height / 25.4)), height, top)
    page.figure.set_label(words.title)
    for index, line in enumerate(title):
        page.text(MARGIN_MM, MARGIN_MM + index * title_mm, line, fontsize=TITLE_PT, fontweight="bold")
    for index, line in enumerate(subtitle):
        page.text(MARGIN_MM, MARGIN_MM + len(title) * title_mm + 0.8 + index * LINE_MM, line, color=SOFT)
    page.line([MARGIN_MM, WIDTH_MM - MARGIN_MM], [height - foot] * 2, color=FAINT, linewidth=0.5)
    for index, line in enumerate(notes):
        page.text(MARGIN_MM, height - foot + 1.5 + index * note_mm, line, fontsize=NOTE_PT, color=SOFT)
    if words.draft:
        page.text(
            WIDTH_MM - MARGIN_MM - 1.2,
            MARGIN_MM + 0.9,
            DRAFT_MARK,
            ha="right",
            fontsize=NOTE_PT + 1,
            fontweight="bold",
            color=INK,
            bbox={"boxstyle": "square,pad=0.35", "facecolor": "white", "edgecolor": INK, "linewidth": 0.9},
        )
    return page


def words_only_page(words: Words, message: str) -> Figure:
    """A figure that says in words why there is nothing to draw."""
    lines = wrap(message, INNER_MM - 30, TEXT_PT)
    content = 30 + len(lines) * LINE_MM
    page = open_page(words, content)
    for index, line in enumerate(lines):
        page.text(WIDTH_MM / 2, page.top_mm + 15 + index * LINE_MM, line, ha="center")
    return page.figure


def exhibit_notes(spec: DisplaySpec, population: str, method: str) -> list[str]:
    """The words that stand under every exhibit."""
    extract = "" if spec.extract_date is None else f" (extract of {spec.extract_date.isoformat()})"
    return [
        f"{spec.session}  |  {spec.title}",
        f"{spec.cutoff_text}{extract}  |  Population: {population}",
        method,
    ]


def key_rows(entries: Iterable[KeyEntry], width_mm: float) -> list[list[tuple[float, KeyEntry]]]:
    """Entries with their distance from the left, in as many rows as the width needs."""
    rows: list[list[tuple[float, KeyEntry]]] = []
    x = width_mm
    for entry in entries:
        needed = _handle_mm(entry) + text_width_mm(entry.label, TEXT_PT)
        if not rows or x + needed > width_mm:
            rows.append([])
            x = 0.0
        rows[-1].append((x, entry))
        x += needed + 5.0
    return rows


def _handle_mm(entry: KeyEntry) -> float:
    return _HANDLE_MM if entry.span else 4.5


def wrap(words: str, width_mm: float, size_pt: float, *, bold: bool = False) -> list[str]:
    """Lines that fit the width; a single word that is too long stays whole. New lines in the words are kept."""
    lines: list[str] = []
    for paragraph in words.splitlines():
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width_mm(longer, size_pt, bold=bold) > width_mm:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def text_width_mm(words: str, size_pt: float, *, bold: bool = False) -> float:
    """Width of one line of text: the advances of its letters, pairs that are set closer not counted."""
    return sum(_advance_per_pt(letter, bold) for letter in words) * size_pt * MM_PER_PT


@functools.cache
def _advance_per_pt(letter: str, bold: bool) -> float:
    glyph = _font(bold).load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / _MEASURED_PT


@functools.cache
def _font(bold: bool) -> FT2Font:
    # A font object of our own: those of the renderers are shared and change size under way.
    font = FT2Font(font_folder() / FONT_FILES[700 if bold else 400])
    font.set_size(_MEASURED_PT, 72)
    return font


def spread(places: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Places moved as little as possible (least squares) so that things of these sizes do not touch; order is kept.

    Labels of neighbouring ticks or lines are set apart with it. Centres stay within low..high; where that range is too
    small, the things come closer together.
    """
    if not places:
        return []
    order = sorted(range(len(places)), key=lambda index: places[index])
    gaps = [(sizes[left] + sizes[right]) / 2 for left, right in itertools.pairwise(order)]
    offsets = list(itertools.accumulate(gaps, initial=0.0))
    squeeze = min(1.0, (high - low) / offsets[-1]) if offsets[-1] else 1.0
    offsets = [offset * squeeze for offset in offsets]
    # Pool-adjacent-violators on the places less their offsets: (sum, size) of each pool.
    pools: list[tuple[float, int]] = []
    for index, offset in zip(order, offsets, strict=True):
        total, size = places[index] - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / size:
            total, size = total + pools[-1][0], size + pools[-1][1]
            pools.pop()
        pools.append((total, size))
    shared = [total / size for total, size in pools for _ in range(size)]
    moved = [0.0] * len(places)
    for index, offset, place in zip(order, offsets, shared, strict=True):
        moved[index] = min(max(place, low), high - offsets[-1]) + offset
    return moved


def every_nth(needed_mm: float, spacing_mm: float) -> int:
    """Which ticks can be labelled without touching: 1 all of them, 2 every second, ..."""
    step = 1
    while step * spacing_mm < needed_mm:
        step += 1
    return step


def in_words(text: str) -> str:
    """Configuration text as it is printed."""
    return text.replace("/uL", "/µL").replace(">=", "≥").replace("<=", "≤")
