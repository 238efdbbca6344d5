"""Participant numbers: what a declared rule makes of them, and what it leaves to a person."""

import polars as pl
import pytest

from immrecon.config.base import build
from immrecon.config.source_format import IdentityRule
from immrecon.errors import ConfigError
from immrecon.ingest.identity import identify

RULE = IdentityRule(pattern=r"(?:S101-)?(?P<site>\d{1,2})-(?P<number>\d{1,3})", template="S101-{site:0>2}-{number:0>3}")
KNOWN = ["S101-01-003", "S101-01-012", "S101-02-004", "S101-03-005"]


def made(text: str | None, rule: IdentityRule = RULE, known: list[str] | None = KNOWN) -> tuple[object, ...]:
    return identify(pl.Series([text], dtype=pl.String), rule, known).row(0)


@pytest.mark.parametrize("text", ["S101-01-003", "01-003", "1-3", " S101-1-3 "])
def test_declared_spellings_are_recognised(text: str) -> None:
    assert made(text) == ("S101-01-003", None, None)


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("S101-O1-003", "S101-01-003"),  # letter O
        ("S101-01-O12", "S101-01-012"),
        ("S101 02 004", "S101-02-004"),  # other separators
        ("S101-003-01", "S101-01-003"),  # parts swapped
        ("004", "S101-02-004"),  # site left out
        ("S10101003", "S101-01-003"),  # run together
        ("S101-02-004 donor", "S101-02-004"),  # a word added
        ("S101-01-003/S101-01-012", "S101-01-003 or S101-01-012"),
        ("S101-02-OO4", "S101-02-004"),
        ("Sl01-02-004", "S101-02-004"),  # a small L
        ("12,0", "S101-01-012"),  # decimals of a spreadsheet
        ("IPP 8004512233", None),
        ("M.D. 1962", None),
    ],
)
def test_undeclared_spellings_are_never_corrected(text: str, likely: str | None) -> None:
    assert made(text) == (None, "malformed", likely)


def test_a_well_formed_number_of_nobody() -> None:
    participant, problem, likely = made("S101-02-005")
    assert (participant, problem) == (None, "unknown")
    assert likely is not None
    assert "S101-03-005" in str(likely)


def test_a_full_width_digit_is_no_digit_of_ours() -> None:
    assert made("S101-02-00\uff14") == (None, "unknown", "S101-02-004")


def test_a_participant_of_another_site_is_foreign() -> None:
    paris = IdentityRule(pattern=r"S101-(?P<site>02)-(?P<number>\d{3})", template="S101-{site}-{number}")
    assert made("S101-03-005", paris) == (None, "foreign", "S101-02-004")


@pytest.mark.parametrize("text", ["", "   ", None])
def test_blank_is_blank(text: str | None) -> None:
    assert made(text) == (None, "blank", None)


def test_the_source_that_defines_participants_knows_no_unknown() -> None:
    assert made("9-9", known=None) == ("S101-09-009", None, None)


def test_rows_keep_their_order() -> None:
    texts = pl.Series(["01-003", "x", "01-003", "02-004"])
    assert identify(texts, RULE, KNOWN)["USUBJID"].to_list() == ["S101-01-003", None, "S101-01-003", "S101-02-004"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"pattern": "(", "template": "x"}, "not a regular expression"),
        ({"pattern": "a" * 201, "template": "x"}, "at most 200"),
        ({"pattern": r"(?P<n>\d)", "template": "{m}"}, "no group of the pattern"),
        ({"pattern": r"(?P<n>\d)", "template": "{n.__class__}"}, "no group of the pattern"),
        ({"pattern": r"(?P<n>\d)", "template": "{n!r}"}, "no group of the pattern"),
    ],
)
def test_rules_that_cannot_be_declared(content: dict[str, str], said: str, tmp_path) -> None:
    with pytest.raises(ConfigError, match=said):
        build(IdentityRule, content, tmp_path / "lab.yaml")
