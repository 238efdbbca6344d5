"""What can be read off a figure: its words and where they stand."""

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from immrecon.figures.style import style


def words_of(figure: Figure) -> list[str]:
    """Every word written on the page, tick labels apart."""
    written = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in written]


def page_text(figure: Figure) -> str:
    """All lines of the page as running text: what was wrapped is joined."""
    return " ".join(words_of(figure))


def mm(figure: Figure, text: Text) -> tuple[float, float]:
    """Anchor of a page text in mm from the left and the top."""
    x, y = text.get_position()
    width, height = figure.get_size_inches() * 25.4
    return x * width, (1 - y) * height


def is_centred(text: Text) -> bool:
    return bool(text.get_horizontalalignment() == "center")


def line_points(line: Line2D) -> NDArray[np.float64]:
    """Vertices, shape (n, 2)."""
    return np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float)


def lines_with(axes: Axes, *, marker: str | None = None, colour: str | None = None) -> list[Line2D]:
    """Lines of the axes with a marker, or of a colour, that have at least one point."""
    return [
        line
        for line in axes.lines
        if (marker is None or line.get_marker() == marker)
        and (colour is None or line.get_color() == colour)
        and len(line_points(line))
    ]


def layout_faults(figure: Figure) -> list[str]:
    """Words that run off the page or touch other words (by more than a hair)."""
    with style():
        canvas = FigureCanvasAgg(figure)
        renderer: Any = canvas.get_renderer()  # type: ignore[no-untyped-call]
        figure.draw(renderer)
        shown: list[tuple[str, Bbox]] = []
        for text in _drawn_texts(figure):
            if text.get_visible() and text.get_text().strip():
                shown.append((text.get_text(), text.get_window_extent(renderer)))
    page = figure.bbox
    faults = [
        f"{words!r} runs off the page"
        for words, box in shown
        if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]
    for (first, a), (second, b) in itertools.combinations(shown, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Boxes reach from the highest to the lowest letter of the font: lines set solid overlap by a little.
        if width > 0.5 and height > 0.35 * min(a.height, b.height):
            faults.append(f"{first!r} and {second!r} overlap")
    return faults


def _drawn_texts(figure: Figure) -> list[Text]:
    """Words of the page, of the axes, and of their ticks within view (ticks beyond it exist, but are not drawn)."""
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        texts += [axis.label, *(tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)]
    return texts
