"""Result cells as written: numbers under the declared locale, comparators, words. Nothing is inferred."""

import re
import unicodedata

import polars as pl

from immrecon.config.dialect import Numbers, Words
from immrecon.ingest.patterns import matches_whole

UNREADABLE = "unreadable"
NEGATIVE = "negative"
_COMPARATORS = {"≤": "<=", "⩽": "<=", "=<": "<=", "≥": ">=", "⩾": ">=", "=>": ">=", "": "=", "=": "="}
_DIGITS = "[0-9]"


def parse_results(text: pl.Series, numbers: Numbers, words: Words) -> pl.DataFrame:
    """Result cells, row by row; blank or null text gives nulls throughout.

    Returns columns: `comparator` (=, <, <=, >, >=); `mantissa` (String, plain decimal) and `exponent` (Int64) of the
    number, so that no digit is lost before the unit is known; `word` ('below limit' or 'not done') and `reason` for a
    declared word; `problem` ('unreadable' or 'negative'); `rounded` (Boolean: written with fewer digits than the
    number has, as in 1.8E+02).
    """
    name = "text"
    frame = text.cast(pl.String).str.strip_chars().alias(name).to_frame()
    distinct = frame.unique(maintain_order=True).filter(pl.col(name) != "")
    parsed = distinct.with_columns(_number(pl.col(name), numbers))
    is_number = pl.col("mantissa").is_not_null()
    # A number is a number, whatever a declared pattern matches.
    parsed = parsed.join(_words(parsed.filter(~is_number)[name], words), on=name, how="left", maintain_order="left")
    problem = (
        pl.when(~is_number & pl.col("word").is_null())
        .then(pl.lit(UNREADABLE))
        .when(is_number & pl.col("mantissa").str.starts_with("-"))
        .then(pl.lit(NEGATIVE))
    )
    joined = frame.join(parsed.with_columns(problem=problem), on=name, how="left", maintain_order="left")
    return joined.select("comparator", "mantissa", "exponent", "word", "reason", "problem", "rounded")


def scaled(mantissa: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """The number as Float64: the decimal is shifted as text, so 0.05 x10^9/L is exactly 50.0 per uL."""
    return pl.format("{}e{}", mantissa, exponent).cast(pl.Float64, strict=False)


def number_pattern(numbers: Numbers) -> str:
    """The regular expression of a number in this locale, with its named groups."""
    # No group of thousands begins with a zero: "0.005" beside a declared "." is a number in another locale.
    groups = [f"[1-9]{_DIGITS}{{0,2}}(?:{re.escape(sign)}{_DIGITS}{{3}})+" for sign in numbers.thousands]
    whole = "|".join([*groups, f"{_DIGITS}{{1,15}}"])
    decimal = "[" + "".join(re.escape(sign) for sign in numbers.decimal) + "]"
    flags = "|".join(re.escape(flag) for flag in sorted(numbers.flags, key=lambda flag: (-len(flag), flag)))
    trailing = rf"(?:\s*(?:{flags})){{0,3}}" if flags else ""
    return (
        r"^(?P<comparator><=|>=|=<|=>|<|>|≤|≥|⩽|⩾|=)?\s*\^?\s*(?P<sign>-)?"
        rf"(?:(?P<whole>{whole})(?:{decimal}(?P<fraction>{_DIGITS}{{1,20}}))?|{decimal}(?P<bare>{_DIGITS}{{1,20}}))"
        rf"(?:[eE](?P<exponent>[+-]?{_DIGITS}{{1,2}}))?{trailing}$"
    )


def _number(text: pl.Expr, numbers: Numbers) -> list[pl.Expr]:
    groups = text.str.extract_groups(number_pattern(numbers))

    def group(name: str) -> pl.Expr:
        return groups.struct.field(name).fill_null("")

    matched = text.str.contains(number_pattern(numbers))
    whole = group("whole").str.replace_all(r"[^0-9]", "")
    fraction = group("fraction") + group("bare")
    mantissa = group("sign") + pl.when(whole == "").then(pl.lit("0")).otherwise(whole) + "." + fraction + "0"
    exponent = group("exponent").str.strip_prefix("+").cast(pl.Int64, strict=False).fill_null(0)
    comparator = group("comparator").replace(_COMPARATORS)
    return [
        pl.when(matched).then(comparator).alias("comparator"),
        pl.when(matched).then(mantissa).alias("mantissa"),
        pl.when(matched).then(exponent).alias("exponent"),
        (matched & (exponent > fraction.str.len_chars())).fill_null(False).alias("rounded"),
    ]


def _usual(text: str) -> str:
    """Composed accents, and one blank for any run of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _closed(text: str) -> str:
    """A word for below the limit, of which neither case nor blanks matter: "< LLOQ"."""
    return _usual(text).replace(" ", "").casefold()


def _forms(distinct: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Each text as `_usual` and as `_closed` write it. Of signs of ASCII without blanks that is the text itself."""
    odd = distinct.str.contains("[^!-~]")
    texts = distinct.filter(odd).to_list()
    place = pl.select(pl.when(odd).then(odd.cum_sum().cast(pl.Int64) - 1)).to_series()

    def filled(written: list[str], otherwise: pl.Series) -> pl.Series:
        return pl.Series(written, dtype=pl.String).gather(place).zip_with(odd, otherwise)

    usual = filled([_usual(text) for text in texts], distinct)
    return usual, filled([_closed(text) for text in texts], distinct.str.to_lowercase())


def _words(distinct: pl.Series, words: Words) -> pl.DataFrame:
    """The declared word that each text is, if any: columns text, word, reason."""
    below = {_closed(word) for word in words.below_limit}
    usual, closed = _forms(distinct)
    is_below = closed.is_in(list(below))
    reason = pl.lit(None, dtype=pl.String)
    for declared in reversed(words.not_done):
        matched = matches_whole(distinct, declared.matches, ignore_case=True)
        matched |= matches_whole(usual, declared.matches, ignore_case=True)
        reason = pl.when(matched).then(pl.lit(declared.reason)).otherwise(reason)
    return (
        distinct.to_frame("text")
        .with_columns(reason=pl.when(~is_below).then(reason))
        .select(
            "text",
            pl.when(is_below)
            .then(pl.lit("below limit"))
            .when(pl.col("reason").is_not_null())
            .then(pl.lit("not done"))
            .alias("word"),
            "reason",
        )
    )
