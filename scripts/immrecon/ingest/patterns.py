"""Declared regular expressions, matched by polars: its engine needs time in proportion to the text, whatever they say.

An engine that backtracks takes longer than anyone waits for some patterns, `(a+)+` among them, on a cell of fifty
letters. `immrecon.config.source_format` refuses what such engines alone can do.
"""

from collections.abc import Iterable

import polars as pl

from immrecon.errors import ConfigError


def matches_whole(text: pl.Series, pattern: str, *, ignore_case: bool = False) -> pl.Series:
    """Whether the pattern matches each text from its beginning to its end; null where there is no text."""
    return text.str.contains(whole(pattern, ignore_case=ignore_case))


def found_in(text: pl.Series, pattern: str, *, ignore_case: bool = False) -> pl.Series:
    """Whether the pattern matches anywhere in each text; null where there is no text."""
    return text.str.contains(_flagged(pattern, ignore_case))


def named_groups(text: pl.Series, pattern: str, *, ignore_case: bool = False) -> list[dict[str, str | None]]:
    """The groups of a pattern that matches the whole text, by name; null where it does not or a group takes no part."""
    groups = pl.col("text").str.extract_groups(whole(pattern, ignore_case=ignore_case))
    return text.to_frame("text").select(groups).to_series().to_list()


def check_patterns(patterns: Iterable[tuple[str, str]]) -> None:
    """Raise ConfigError where a pattern cannot be matched; each comes with where it was declared."""
    for where, pattern in patterns:
        try:
            pl.Series([""]).str.contains(whole(pattern, ignore_case=True))
        except pl.exceptions.ComputeError as error:
            reason = _reason(str(error))
            raise ConfigError(
                f'{where}: the pattern "{pattern}" cannot be matched: {reason}. Expected the syntax of the Rust crate '
                '"regex". Hint: put a backslash before signs that stand for themselves, and keep repetitions small.'
            ) from None


def whole(pattern: str, *, ignore_case: bool = False) -> str:
    """The pattern, to match a text from its beginning to its end."""
    return _flagged(f"^(?:{pattern})$", ignore_case)


def _flagged(pattern: str, ignore_case: bool) -> str:
    return f"(?i){pattern}" if ignore_case else pattern


def _reason(message: str) -> str:
    """The line that says why, of the several that point at the place."""
    said = message.split("This error occurred", maxsplit=1)[0].strip().splitlines()
    return said[-1].removeprefix("error: ").removeprefix("regex error: ").rstrip(".")
