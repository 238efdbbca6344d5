"""The one typeface of all figures, which comes with matplotlib: its name, its files and what stands in for it."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

FONT = "DejaVu Sans"
STAND_INS = "Verdana, sans-serif"
"""Where a drawing is opened without it: Verdana has about the same widths."""

FONT_FILES = {400: "DejaVuSans.ttf", 700: "DejaVuSans-Bold.ttf"}
"""By weight."""


def font_folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def font_faces(letters: Iterable[str]) -> str:
    """Style rules that bring the typeface along, in both weights and with these letters only."""
    from fontTools import subset

    wanted = sorted(map(ord, set(letters)))
    faces = []
    for weight, file in FONT_FILES.items():
        # Nothing compressed: the same bytes whatever compresses on a machine.
        options = subset.Options(
            layout_features=[], bidi_closure=False, hinting=False, notdef_outline=True, name_IDs=[]
        )
        options.drop_tables += ["FFTM"]
        font = subset.load_font(str(font_folder() / file), options, lazy=True)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        written = io.BytesIO()
        font.save(written)
        data = base64.b64encode(written.getvalue()).decode()
        faces.append(
            f"@font-face {{ font-family: '{FONT}'; font-weight: {weight}; "
            f"src: url(data:font/ttf;base64,{data}) format('truetype'); }}"
        )
    return "\n".join(faces)
