"""The one look of every figure, and how a figure becomes files with the same bytes each time.

Colours are those of Okabe & Ito (2008), which people with colour-blindness tell apart; every group also has a dash and
a marker of its own, so that a figure reads in grey. Type sizes are for a page of 180 mm and stay readable at 85 mm.
"""

import functools
import io
import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib.style
import typst
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import atomic_path
from immrecon.typeface import FONT, STAND_INS, font_folder
from immrecon.vocabulary import POOLED

TITLE_PT, TEXT_PT, NOTE_PT = 13.0, 10.0, 8.0
LONGEST_LABEL = 52  # letters of a group's label that headings and keys have room for on one line
INK, SOFT, FAINT = "#1a1a1a", "#5a5a5a", "#b8b8b8"

Dash = str | tuple[float, tuple[float, ...]]

_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
_DASHES: list[Dash] = ["solid", (0, (5, 1.6)), (0, (1.4, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2))]
_MARKERS = ["o", "s", "D", "^", "P", "X", "v"]

_RC: dict[Any, Any] = {
    "font.family": [FONT],
    "font.size": TEXT_PT,
    "text.color": INK,
    "text.parse_math": False,  # labels are data: a "$" in one is a dollar sign
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT_PT,
    "axes.labelpad": 3.0,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": TEXT_PT,
    "ytick.labelsize": TEXT_PT,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
    "svg.fonttype": "none",  # letters stay text, which can be searched, copied and edited
    "svg.hashsalt": "immrecon",
}

_TYPEFACE = re.compile(rf"<text style=\"[^\"]*font-family: '{FONT}'")

# The page that PDF and PNG are made of: the drawing as it is, its title for those who read the file by ear or by name.
_PAGE = b"""
#let title = sys.inputs.at("title", default: none)
#set document(title: title, date: none)
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", alt: title)
"""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class GroupStyle:
    """How one group is drawn, in every figure alike."""

    code: str
    label: str
    colour: str
    dash: Dash
    marker: str
    width_pt: float = 1.9

    @property
    def ink(self) -> str:
        """The colour for words: dark enough to be read on white."""
        red, green, blue = to_rgb(self.colour)
        return to_hex((0.72 * red, 0.72 * green, 0.72 * blue))


POOLED_STYLE = GroupStyle(POOLED, "All participants", "#404040", "solid", "o", width_pt=0.9)


def style() -> AbstractContextManager[None]:
    """Settings to draw and to save under; a user's own matplotlibrc has no say."""
    return matplotlib.style.context(["default", _RC])


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """The function, run under `style()`."""

    @functools.wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return draw(*args, **kwargs)

    return run


def group_styles(spec: DisplaySpec, present: Collection[str], first: int = 0) -> list[GroupStyle]:
    """Every declared group in its order, then groups that only the results name, so that nobody is dropped.

    `first` is the place of the first style: what is not a group does not look like one.
    """
    labels = {group.code: group.label for group in spec.groups}
    labels |= {code: code or "Group not recorded" for code in sorted(set(present) - {POOLED, *labels})}
    return [
        GroupStyle(
            code,
            textwrap.shorten(label, LONGEST_LABEL, placeholder=" …"),
            _COLOURS[index % len(_COLOURS)],
            _DASHES[index % len(_DASHES)],
            _MARKERS[index % len(_MARKERS)],
        )
        for index, (code, label) in enumerate(labels.items(), start=first)
    ]


def lighter(colour: str, share_of_white: float) -> str:
    """The colour mixed with white: what transparency would look like, without it."""
    red, green, blue = (channel + (1 - channel) * share_of_white for channel in to_rgb(colour))
    return to_hex((red, green, blue))


def save_figure(figure: Figure, base_path_without_suffix: str | Path, png_per_inch: int) -> None:
    """Write `<base>.svg`, `<base>.pdf` and `<base>.png`, each atomically; the same figure gives the same bytes.

    matplotlib draws once, as SVG; the others are made from that drawing. Letters are text; PDF carries their font.
    """
    base = Path(base_path_without_suffix)
    title = str(figure.get_label())
    drawing = io.BytesIO()
    with style():
        figure.savefig(drawing, format="svg", metadata={"Date": None} | ({"Title": title} if title else {}))
    svg = _TYPEFACE.sub(rf"\g<0>, {STAND_INS}", drawing.getvalue().decode())
    page = {"svg": svg} | ({"title": title} if title else {})
    made = _compiler().compile
    contents = {
        "svg": svg.encode(),
        "pdf": made(_PAGE, format="pdf", sys_inputs=page),
        "png": made(_PAGE, format="png", ppi=png_per_inch, sys_inputs=page),
    }
    for suffix, content in contents.items():
        assert isinstance(content, bytes), "one page, and no file named to write it to"
        with atomic_path(base.parent / f"{base.name}.{suffix}") as temporary:
            temporary.write_bytes(content)


@functools.cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_folder()])
    return typst.Compiler(_PAGE, font_paths=fonts)


def save_figures(figures: Mapping[str, Figure], outputs: Sequence[str | Path], png_per_inch: int) -> None:
    """Write every figure under its stem in the one folder of the declared outputs."""
    folder = Path(outputs[0]).parent
    for stem, figure in figures.items():
        save_figure(figure, folder / stem, png_per_inch)
