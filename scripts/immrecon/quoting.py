"""Text from files as received, made safe to print: one line, nothing that a terminal would obey, bounded length."""

import unicodedata

ELLIPSIS = "…"


def safe(text: str) -> str:
    """The text with every invisible or commanding character (controls, terminal escapes, direction marks, line
    breaks, no-break spaces, private use) written as its escape, e.g. a tab as ``\\t``.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def quoted(text: str, most: int = 60) -> str:
    """The text between quotes, shortened in the middle of nothing: its first `most` characters and an ellipsis."""
    cut = text if len(text) <= most else text[:most] + ELLIPSIS
    return f'"{safe(cut)}"'


def _shown(character: str) -> str:
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    return character.encode("unicode_escape").decode("ascii")
