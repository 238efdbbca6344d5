"""The listing that a person answers: one line per query, in words, without what the reader's file must not repeat."""

import re
from collections.abc import Mapping
from hashlib import sha256
from unicodedata import normalize

import polars as pl

from immrecon.queries.rules import rule_of
from immrecon.vocabulary import FILES, Privacy, QueryStatus

UNKNOWN_SITE = "unknown site"
NO_SITE = "files not used"
"""In place of the site of a query on a file that nothing is read from: whose it is cannot be known."""
SEE_FILE = "(see the file)"
LONGEST = 2000
"""Longer texts are shortened: a spreadsheet cell holds no more than 32,767 characters."""

COLUMNS = (
    "id",
    "status",
    "severity",
    "rule",
    "participant",
    "site",
    "lab or domain",
    "file",
    "sheet",
    "row",
    "column",
    "original text",
    "what was found",
    "what was expected",
    "what was done",
    "hint",
)

# Control characters, and those that turn or hide the text around them, are written out.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")


def listing(log: pl.DataFrame) -> pl.DataFrame:
    """The columns of COLUMNS, all text but `row`: queries of this cut by file and row, then the resolved ones."""
    pairs = log.select("QUKIND", "QUSEV").unique(maintain_order=True).rows()
    rules = [rule_of(*pair) for pair in pairs]
    words = pl.DataFrame(
        [(*pair, rule.name, rule.expected, rule.done) for pair, rule in zip(pairs, rules, strict=True)],
        schema=dict.fromkeys(["QUKIND", "QUSEV", "RULE", "EXPECTED", "DONE"], pl.String),
        orient="row",
    )  # fmt: skip
    resolved = pl.col("QUSTAT") == QueryStatus.RESOLVED.value
    hidden = (pl.col("QUPRIV") == Privacy.ALL.value) & pl.col("QUVAL").is_not_null()
    of_no_site = pl.when(pl.col("QUDOM") == FILES).then(pl.lit(NO_SITE))
    several = pl.col("QUNCELL") > 1
    done = pl.when(several).then(pl.format("{} results: {}", "QUNCELL", pl.col("DONE"))).otherwise("DONE")
    order = ["SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "QUKIND", "QUID"]
    shown = (
        log.join(words, on=["QUKIND", "QUSEV"], how="left", maintain_order="left")
        .sort(resolved, *order)
        .select(
            pl.col("QUID").alias("id"),
            pl.col("QUSTAT").alias("status"),
            pl.col("QUSEV").alias("severity"),
            pl.col("RULE").alias("rule"),
            pl.col("USUBJID").alias("participant"),
            pl.when(~resolved).then(pl.coalesce("SITEID", of_no_site, pl.lit(UNKNOWN_SITE))).alias("site"),
            pl.coalesce("LBNAM", "QUDOM").alias("lab or domain"),
            pl.col("SRCFILE").alias("file"),
            pl.col("SRCSHEET").alias("sheet"),
            pl.col("SRCROW").alias("row"),
            pl.col("SRCCOL").alias("column"),
            pl.when(hidden).then(pl.lit(SEE_FILE)).otherwise("QUVAL").alias("original text"),
            pl.when(pl.col("QUPRIV") != Privacy.NO.value).then("RULE").otherwise("QUMSG").alias("what was found"),
            pl.when(~resolved).then("EXPECTED").alias("what was expected"),
            pl.when(~resolved).then(done).alias("what was done"),
            pl.col("QUHINT").alias("hint"),
        )
    )
    texts = [name for name in COLUMNS if name != "row"]
    return shown.with_columns(pl.col(texts).fill_null("").map_elements(visible, return_dtype=pl.String))


def visible(text: str) -> str:
    """The text on one line, of bounded length, with every character that cannot be seen written out."""
    shown = _INVISIBLE.sub(_written_out, text[: LONGEST + 1])
    return f"{shown[:LONGEST]}…" if len(text) > LONGEST else shown


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else f"<U+{code:04X}>"


def open_queries(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("status") != QueryStatus.RESOLVED.value)


def sites(lines: pl.DataFrame) -> list[str]:
    """Sites with a query of this cut in order, then the unknown one and the files not used."""
    named = set(open_queries(lines)["site"].to_list())
    last = (UNKNOWN_SITE, NO_SITE)
    return [*sorted(named - set(last)), *(name for name in last if name in named)]


def site_names(names: list[str], longest: int) -> Mapping[str, str]:
    """A name for files and sheets of each site: lower case letters, digits and hyphens, each of its own.

    A site whose name is changed by this to that of another one gets a digest behind it.
    """
    slugs = {name: _slug(name) for name in names}
    taken = list(slugs.values())
    return {
        name: f"{slug[:longest]}-{sha256(name.encode()).hexdigest()[:6]}"
        if not slug or len(slug) > longest or taken.count(slug) > 1
        else slug
        for name, slug in slugs.items()
    }


def _slug(name: str) -> str:
    if name in (UNKNOWN_SITE, NO_SITE):
        return name.replace(" ", "-")
    ascii_only = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    return f"site-{letters}" if letters else "site"
