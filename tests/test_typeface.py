"""The typeface that figures are set in, and that the report brings along."""

import base64
import io
import re

from fontTools.ttLib import TTFont

from immrecon.typeface import FONT_FILES, font_faces, font_folder


def faces(letters: str) -> dict[int, TTFont]:
    found = re.findall(r"font-weight: (\d+); src: url\(data:font/ttf;base64,([^)]+)\)", font_faces(letters))
    return {int(weight): TTFont(io.BytesIO(base64.b64decode(data))) for weight, data in found}


def test_both_weights_come_along_with_the_letters_and_no_others() -> None:
    fonts = faces("CD4 ≥ 50 /µL")
    assert set(fonts) == {400, 700}
    for font in fonts.values():
        assert set(font.getBestCmap()) == set(map(ord, "CD4 ≥ 50 /µL"))


def test_letters_are_as_wide_as_in_the_whole_font() -> None:
    for weight, font in faces("Wim").items():
        whole = TTFont(font_folder() / FONT_FILES[weight])
        for letter in map(ord, "Wim"):
            widths = [part["hmtx"][part.getBestCmap()[letter]][0] for part in (font, whole)]
            assert widths[0] == widths[1]


def test_the_order_of_letters_does_not_matter_and_a_letter_the_font_lacks_is_left_out() -> None:
    assert font_faces("abca") == font_faces(iter("cba"))
    assert set(faces("a\U0010fffd")[400].getBestCmap()) == {ord("a")}
